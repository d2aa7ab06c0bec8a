#include <kit/criticality.hpp>

#include <array>
#include <string>
#include <utility>

#include <kit/metadata.hpp>

namespace kit {
namespace {

constexpr std::array<std::string_view, criticality_count> names{"sheddable", "default", "critical"};

}  // namespace

std::string_view name(criticality c) noexcept {
  return names[static_cast<std::size_t>(c) % names.size()];
}

std::optional<criticality> criticality_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<criticality>(i);
  }
  return std::nullopt;
}

criticality criticality_of(const context& ctx) noexcept {
  const auto& pairs = ctx.metadata();
  if (pairs.empty()) return criticality::standard;
  const auto said = pairs.get(criticality_key);
  return said ? criticality_from_name(*said).value_or(criticality::standard)
              : criticality::standard;
}

context with_criticality(const context& ctx, criticality c) {
  auto pairs = ctx.metadata();
  pairs.set(criticality_key, std::string(name(c)));
  return ctx.with(std::move(pairs));
}

}  // namespace kit
