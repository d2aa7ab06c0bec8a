#pragma once

#include <string>
#include <string_view>

namespace kit::log::detail {

/// Whether logfmt writes the text without quotes: no blank, control character, `=`, quote, nor
/// bytes that are not UTF-8. An empty text is bare.
bool is_bare(std::string_view text) noexcept;

/// Appends what of the text may stand bare.
void append_bare(std::string& out, std::string_view text);

/// Appends the inside of a JSON string, which can stand in a line of any log: quotes, backslashes,
/// control characters (those of Unicode's C1 block and its line separators, too, as terminals and
/// viewers obey them) are escapes, and each byte that isn't UTF-8 is U+FFFD.
void append_escaped(std::string& out, std::string_view text);

/// Appends a JSON text with the same characters escaped; whatever wrote it, it stays in its line.
void append_json(std::string& out, std::string_view json);

}  // namespace kit::log::detail
