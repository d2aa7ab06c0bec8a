#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include <kit/metrics/snapshot.hpp>

namespace kit::metrics {
namespace {

// The counts of two readings of one histogram have the same layout; only what an exponential one
// leaves out at its ends differs.
void subtract(explicit_counts& from, const explicit_counts& e) {
  for (std::size_t i = 0; i < std::min(from.counts.size(), e.counts.size()); ++i)
    from.counts[i] -= e.counts[i];
}
void subtract(exponential_counts& from, const exponential_counts& e) {
  from.zero_count -= e.zero_count;
  from.overflow -= e.overflow;
  const auto shift = static_cast<std::int64_t>(e.offset) - from.offset;
  for (std::size_t i = 0; i < e.counts.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i) + shift;
    if (at >= 0 && at < static_cast<std::int64_t>(from.counts.size()))
      from.counts[static_cast<std::size_t>(at)] -= e.counts[i];
  }
  from.trim();
}

void subtract(histogram_data& from, const histogram_data& h) {
  from.count -= h.count;
  from.sum -= h.sum;
  if (auto* e = std::get_if<explicit_counts>(&from.buckets)) {
    if (const auto* old = std::get_if<explicit_counts>(&h.buckets)) subtract(*e, *old);
  } else if (const auto* old = std::get_if<exponential_counts>(&h.buckets)) {
    subtract(std::get<exponential_counts>(from.buckets), *old);
  }
}

// Removed, and made again.
bool restarted(metric_kind kind, const point& now, const point& before) noexcept {
  if (now.start != before.start) return true;
  if (kind == metric_kind::counter) return now.value < before.value;
  return kind == metric_kind::histogram && now.histogram.count < before.histogram.count;
}

bool touched(const point& now, const point& before) noexcept {
  const auto bits = [](double v) { return std::bit_cast<std::uint64_t>(v); };  // NaN is itself
  return now.updates != before.updates || bits(now.value) != bits(before.value);
}

// What happened since `before`, which is null when the series is new.
point difference(metric_kind kind, point now, const point* before, wall_time since) {
  const point nothing;
  if (!before || restarted(kind, now, *before)) before = &nothing;
  now.start = std::max(now.start, since);
  switch (kind) {
    case metric_kind::counter:
      now.value -= before->value;
      now.updates = now.value != 0 ? 1 : 0;
      break;
    case metric_kind::histogram:
      subtract(now.histogram, before->histogram);
      now.histogram.min = now.histogram.max = std::nullopt;
      std::erase_if(now.histogram.exemplars, [&](const exemplar& e) { return e.time < since; });
      now.updates = now.histogram.count;
      break;
    case metric_kind::gauge:
    case metric_kind::up_down_counter:
      now.updates = touched(now, *before) ? 1 : 0;
      break;
  }
  return now;
}

}  // namespace

snapshot delta(const snapshot& earlier, const snapshot& later) {
  snapshot out;
  out.time = later.time;
  out.families = later.families;
  for (auto& f : out.families) {
    const auto* old = earlier.find(f.name);
    if (old && (old->kind != f.kind || old->labels != f.labels)) old = nullptr;
    auto before = old ? old->points.begin() : std::vector<point>::const_iterator();
    for (auto& p : f.points) {
      const point* match = nullptr;
      if (old) {  // both are sorted
        while (before != old->points.end() && before->values < p.values)
          ++before;
        if (before != old->points.end() && before->values == p.values) match = &*before;
      }
      p = difference(f.kind, std::move(p), match, earlier.time);
    }
  }
  return out;
}

}  // namespace kit::metrics
