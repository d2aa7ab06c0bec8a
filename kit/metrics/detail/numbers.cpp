#include <kit/metrics/detail/numbers.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace kit::metrics::detail {
namespace {

bool append_special(std::string& out, double v) {
  if (std::isfinite(v)) return false;
  out += std::isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf";
  return true;
}

}  // namespace

void append_number(std::string& out, double v) {
  if (append_special(out, v)) return;
  std::array<char, 32> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), v).ptr);
}

void append_fixed(std::string& out, double v, int digits) {
  if (append_special(out, v)) return;
  std::array<char, 400> text{};  // the largest double has 309 digits before the point
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), v, std::chars_format::fixed, digits);
  out.append(text.data(), end.ptr);
}

}  // namespace kit::metrics::detail
