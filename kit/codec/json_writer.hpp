#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include <kit/codec/json_reader.hpp>
#include <kit/result.hpp>

namespace kit::json {

/// How values are written. Plain data.
struct encode_options {
  /// In strings `<`, `>`, `&` and the line separators U+2028 and U+2029 are written as escapes, so
  /// that the text can stand inside HTML and JavaScript, as Go does.
  bool escape_html = false;
  /// Deepest nesting of arrays and objects; 0 to 1,000, what is above counts as 1,000. It bounds
  /// the use of the stack, and ends what points to itself.
  int max_depth = 200;
};

namespace detail {
struct encode_object;
struct writer_access;
}  // namespace detail

/// What codecs write values to. A codec writes exactly one value: by one of the writing functions,
/// which return false after a failure, which the codec passes on at once.
/// Lifetime: valid during the encode call only. Threads: one.
class writer {
 public:
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;

  const encode_options& options() const noexcept;

  [[nodiscard]] bool write_null();
  template <std::same_as<bool> B>
  [[nodiscard]] bool write(B v) {
    return write_bool(v);
  }
  template <integer I>
  [[nodiscard]] bool write(I v) {
    if constexpr (std::is_signed_v<I>) {
      return write_signed(v);
    } else {
      return write_unsigned(v);
    }
  }
  /// The shortest text that reads back as the same number. NaN and the infinities fail.
  [[nodiscard]] bool write(double v);
  [[nodiscard]] bool write(float v);
  /// Fails where the text isn't valid UTF-8.
  [[nodiscard]] bool write(std::string_view v);
  /// Anything else by its own codec.
  template <class T>
    requires(!std::convertible_to<const T&, std::string_view> && !std::is_arithmetic_v<T>)
  [[nodiscard]] bool write(const T& v) {
    return codec<T>::encode(*this, v);
  }
  /// A text that is valid JSON, which isn't checked. White space between its tokens is left out.
  [[nodiscard]] bool write_raw(std::string_view json);

  /// Writes an array: `f() -> bool` calls `element` for each of its elements.
  template <class F>
  [[nodiscard]] bool write_array(F&& f) {
    return write_container('[', call<std::remove_reference_t<F>>, address(f));
  }
  template <class T>
  [[nodiscard]] bool element(const T& v) {
    next_element();
    return codec<T>::encode(*this, v) || fail_in_element();
  }
  /// Writes an object: `f() -> bool` calls `member` for each of its members. That their names
  /// differ isn't checked.
  template <class F>
  [[nodiscard]] bool write_object(F&& f) {
    return write_container('{', call<std::remove_reference_t<F>>, address(f));
  }
  template <class T>
  [[nodiscard]] bool member(std::string_view name, const T& v) {
    return next_member(name) && (codec<T>::encode(*this, v) || fail_in_member(name));
  }

  /// Fails at the value: `<path>: <message>`. Always false.
  bool fail(std::string message);

 private:
  friend struct detail::writer_access;
  struct state;
  explicit writer(state& s) noexcept : s_(s) {}

  template <class F>
  static void* address(F& f) {
    return const_cast<void*>(static_cast<const void*>(std::addressof(f)));
  }
  template <class F>
  static bool call(void* f) {
    return (*static_cast<F*>(f))();
  }

  bool write_bool(bool v);
  bool write_signed(std::int64_t v);
  bool write_unsigned(std::uint64_t v);
  bool write_container(char open, bool (*f)(void*), void* context);
  void next_element();
  bool fail_in_element();
  bool next_member(std::string_view name);
  bool fail_in_member(std::string_view name);

  state& s_;
};

namespace detail {

using encode_function = bool (*)(writer&, const void*);

/// Keys that are copied as they are, in bytes: others are written like any string.
inline constexpr std::size_t longest_key = 48;

/// A field of an aggregate, for encoding.
struct encode_field {
  std::string_view name;
  /// `,"name":` in storage of a multiple of 16 bytes; empty where the name needs escapes.
  std::string_view key;
  encode_function encode;
  /// Whether the member is left out; null: it never is.
  bool (*omit)(const void*);
};

/// An aggregate, for encoding.
struct encode_object {
  const encode_field* fields;
  std::size_t count;
};

/// What templates of the codec call in the writer.
struct writer_access {
  /// Appends what `f(writer, object)` writes. On failure `out` is as it was.
  static result<void> run(std::string& out, const encode_options& options, encode_function f,
                          const void* object);
  /// `members` are the addresses of the object's members, in the order of `type.fields`.
  static bool write_object(writer& w, const encode_object& type, const void* const* members);
  static bool write_element(writer& w, encode_function f, const void* element);
};

}  // namespace detail
}  // namespace kit::json
