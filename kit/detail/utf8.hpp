#pragma once

#include <cstddef>
#include <string_view>

namespace kit::detail {

/// The number of bytes of the valid UTF-8 sequence at `p`; 0: there is none.
std::size_t utf8_length(const char* p, const char* end) noexcept;

/// The first byte that isn't part of a valid UTF-8 sequence; null: all is valid.
const char* find_invalid_utf8(std::string_view text) noexcept;

/// How much of the text is at most that long and doesn't end in the middle of a character.
std::size_t utf8_cut(std::string_view text, std::size_t most) noexcept;

}  // namespace kit::detail
