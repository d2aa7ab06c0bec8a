#pragma once

#include <cstdint>
#include <string_view>

#include <kit/result.hpp>

namespace kit::log {

/// How much a record matters, the least first.
enum class level : std::uint8_t { debug, info, warn, error };

/// `debug`, `info`, `warn` or `error`.
std::string_view name(level l) noexcept;

/// The level of that name, in either case and with white space around it.
/// Errors: `errc::invalid_argument`, `invalid level string`.
result<level> parse_level(std::string_view text);
/// The same, with what counts where the text is none.
level parse_level(std::string_view text, level otherwise) noexcept;

}  // namespace kit::log
