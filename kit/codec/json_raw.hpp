#pragma once

#include <string>
#include <string_view>

#include <kit/codec/detail/json_access.hpp>
#include <kit/result.hpp>

namespace kit::json {

/// Any JSON value as its text, to be decoded later or passed on as it is. The text is known to be
/// valid. A value with cheap moves; `null` at first, and after it was moved from.
class raw {
 public:
  raw() = default;

  /// The text, less white space around it.
  /// Errors: `errc::invalid_argument` with the place where it isn't valid JSON, or past a limit.
  static result<raw> parse(const input& text, const decode_options& options = {});
  /// Any value that can be encoded.
  /// Errors: `errc::internal`, as `json::encode`.
  template <class T>
  static result<raw> from(const T& value, const encode_options& options = {}) {
    raw out;
    auto done = detail::writer_access::run(out.text_, options, &detail::encode_value<T>,
                                           std::addressof(value));
    if (!done) return fail(std::move(done).error());
    return out;
  }

  std::string_view text() const noexcept {
    return text_.empty() ? std::string_view("null") : std::string_view(text_);
  }
  kind type() const noexcept;

  /// Errors: as `json::decode`; offsets count from the start of this text.
  template <class T>
  result<T> as(const decode_options& options = {}) const {
    result<T> out(expected_ns::in_place, detail::initial<T>());
    auto done = detail::reader_access::run(text_.empty() ? input("null") : input(text_), options,
                                           &detail::decode_value<T>, std::addressof(*out));
    if (!done) return fail(std::move(done).error());
    return out;
  }

  /// Byte by byte: `1.0` and `1` differ.
  friend bool operator==(const raw& a, const raw& b) noexcept { return a.text() == b.text(); }

 private:
  friend struct codec<raw>;
  std::string text_;
};

template <>
struct codec<raw> {
  static constexpr bool overwrites = true;
  static bool decode(reader& r, raw& v);
  static bool encode(writer& w, const raw& v) { return w.write_raw(v.text()); }
  static bool is_empty(const raw& v) { return v.text() == "null"; }
};

}  // namespace kit::json
