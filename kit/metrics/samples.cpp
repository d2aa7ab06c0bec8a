#include <kit/metrics/samples.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

#include <kit/error.hpp>
#include <kit/metrics/detail/sample_buffer.hpp>
#include <kit/metrics/detail/sample_tap.hpp>
#include <kit/metrics/detail/series.hpp>

namespace kit::metrics {
namespace detail {
namespace {

bool can_be_sampled(metric_kind kind) noexcept {
  return kind == metric_kind::histogram || kind == metric_kind::gauge;
}

}  // namespace

void sample_tap::record(const series& from, double value) noexcept {
  const std::lock_guard lock(mutex_);
  for (const auto& buffer : buffers_)
    buffer->record(from, value);
}

void sample_tap::attach(std::shared_ptr<sample_buffer> buffer) {
  const std::lock_guard lock(mutex_);
  buffers_.push_back(std::move(buffer));
  open_.store(true, std::memory_order_relaxed);
}

void sample_tap::detach(const sample_buffer& buffer) {
  const std::lock_guard lock(mutex_);
  std::erase_if(buffers_, [&](const auto& b) { return b.get() == &buffer; });
  open_.store(!buffers_.empty(), std::memory_order_relaxed);
}

sample_buffer::sample_buffer(sampling options) : options_(std::move(options)) {
  if (options_.capacity == 0) throw error(errc::invalid_argument, "sampling::capacity: is 0");
}

bool sample_buffer::wants(const family_parts& family) {
  if (!can_be_sampled(family.kind)) return false;
  const double rate = options_.rate ? options_.rate(family.name, family.kind)
                      : family.kind == metric_kind::histogram ? 1.0
                                                              : 0.0;
  if (!(rate > 0)) return false;
  const std::lock_guard lock(mutex_);
  rates_[&family] = std::min(rate, 1.0);
  return true;
}

void sample_buffer::record(const series& from, double value) noexcept {
  const std::lock_guard lock(mutex_);
  const auto rate = rates_.find(&from.family());
  if (rate == rates_.end()) return;
  if (rate->second < 1 && !options_.random.chance(rate->second)) return;
  try {
    keep(from, value);
  } catch (const std::bad_alloc&) {
    ++dropped_;
  }
}

void sample_buffer::keep(const series& from, double value) {
  if (size_ == options_.capacity) {
    ++dropped_;
    return;
  }
  auto& k = kept_[&from];
  if (!k.from) k.from = from.shared_from_this();
  k.values.push_back(value);
  ++size_;
}

samples sample_buffer::take() {
  samples out;
  const std::lock_guard lock(mutex_);
  for (auto& [key, k] : std::exchange(kept_, {})) {
    const auto& family = k.from->family();
    sampled_series s{.name = family.name,
                     .kind = family.kind,
                     .unit = family.unit,
                     .labels = {},
                     .rate = rates_.at(&family),
                     .values = std::move(k.values)};
    for (std::size_t i = 0; i < family.labels.size(); ++i)
      s.labels.push_back({family.labels[i], k.from->values()[i]});
    out.series.push_back(std::move(s));
  }
  size_ = 0;
  out.dropped = std::exchange(dropped_, 0);
  std::ranges::sort(out.series, {},
                    [](const sampled_series& s) { return std::tie(s.name, s.labels); });
  return out;
}

void sample_buffer::close() noexcept {
  const std::lock_guard lock(mutex_);
  kept_.clear();
  rates_.clear();
}

}  // namespace detail

samples sample_reader::take() {
  return buffer_->take();
}

}  // namespace kit::metrics
