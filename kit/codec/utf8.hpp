#pragma once

#include <string>
#include <string_view>

namespace kit {

/// Whether the text is valid UTF-8 (RFC 3629).
bool is_utf8(std::string_view text) noexcept;

/// The text, with U+FFFD in the place of each byte that isn't part of a valid character. For text
/// from outside that goes into a format which has room for valid text only.
std::string to_utf8(std::string text);

}  // namespace kit
