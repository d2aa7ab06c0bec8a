#include <kit/metrics/detail/series.hpp>

#include <algorithm>
#include <cmath>

#include <kit/codec/utf8.hpp>
#include <kit/metrics/detail/names.hpp>

namespace kit::metrics::detail {
namespace {

// OpenMetrics 1.0.0, Exemplars: names and values of all labels together.
constexpr std::size_t most_example_text = 128;

bool valid_example(const std::vector<label>& labels) {
  std::size_t size = 0;
  for (const auto& l : labels) {
    size += l.name.size() + l.value.size();
    if (!valid_label_name(l.name) || !is_utf8(l.value)) return false;
    if (std::ranges::count(labels, l.name, &label::name) > 1) return false;
  }
  return size <= most_example_text;
}

}  // namespace

void sum_series::add_elsewhere(double d) noexcept {
  if (const auto to = cells_.find(); to.words) detail::add(*to.words, d, to.who);
}

bool sum_series::read_value(point& into) const {
  into.value = value();
  return true;
}

bool gauge_series::read_value(point& into) const {
  into.updates = updates_.load(std::memory_order_relaxed);
  into.value = value();
  return true;
}

cells::place histogram_series::note(double v) noexcept {
  if (!std::isfinite(v)) return {nullptr, writers::one};
  auto to = cells::place{cells_.own(), writers::one};
  if (!to.words) [[unlikely]]
    to = cells_.find();
  if (!to.words) return to;
  add(to.words[sum_at], v, to.who);
  smallest::add(to.words[min_at], v, to.who);
  largest::add(to.words[max_at], v, to.who);
  sample(v);
  return to;
}

void histogram_series::observe(double v, std::vector<label> example) {
  observe(v);
  if (!std::isfinite(v) || !valid_example(example)) return;
  keep({.value = {std::move(example), v, family().now()}});
}

void histogram_series::observe(double v, tracing::trace_id trace, tracing::span_id span) {
  observe(v);
  if (!std::isfinite(v)) return;
  keep({.value = {{}, v, family().now()}, .trace_id = trace, .span_id = span});
}

void histogram_series::keep(kept_exemplar e) {
  const auto key = exemplar_key(e.value.value);
  const std::lock_guard lock(exemplars_mutex_);
  exemplars_[key] = std::move(e);
}

histogram_data histogram_series::data() const {
  histogram_data h;
  read_buckets(h);
  double min = smallest::none;
  double max = largest::none;
  cells_.for_each([&](const word* words) {
    h.sum += load_double(words[sum_at]);
    min = std::min(min, smallest::load(words[min_at]));
    max = std::max(max, largest::load(words[max_at]));
  });
  if (h.count > 0 && min <= max) {
    h.min = min;
    h.max = max;
  }
  const std::lock_guard lock(exemplars_mutex_);
  for (const auto& [key, e] : exemplars_) {
    h.exemplars.push_back(e.value);
    if (!e.trace_id.valid()) continue;
    h.exemplars.back().labels = {{"trace_id", tracing::to_string(e.trace_id)},
                                 {"span_id", tracing::to_string(e.span_id)}};
  }
  return h;
}

bool histogram_series::read_value(point& into) const {
  into.histogram = data();
  return true;
}

std::optional<double> callback::call() noexcept {
  const std::lock_guard lock(mutex_);
  if (stopped_) return std::nullopt;
  try {
    return function_();
  } catch (...) {
    return std::nullopt;
  }
}

void callback::stop() noexcept {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

bool observed_series::read_value(point& into) const {
  const auto value = callback_.call();
  into.value = value.value_or(0);
  into.updates = updates_.fetch_add(1, std::memory_order_relaxed) + 1;
  return value.has_value();
}

}  // namespace kit::metrics::detail
