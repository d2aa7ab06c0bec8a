#include <middleware/recent_quantile.hpp>

#include <algorithm>
#include <cmath>

namespace kit::middleware {

void recent_quantile::add(duration d) noexcept {
  latest_[count_++ % kept] = d;
  const auto size = std::min(count_, kept);
  if (size < enough || count_ % (size / 8) != 0) return;
  auto sorted = latest_;
  const auto rank = static_cast<std::ptrdiff_t>(std::lround(q_ * static_cast<double>(size - 1)));
  std::nth_element(sorted.begin(), sorted.begin() + rank,
                   sorted.begin() + static_cast<std::ptrdiff_t>(size));
  value_ = sorted[static_cast<std::size_t>(rank)];
}

}  // namespace kit::middleware
