// Endpoints, and the calls under way.
#include <algorithm>
#include <cmath>
#include <ranges>
#include <set>
#include <utility>

#include <kit/debug/detail/report.hpp>

namespace kit::debug::detail {
namespace {

constexpr std::size_t bars = 24;
constexpr std::size_t few = 5;

std::optional<double> quantile(const metrics::histogram_data& d, double q) {
  const double v = d.quantile(q);
  return v < 0 ? std::nullopt : std::optional(v);
}

quantiles quantiles_of(const metrics::histogram_data& d) {
  return {quantile(d, 0.5), quantile(d, 0.9), quantile(d, 0.99)};
}

// Without what is above the last bound, centuries, and empty buckets at both ends.
picture picture_of(const metrics::histogram_data& d) {
  auto buckets = d.with_bounds(bars);
  const auto used = [](std::uint64_t n) { return n > 0; };
  auto& counts = buckets.counts;
  counts.resize(buckets.bounds.size());
  const auto last = std::ranges::find_if(counts | std::views::reverse, used).base();
  const auto first = std::find_if(counts.begin(), last, used);
  picture p;
  p.counts.assign(first, last);
  p.bounds.assign(buckets.bounds.begin() + (first - counts.begin()),
                  buckets.bounds.begin() + (last - counts.begin()));
  return p;
}

// Half as many bars, as often as it takes.
picture coarser(picture p) {
  while (p.counts.size() > bars) {
    picture merged;
    for (std::size_t i = 0; i < p.counts.size(); i += 2) {
      const auto next = std::min(i + 1, p.counts.size() - 1);
      merged.bounds.push_back(p.bounds[next]);
      merged.counts.push_back(p.counts[i] + (next > i ? p.counts[next] : 0));
    }
    p = std::move(merged);
  }
  return p;
}

endpoint_shown show(const watched& w, time_point now) {
  const auto total = w.total();
  const auto minute = w.minute(now);
  const auto took = w.took();
  const auto recently = w.took_recently(now);
  endpoint_shown e;
  e.name = shown(w.name());
  e.calls = total.calls();
  e.failures = total.failed;
  e.in_flight = total.running;
  e.rate = {.calls_10s = minute.per_second(10, &second_count::calls),
            .calls_1m = minute.per_second(60, &second_count::calls),
            .failures_10s = minute.per_second(10, &second_count::failed),
            .failures_1m = minute.per_second(60, &second_count::failed)};
  e.latency = quantiles_of(recently);
  e.latency_since_start = quantiles_of(took);
  e.histogram = coarser(picture_of(recently));
  e.histogram_since_start = picture_of(took);
  for (const auto& s : minute.seconds) {
    e.minute.push_back(s.calls);
    e.minute_failures.push_back(s.failed);
  }
  if (total.last) {
    const auto& what = total.last->what;
    e.last_failure = {std::string(name(what.code())), shown(what.message()),
                      seconds(now - total.last->when)};
  }
  return e;
}

// Which span a call waits in: the last to be started of the open ones that are below its own.
void add_what_it_waits_for(const core& c, const tracing::span_context& own, request_shown& r) {
  const auto trace = c.options.traces ? c.options.traces->find_active(own.trace_id) : std::nullopt;
  if (!trace) return;
  std::set<std::uint64_t> below{own.span_id.value};
  const tracing::span_data* innermost = nullptr;
  for (const auto& s : trace->open) {
    if (!below.contains(s.parent.value)) continue;
    below.insert(s.context.span_id.value);
    innermost = &s;
  }
  if (!innermost) return;
  r.waits_for = shown(innermost->name);
  r.waits_since = std::max(0.0, seconds(c.wall_now() - innermost->start));
}

std::vector<request_shown> show(std::vector<running_call> calls, std::size_t most, const core& c,
                                time_point now) {
  std::ranges::sort(calls, {}, [](const auto& r) { return std::pair(r.started, r.endpoint); });
  if (calls.size() > most) calls.resize(most);
  std::vector<request_shown> all;
  if (calls.empty()) return all;
  for (const auto& call : calls) {
    auto& r = all.emplace_back();
    r.endpoint = shown(call.endpoint);
    r.age = seconds(now - call.started);
    if (call.deadline) r.deadline_left = seconds(*call.deadline - now);
    r.cancelled = call.cancelled;
    if (!call.span) continue;
    r.trace_id = to_string(call.span->trace_id);
    add_what_it_waits_for(c, *call.span, r);
  }
  return all;
}

std::vector<request_shown> oldest(const core& c, std::size_t most, time_point now) {
  const auto endpoints = c.all();  // the calls refer to their names
  std::vector<running_call> calls;
  for (const auto& w : endpoints)
    w->append_running(calls, most);
  return show(std::move(calls), most, c, now);
}

}  // namespace

overview_page make_overview(const core& c, time_point now) {
  overview_page p;
  p.about = make_about(c, "overview");
  p.process = make_process(c);
  for (const auto& w : c.all())
    p.endpoints.push_back(show(*w, now));
  p.requests = oldest(c, few, now);
  p.failed = make_failed(c, few);
  return p;
}

requests_page make_requests(const core& c, time_point now) {
  return {make_about(c, "requests"), oldest(c, c.options.max_requests, now)};
}

std::optional<endpoint_page> make_endpoint(const core& c, std::string_view name, time_point now) {
  const auto w = c.find(name);
  if (!w) return std::nullopt;
  endpoint_page p;
  p.about = make_about(c, "endpoint");
  p.endpoint = show(*w, now);
  for (const auto& layer : w->layers())
    p.layers.push_back(shown(layer));
  const auto ended = w->total().ended;
  for (std::size_t i = 0; i < ending_count; ++i)
    p.endings.emplace(kit::name(static_cast<ending>(i)), ended[i]);
  p.decisions = decisions_about(c, std::string(name));
  std::vector<running_call> calls;
  w->append_running(calls, c.options.max_requests);
  p.requests = show(std::move(calls), c.options.max_requests, c, now);
  return p;
}

}  // namespace kit::debug::detail
