#include <kit/http/grpc_timeout.hpp>

#include <cstdint>

namespace kit::http {
namespace {

constexpr std::size_t max_digits = 8;
constexpr std::int64_t max_value = 99'999'999;

struct unit {
  char name;
  std::chrono::nanoseconds span;
};
// From the finest on.
constexpr unit units[] = {{'n', std::chrono::nanoseconds(1)},  {'u', std::chrono::microseconds(1)},
                          {'m', std::chrono::milliseconds(1)}, {'S', std::chrono::seconds(1)},
                          {'M', std::chrono::minutes(1)},      {'H', std::chrono::hours(1)}};

}  // namespace

std::string format_grpc_timeout(duration left) {
  if (left <= duration::zero()) return "0n";
  for (const auto& u : units) {
    const auto value = left / u.span;
    if (value <= max_value) return std::to_string(value) + u.name;
  }
  return std::to_string(max_value) + 'H';
}

std::optional<duration> parse_grpc_timeout(std::string_view text) noexcept {
  if (text.size() < 2 || text.size() > max_digits + 1) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  for (const auto& u : units) {
    if (u.name != text.back()) continue;
    if (value > duration::max() / u.span) return duration::max();
    return u.span * value;
  }
  return std::nullopt;
}

}  // namespace kit::http
