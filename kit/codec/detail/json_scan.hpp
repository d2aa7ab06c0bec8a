#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <kit/codec/json_reader.hpp>
#include <kit/detail/utf8.hpp>

/// The parts of JSON's grammar (RFC 8259) that need no parser: internal to the codec.
namespace kit::json::detail {

/// Bytes behind a text that may be read, whatever they hold, so that scanning needs no check for
/// the end of it. At least simdjson's own padding.
inline constexpr std::size_t padding = 64;

/// More nesting than this is not for the stack.
inline constexpr int deepest = 1000;
constexpr int clamped_depth(int depth) noexcept {
  return std::clamp(depth, 0, deepest);
}

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

/// `p` is just behind the opening quote of a string that is known to be right but for its escapes.
/// Returns the closing quote and sets `escaped` if a backslash stands before it.
const char* string_end(const char* p, bool& escaped) noexcept;

/// The same where nothing is known; null: the string isn't closed before `end`, or holds control
/// characters or bytes that aren't UTF-8. Escapes are not looked into.
const char* checked_string_end(const char* p, const char* end, bool& escaped) noexcept;

/// Appends the unescaped content of [p, end), `end` being the closing quote. Returns null, or the
/// backslash of an invalid escape; a lone surrogate is one.
const char* unescape(const char* p, const char* end, std::string& out);
bool are_escapes_valid(const char* p, const char* end) noexcept;

/// The end of the number at `p`; null if it's none by the grammar, or continues with a letter.
/// Sets `integer` if it has neither fraction nor exponent.
const char* number_end(const char* p, const char* end, bool& integer) noexcept;

using kit::detail::find_invalid_utf8;
using kit::detail::utf8_length;

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
