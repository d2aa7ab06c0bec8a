#pragma once

#include <cstddef>
#include <string_view>

// Names from the compiler's own text: the pretty name of a function template spells its arguments
// out, be they types, members or enumerators.

namespace kit::reflect::detail {

/// Text with storage of its own, so that the long pretty names don't end up in the binary.
template <std::size_t N>
struct stored_text {
  char data[N + 1] = {};
  std::size_t size = 0;

  constexpr void push(char c) { data[size++] = c; }
  constexpr std::string_view view() const { return {data, size}; }
};

/// An object that is never made: only the addresses of its members are used, at compile time.
template <class T>
union unmade {
  char none;
  T value;
  constexpr unmade() : none{} {}
  constexpr ~unmade() {}
};
template <class T>
inline constexpr unmade<T> example{};

template <auto Value>
consteval auto pretty_value() {
  return std::string_view(__PRETTY_FUNCTION__, sizeof(__PRETTY_FUNCTION__) - 1);
}
template <class T>
consteval auto pretty_type() {
  return std::string_view(__PRETTY_FUNCTION__, sizeof(__PRETTY_FUNCTION__) - 1);
}

struct probe {
  int probe_member;
};

/// What follows the member's name in `pretty_value<&member>`, in bytes.
inline constexpr std::size_t value_tail = [] {
  constexpr std::string_view text = pretty_value<&example<probe>.value.probe_member>();
  return text.size() - text.rfind("probe_member") - std::string_view("probe_member").size();
}();

constexpr bool is_identifier(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

/// The name of the member that `Address` points to.
template <auto Address>
consteval std::string_view member_name() {
  std::string_view text = pretty_value<Address>();
  text.remove_suffix(value_tail);
  std::size_t start = text.size();
  while (start > 0 && is_identifier(text[start - 1]))
    --start;
  return text.substr(start);
}

inline constexpr std::size_t type_head = pretty_type<double>().find("double");
inline constexpr std::size_t type_tail =
    pretty_type<double>().size() - type_head - std::string_view("double").size();

/// The name without its namespaces and enclosing classes; template arguments stay as they are.
constexpr std::string_view unqualified(std::string_view name) {
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i + 1 < name.size(); ++i) {
    const char c = name[i];
    if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
    if (c == '>' || c == ')' || c == '}' || c == ']') --depth;
    if (depth == 0 && c == ':' && name[i + 1] == ':') start = i + 2;
  }
  return name.substr(start);
}

template <class T>
consteval std::string_view full_type_name() {
  std::string_view text = pretty_type<T>();
  text.remove_prefix(type_head);
  text.remove_suffix(type_tail);
  return text;
}

template <class T>
consteval auto store_type_name() {
  constexpr std::string_view name = unqualified(full_type_name<T>());
  stored_text<name.size()> out;
  for (char c : name)
    out.push(c);
  return out;
}
template <class T>
inline constexpr auto stored_type_name = store_type_name<T>();

}  // namespace kit::reflect::detail

namespace kit::reflect {

/// The type's name without namespaces, as the compiler spells it. For a plain struct or enum it is
/// the name in the source; template arguments and library types differ between compilers.
template <class T>
constexpr std::string_view type_name() {
  return detail::stored_type_name<T>.view();
}

}  // namespace kit::reflect
