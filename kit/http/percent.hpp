#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kit::http {

/// Which bytes `percent_encode` leaves as they are, besides letters, digits and `-._~`.
enum class encode_set {
  unreserved,    ///< nothing more: safe everywhere
  path_segment,  ///< `!$&'()*+,;=:@`: one segment, so `/` is encoded
  path,          ///< as `path_segment`, and `/`
  form,  ///< `*`, and a space becomes `+`: names and values of a query (WHATWG form encoding)
};

/// Decodes `%XX` (RFC 3986 2.1). Nothing when a `%` is not followed by two hexadecimal digits. The
/// result may hold any byte, NUL too, and need not be UTF-8.
std::optional<std::string> percent_decode(std::string_view text);
/// The same, and `+` is a space.
std::optional<std::string> form_decode(std::string_view text);
/// Appends instead; false, with a part appended, when the text is malformed.
bool append_percent_decoded(std::string& out, std::string_view text);
bool append_form_decoded(std::string& out, std::string_view text);

/// Whether each `%` is followed by two hexadecimal digits.
bool is_percent_encoded(std::string_view text) noexcept;

std::string percent_encode(std::string_view bytes, encode_set set = encode_set::unreserved);
void append_percent_encoded(std::string& out, std::string_view bytes, encode_set set);

}  // namespace kit::http
