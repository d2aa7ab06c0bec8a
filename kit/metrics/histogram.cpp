#include <kit/metrics/histogram.hpp>

namespace kit::metrics {

void histogram::observe(double value, const tracing::span_context& span) const {
  if (!series_) return;
  if (!span.valid() || !span.sampled()) {
    series_->observe(value);
    return;
  }
  series_->observe(value, span.trace_id, span.span_id);
}

}  // namespace kit::metrics
