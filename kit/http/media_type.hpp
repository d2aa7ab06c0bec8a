#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kit::http {

/// A parameter of a media type, a content disposition and the like (RFC 9110 5.6.6).
struct parameter {
  std::string name;   ///< lower case
  std::string value;  ///< without the quotes and escapes of a quoted string
  friend bool operator==(const parameter&, const parameter&) = default;
};

/// How a backslash in a quoted string is read.
enum class quoting : bool {
  standard,  ///< it makes the next character stand for itself (RFC 9110 5.6.4)
  browsers,  ///< so before `"` and `\` only: browsers send file names with bare ones
};
/// Parses `;name=value;name="value"`. Empty parts are let through. Nothing when the text is
/// malformed, or has a parameter twice, which two readers could read differently.
std::optional<std::vector<parameter>> parse_parameters(std::string_view text,
                                                       quoting how = quoting::standard);
/// Appends a value as it is where it's a token, else as a quoted string. Control characters are
/// appended as they are; whoever puts the text into a field finds them.
void append_token_or_quoted(std::string& out, std::string_view value);
/// Appends `; name=value`, the value as `append_token_or_quoted` does.
void append_parameter(std::string& out, std::string_view name, std::string_view value);

/// A media type: `text/html; charset=utf-8` (RFC 9110 8.3.1).
struct media_type {
  std::string type;     ///< lower case
  std::string subtype;  ///< lower case
  std::vector<parameter> parameters = {};

  /// Nothing when the text is none.
  static std::optional<media_type> parse(std::string_view text);
  std::string str() const;

  /// Whether type and subtype are `text`, given as `text/html` and in any case. The parameters are
  /// not looked at.
  bool is(std::string_view text) const noexcept;
  /// The value of the parameter of that name (in lower case). Valid until this object is changed or
  /// moved.
  std::optional<std::string_view> get(std::string_view name) const noexcept;

  friend bool operator==(const media_type&, const media_type&) = default;
};

}  // namespace kit::http
