#include <kit/log/terminal.hpp>

#include <string_view>
#include <utility>

#include <unistd.h>

#include <kit/error.hpp>

namespace kit::log {
namespace {

/// `ESC[31m` for dark red, `ESC[31;1m` for red; the background's numbers start at 40.
void append_code(std::string& out, color c, char tens) {
  if (c == color::none) return;
  const auto index = static_cast<unsigned>(c) - static_cast<unsigned>(color::black);
  out += {'\x1b', '[', tens, static_cast<char>('0' + index % 8)};
  out += index < 8 ? "m" : ";1m";
}

void check(const encoder& plain, const color_function& color_of) {
  if (!plain) throw error(errc::invalid_argument, "log::colored: the encoder is empty");
  if (!color_of) throw error(errc::invalid_argument, "log::colored: the color function is empty");
}

}  // namespace

colors level_colors(const event& e) {
  if (!e.level) return {};
  switch (*e.level) {
    case level::debug:
      return {.foreground = color::dark_gray};
    case level::info:
      return {};
    case level::warn:
      return {.foreground = color::yellow};
    case level::error:
      return {.foreground = color::red};
  }
  return {};
}

encoder colored(encoder plain, color_function color_of) {
  check(plain, color_of);
  return
      [plain = std::move(plain), color_of = std::move(color_of)](std::string& out, const event& e) {
        const colors c = color_of(e);
        append_code(out, c.foreground, '3');
        append_code(out, c.background, '4');
        plain(out, e);
        if (c != colors()) out += "\x1b[39;49;22m";
      };
}

bool is_terminal(int descriptor) noexcept {
  return ::isatty(descriptor) == 1;
}

encoder colored_on_terminal(int descriptor, encoder plain, color_function color_of) {
  check(plain, color_of);
  return is_terminal(descriptor) ? colored(std::move(plain), std::move(color_of)) : plain;
}

}  // namespace kit::log
