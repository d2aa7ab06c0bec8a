#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <kit/http/headers.hpp>
#include <transports/http/protocol_error.hpp>

namespace kit::http {

/// Finds the ends of lines in a stream that comes in pieces, so that no byte is looked at twice.
class line_reader {
 public:
  enum class state {
    complete,  ///< `line()` is there; CRLF follows it
    need_more,
    too_long,  ///< more than `limit` bytes, whatever comes
    malformed,
  };

  /// `in` starts where the line starts, each time, with all bytes of it that came so far. CRLF ends
  /// the line; any other control character but HTAB, and a CR or LF by itself, is malformed.
  /// What it answers depends on the bytes only, not on how they were split.
  state read(std::string_view in, std::size_t limit) noexcept;

  /// Without its CRLF; a view into what `read` was given.
  std::string_view line() const noexcept { return line_; }
  /// After `malformed`.
  std::string_view error() const noexcept { return error_; }

 private:
  std::size_t scanned_ = 0;
  std::string_view line_;
  std::string_view error_;
};

/// A parsed `name: value`. Views into the line.
struct field_line {
  http::field field = http::field::other;
  std::string_view text;      ///< the line without white space at its end
  std::size_t name_size = 0;  ///< `text` starts with the name
  std::size_t value_pos = 0;  ///< `text` ends with the value

  std::string_view name() const noexcept { return text.substr(0, name_size); }
  std::string_view value() const noexcept { return text.substr(value_pos); }
};

/// Parses a line that `line_reader` found (RFC 9112 5). Returns what is wrong, or null. Refused are
/// white space before the colon and obsolete line folding, too.
const char* parse_field_line(std::string_view line, field_line& out) noexcept;

}  // namespace kit::http
