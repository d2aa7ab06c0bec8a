#include <kit/debug/detail/watched.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <functional>
#include <numeric>
#include <thread>
#include <utility>

namespace kit::debug::detail {
namespace {

std::int64_t second_of(time_point t) noexcept {
  return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
}

std::size_t slot_of(std::int64_t second) noexcept {
  return static_cast<std::size_t>(second) % part::seconds_kept;
}

std::int64_t period_of(std::int64_t second) noexcept {
  return (second - (second < 0 ? recent_latencies::seconds - 1 : 0)) / recent_latencies::seconds;
}

// Buckets that hold 2^lowest ns and more; the first one is for what is below.
constexpr int lowest = 10;

std::size_t bucket_of(duration took) noexcept {
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(took).count();
  const auto v = static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 1));
  const int power = static_cast<int>(std::bit_width(v)) - 1;
  if (power < lowest) return 0;
  const auto quarter = static_cast<std::size_t>(v >> (power - 2) & 3);
  const auto i = 1 + 4 * static_cast<std::size_t>(power - lowest) + quarter;
  return std::min(i, recent_latencies::buckets - 1);
}

// Seconds.
double upper_bound(std::size_t bucket) noexcept {
  if (bucket == 0) return 1e-9 * (std::uint64_t{1} << lowest);
  const std::size_t power = lowest + (bucket - 1) / 4;
  return 1e-9 * static_cast<double>((4 + (bucket - 1) % 4 + 1) << (power - 2));
}

// With the lock held.
void count(part& p, std::int64_t second, ending how, bool failed) noexcept {
  ++p.ended[static_cast<std::size_t>(how)];
  p.failed += failed ? 1 : 0;
  p.first_second = std::min(p.first_second.value_or(second), second);
  auto& slot = p.seconds[slot_of(second)];
  if (slot.second != second) slot = {.second = second};
  ++slot.calls;
  slot.failed += failed ? 1 : 0;
}

void unlink(flight& f) noexcept {
  f.prev->next = f.next;
  f.next->prev = f.prev;
}

running_call describe(std::string_view endpoint, const flight& f) {
  running_call r{.endpoint = endpoint,
                 .started = f.started,
                 .deadline = f.context.deadline(),
                 .cancelled = f.context.cancelled(),
                 .span = {}};
  if (const auto* span = tracing::current_span(f.context)) r.span = *span;
  return r;
}

}  // namespace

void recent_latencies::add(std::int64_t in_period, duration took) noexcept {
  if (period != in_period) {
    period = in_period;
    counts.fill(0);
  }
  ++counts[bucket_of(took)];
}

std::uint64_t totals::calls() const noexcept {
  return std::accumulate(ended.begin(), ended.end(), std::uint64_t{0});
}

double last_minute::per_second(std::size_t window,
                               std::uint32_t second_count::* what) const noexcept {
  window = std::min(window, known);
  double sum = 0;
  for (std::size_t i = length - window; i < length; ++i)
    sum += seconds[i].*what;
  return window > 0 ? sum / static_cast<double>(window) : 0;
}

watched::watched(std::string name, std::vector<std::string> layers, metrics::histogram took)
    : name_(std::move(name)), layers_(std::move(layers)), took_(std::move(took)) {}

// By the thread, so that those of several loops seldom meet.
part& watched::own() noexcept {
  return parts_[std::hash<std::thread::id>()(std::this_thread::get_id()) % parts_.size()];
}

totals watched::total() const {
  totals sum;
  for (const auto& p : parts_) {
    std::lock_guard lock(p.mutex);
    for (std::size_t i = 0; i < ending_count; ++i)
      sum.ended[i] += p.ended[i];
    sum.failed += p.failed;
    sum.running += p.running_count;
    if (p.last && (!sum.last || sum.last->when < p.last->when)) sum.last = p.last;
  }
  return sum;
}

last_minute watched::minute(time_point now) const {
  last_minute m;
  const auto current = second_of(now);
  std::optional<std::int64_t> first;
  for (const auto& p : parts_) {
    std::lock_guard lock(p.mutex);
    if (!p.first_second) continue;
    first = std::min(first.value_or(*p.first_second), *p.first_second);
    for (std::size_t i = 0; i < last_minute::length; ++i) {
      auto& sum = m.seconds[i];
      sum.second = current - static_cast<std::int64_t>(last_minute::length - i);
      const auto& slot = p.seconds[slot_of(sum.second)];
      if (slot.second != sum.second) continue;
      sum.calls += slot.calls;
      sum.failed += slot.failed;
    }
  }
  if (first && *first < current) {
    m.known = static_cast<std::size_t>(std::min<std::int64_t>(current - *first, m.length));
  }
  return m;
}

metrics::histogram_data watched::took_recently(time_point now) const {
  const auto current = period_of(second_of(now));
  metrics::explicit_counts sum;
  sum.counts.resize(recent_latencies::buckets + 1);
  for (const auto& p : parts_) {
    std::lock_guard lock(p.mutex);
    for (const auto& r : p.recent) {
      if (r.period != current && r.period != current - 1) continue;
      for (std::size_t i = 0; i < r.counts.size(); ++i)
        sum.counts[i] += r.counts[i];
    }
  }
  for (std::size_t i = 0; i < recent_latencies::buckets; ++i)
    sum.bounds.push_back(upper_bound(i));
  metrics::histogram_data d;
  d.count = std::accumulate(sum.counts.begin(), sum.counts.end(), std::uint64_t{0});
  d.buckets = std::move(sum);
  return d;
}

void watched::append_running(std::vector<running_call>& to, std::size_t most) const {
  for (const auto& p : parts_) {
    std::lock_guard lock(p.mutex);
    const auto* f = p.running.next;
    for (std::size_t n = 0; n < most && f != &p.running; ++n, f = f->next)
      to.push_back(describe(name_, *f));
  }
}

void watcher::enter(call& c, state& s) {
  s.call.started = c.started();
  s.call.context = c.context();
  s.at = &endpoint_->own();
  std::lock_guard lock(s.at->mutex);
  auto& head = s.at->running;
  s.call.prev = head.prev;
  s.call.next = &head;
  head.prev->next = &s.call;
  head.prev = &s.call;
  ++s.at->running_count;
}

void watcher::leave(call& c, state& s) noexcept {
  const auto& outcome = c.outcome();
  const bool failed = (*classify_)(outcome).failure;
  auto how = ending::failed;
  try {
    how = outcome.ending();
  } catch (const std::bad_alloc&) {  // no memory to look for a business error
  }
  const auto now = c.ended();
  const duration took = now - s.call.started;
  endpoint_->took_.observe(std::chrono::duration<double>(took).count());
  const auto second = second_of(now);
  std::optional<last_failure> last;  // changes places with the one before, which ends unlocked
  if (failed && outcome.error()) last.emplace(*outcome.error(), now);
  std::lock_guard lock(s.at->mutex);
  unlink(s.call);
  --s.at->running_count;
  count(*s.at, second, how, failed);
  const auto period = period_of(second);
  s.at->recent[static_cast<std::size_t>(period & 1)].add(period, took);
  if (last) s.at->last.swap(last);
}

}  // namespace kit::debug::detail
