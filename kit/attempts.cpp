#include <kit/attempts.hpp>

#include <charconv>
#include <string>
#include <utility>

#include <kit/metadata.hpp>

namespace kit {

std::optional<std::uint32_t> attempt_number_of(const context& ctx) noexcept {
  const auto& pairs = ctx.metadata();
  if (pairs.empty()) return std::nullopt;
  const auto text = pairs.get(attempt_key);
  if (!text) return std::nullopt;
  std::uint32_t number = 0;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (ec != std::errc() || end != text->data() + text->size() || number == 0) return std::nullopt;
  return number;
}

context with_attempt_number(const context& ctx, std::uint32_t number) {
  auto pairs = ctx.metadata();
  pairs.set(attempt_key, std::to_string(number));
  return ctx.with(std::move(pairs));
}

}  // namespace kit
