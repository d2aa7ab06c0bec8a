#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/codec/text.hpp>
#include <kit/reflect.hpp>
#include <kit/result.hpp>

/// Structs as XML (1.0, UTF-8), for services that want it: written only.
///
///     struct person { std::string name; std::vector<std::string> mail; };
///     xml::encode(person{"Ann", {"a@x", "b@x"}})
///         // <person><name>Ann</name><mail>a@x</mail><mail>b@x</mail></person>
///
/// The root element is named after the type, the others after the fields; there are no attributes.
/// A vector repeats its field's element, an empty optional has none, a nested struct nests. Names
/// are as `reflect_traits` says, `skip` and `omit_empty` too. Source: Go's encoding/xml.
namespace kit::xml {

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = true;

void open(std::string& out, std::string_view name);
void close(std::string& out, std::string_view name);
/// False, with `problem` set, for what XML cannot hold: most control characters.
bool append_text(std::string& out, std::string_view text, std::string& problem);

template <class T>
bool append(std::string& out, std::string_view name, const T& value, bool omit_empty,
            std::string& problem) {
  if constexpr (is_optional<T>) {
    return !value || append(out, name, *value, false, problem);
  } else if constexpr (is_vector<T>) {
    for (const auto& item : value) {
      if (!append(out, name, static_cast<const typename T::value_type&>(item), false, problem)) {
        return false;
      }
    }
    return true;
  } else if constexpr (text::scalar<T>) {
    if (omit_empty && value == T{}) return true;
    std::string plain;
    if (!text::append(plain, value, problem)) return false;
    open(out, name);
    if (!append_text(out, plain, problem)) return false;
    close(out, name);
    return true;
  } else {
    static_assert(reflect::aggregate<T>,
                  "XML has scalars, optionals, vectors and structs; see <kit/codec/xml.hpp>");
    open(out, name);
    bool fine = true;
    reflect::for_each_field(value, [&](auto field, const auto& member) {
      if (!fine || field.info.skip) return;
      fine = append(out, field.name(), member, field.info.omit_empty, problem);
      if (!fine && problem.find("field ") != 0) {
        problem = "field \"" + std::string(field.name()) + "\": " + problem;
      }
    });
    close(out, name);
    return fine;
  }
}

}  // namespace detail

/// Errors: `errc::internal`, naming the field, for a text that XML cannot hold, and a value that
/// has no text (see `kit/codec/text.hpp`).
template <reflect::aggregate T>
result<std::string> encode(const T& value) {
  std::string out;
  std::string problem;
  if (!detail::append(out, reflect::type_name<T>(), value, false, problem)) {
    return fail(errc::internal, "XML: " + problem);
  }
  return out;
}

}  // namespace kit::xml
