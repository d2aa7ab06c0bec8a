#pragma once

#include <cstdint>
#include <functional>

#include <kit/log/event.hpp>

/// Colors for terminals, as an encoder around another:
///
///     kit::log::logger log({.sink = kit::log::stderr_sink(),
///                           .encoder = kit::log::colored_on_terminal(STDERR_FILENO,
///                                                                    kit::log::logfmt)});
namespace kit::log {

/// The sixteen colors of a terminal. `none` is the terminal's own.
enum class color : std::uint8_t {
  none,
  black,
  dark_red,
  dark_green,
  brown,
  dark_blue,
  dark_magenta,
  dark_cyan,
  gray,
  dark_gray,
  red,
  green,
  yellow,
  blue,
  magenta,
  cyan,
  white,
};

struct colors {
  color foreground = color::none;
  color background = color::none;
  friend bool operator==(const colors&, const colors&) = default;
};

/// What colors an event has. Sees its level and all of its fields.
using color_function = std::function<colors(const event& e)>;

/// Gray for debug, the terminal's own for info and what has no level, yellow for warn, red for
/// error.
colors level_colors(const event& e);

/// Sets the colors before what `plain` writes, and the terminal's own after the end of its line. An
/// event without colors is as `plain` writes it.
/// Errors: throws `errc::invalid_argument` for an empty function.
/// Source: Go kit's term.NewColorLogger.
encoder colored(encoder plain, color_function color_of = level_colors);

/// Whether the descriptor is a terminal.
bool is_terminal(int descriptor) noexcept;

/// `colored` where the descriptor is a terminal, else `plain` itself.
/// Errors: as `colored`.
encoder colored_on_terminal(int descriptor, encoder plain, color_function color_of = level_colors);

}  // namespace kit::log
