#include <kit/log/level.hpp>

#include <array>
#include <optional>

#include <kit/http/syntax.hpp>

namespace kit::log {
namespace {

constexpr std::array<std::string_view, 4> names{"debug", "info", "warn", "error"};

std::optional<level> find(std::string_view text) noexcept {
  constexpr std::string_view white = " \t\r\n";
  const auto first = text.find_first_not_of(white);
  if (first == text.npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(white) + 1 - first);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (http::iequals(text, names[i])) return static_cast<level>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view name(level l) noexcept {
  return names[static_cast<std::size_t>(l) % names.size()];
}

result<level> parse_level(std::string_view text) {
  if (const auto found = find(text)) return *found;
  return fail(errc::invalid_argument, "invalid level string");
}

level parse_level(std::string_view text, level otherwise) noexcept {
  return find(text).value_or(otherwise);
}

}  // namespace kit::log
