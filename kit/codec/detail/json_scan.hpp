#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <kit/codec/json_reader.hpp>

/// The parts of JSON's grammar (RFC 8259) that need no parser: internal to the codec.
namespace kit::json::detail {

/// Bytes behind a text that may be read, whatever they hold, so that scanning needs no check for
/// the end of it. At least simdjson's own padding.
inline constexpr std::size_t padding = 64;

/// A copy of a text with `padding` bytes behind it. The buffer is used again.
class padded_copy {
 public:
  std::string_view assign(std::string_view text);
  /// Gives a buffer of more than `most` bytes back.
  void shrink(std::size_t most) noexcept;

 private:
  std::unique_ptr<char[]> buffer_;
  std::size_t size_ = 0;
};

constexpr kind kind_of(char c) noexcept {
  switch (c) {
    case '{':
      return kind::object;
    case '[':
      return kind::array;
    case '"':
      return kind::string;
    case 'n':
      return kind::null;
    case 't':
    case 'f':
      return kind::boolean;
    case '-':
      return kind::number;
    default:
      return c >= '0' && c <= '9' ? kind::number : kind::invalid;
  }
}
inline constexpr std::array<const char*, 7> kind_names{"null",  "boolean", "number", "string",
                                                       "array", "object",  "no JSON"};

/// `p` is just behind an opening quote that is known to be closed. Returns the closing quote and
/// sets `escaped` if a backslash stands before it. Reads up to 15 bytes further.
const char* string_end(const char* p, bool& escaped) noexcept;

/// Appends the unescaped content of [p, end), `end` being the closing quote. Returns null, or the
/// backslash of an invalid escape; a lone surrogate is one.
const char* unescape(const char* p, const char* end, std::string& out);

/// The end of the number at `p`; null if it's none by the grammar, or continues with a letter.
/// Sets `integer` if it has neither fraction nor exponent.
const char* number_end(const char* p, const char* end, bool& integer) noexcept;

/// The number of bytes of the valid UTF-8 sequence at `p`; 0: there is none.
std::size_t utf8_length(const char* p, const char* end) noexcept;

/// The first byte that isn't part of a valid UTF-8 sequence; null: all is valid.
const char* find_invalid_utf8(std::string_view text) noexcept;

inline bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Adds `.name` or `["odd name"]` in front of a path. Long names are cut.
void prepend_name(std::string& path, std::string_view name);
void prepend_index(std::string& path, std::size_t index);

/// The name in quotes, without control characters, cut to what a message can bear.
std::string quoted(std::string_view name);

/// The start of a token, for a message.
std::string shortened(std::string_view token);

/// Where and how a text fails to be JSON.
struct problem {
  std::string path = {};  // without the leading `$`
  std::string what = {};
  std::size_t offset = 0;
};

/// Checks the whole text, byte by byte: slower than a parser, but it knows the place.
/// Nesting deeper than `max_depth` is a problem.
std::optional<problem> find_problem(std::string_view text, int max_depth);

}  // namespace kit::json::detail
