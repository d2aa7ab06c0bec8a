#include <kit/metrics/detail/window.hpp>

#include <cstddef>

namespace kit::metrics::detail {

snapshot window::next() {
  auto now = metrics_.collect();
  auto out = delta(last_, now);  // with the families and points of `now`
  for (std::size_t f = 0; f < out.families.size(); ++f) {
    if (out.families[f].kind != metric_kind::histogram) continue;
    for (std::size_t p = 0; p < out.families[f].points.size(); ++p) {
      auto& h = out.families[f].points[p].histogram;
      if (h.count == 0) continue;
      h.min = now.families[f].points[p].histogram.min;
      h.max = now.families[f].points[p].histogram.max;
    }
  }
  last_ = std::move(now);
  return out;
}

}  // namespace kit::metrics::detail
