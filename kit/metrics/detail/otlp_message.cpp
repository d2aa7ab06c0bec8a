#include <kit/metrics/detail/otlp_message.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <kit/tracing/span_context.hpp>

namespace kit::metrics::detail {
namespace {

constexpr std::size_t max_buckets = 160;  // what OpenTelemetry's SDKs have, and backends expect

// A series with two views: what is to be told, and all since it was made. Equal, unless what is
// told are changes.
struct reading {
  const family& of;
  const point& told;
  const point& whole;
  wall_time now;
};

std::string ucum(std::string_view unit) {
  using names = std::pair<std::string_view, std::string_view>;
  static constexpr std::array known{
      names{"seconds", "s"},      names{"milliseconds", "ms"}, names{"microseconds", "us"},
      names{"nanoseconds", "ns"}, names{"minutes", "min"},     names{"hours", "h"},
      names{"days", "d"},         names{"bytes", "By"},        names{"kibibytes", "KiBy"},
      names{"mebibytes", "MiBy"}, names{"kilobytes", "kBy"},   names{"megabytes", "MBy"},
      names{"bits", "bit"},       names{"ratio", "1"},         names{"percent", "%"},
      names{"celsius", "Cel"},    names{"meters", "m"},        names{"grams", "g"},
      names{"volts", "V"},        names{"amperes", "A"},       names{"joules", "J"},
      names{"watts", "W"},        names{"hertz", "Hz"}};
  const auto found = std::ranges::find(known, unit, &names::first);
  return std::string(found != known.end() ? found->second : unit);
}

otlp::fixed64 convert(wall_time t) noexcept {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch());
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(0, since.count()))};
}

otlp::key_value attribute(const std::string& key, const std::string& text) {
  return {key, {text}};
}

std::vector<otlp::fixed64> convert(const std::vector<std::uint64_t>& counts) {
  std::vector<otlp::fixed64> out;
  out.reserve(counts.size());
  for (const auto n : counts)
    out.push_back({n});
  return out;
}

std::optional<otlp::real> convert(std::optional<double> v) noexcept {
  return v ? std::optional(otlp::real{*v}) : std::nullopt;
}

otlp::exemplar convert(const exemplar& e) {
  otlp::exemplar out{.time_unix_nano = convert(e.time), .value = otlp::real{e.value}};
  for (const auto& l : e.labels) {
    const auto trace = l.name == "trace_id" ? tracing::parse_trace_id(l.value) : std::nullopt;
    const auto span = l.name == "span_id" ? tracing::parse_span_id(l.value) : std::nullopt;
    if (trace) {
      out.trace_id = {tracing::to_bytes(*trace)};
    } else if (span) {
      out.span_id = {tracing::to_bytes(*span)};
    } else {
      out.filtered_attributes.push_back(attribute(l.name, l.value));
    }
  }
  return out;
}

// What the points of all kinds have.
template <class Point>
Point begin_point(const reading& r) {
  Point out;
  for (std::size_t i = 0; i < r.of.labels.size() && i < r.told.values.size(); ++i)
    out.attributes.push_back(attribute(r.of.labels[i], r.told.values[i]));
  out.time_unix_nano = convert(r.now);
  if (r.of.kind != metric_kind::gauge) out.start_time_unix_nano = convert(r.told.start);
  return out;
}

otlp::number_data_point number_of(const reading& r) {
  auto out = begin_point<otlp::number_data_point>(r);
  out.value = otlp::real{r.told.value};
  return out;
}

void set_buckets(otlp::histogram_data_point& out, const explicit_counts& e) {
  out.explicit_bounds = e.bounds;
  out.bucket_counts = convert(e.counts);
}

// OTLP has no place for what is above the range: it goes into the last bucket of that.
exponential_counts with_overflow(exponential_counts e) {
  if (e.overflow > 0) {
    const auto end =
        static_cast<std::int32_t>(std::lround(std::ldexp(std::log2(e.overflow_bound), e.scale)));
    if (e.counts.empty()) e.offset = end - 1;
    const auto wanted = static_cast<std::size_t>(std::max(end - e.offset, 1));
    e.counts.resize(std::max(e.counts.size(), wanted));
    e.counts.back() += e.overflow;
  }
  return e.downscaled(max_buckets);
}

void set_buckets(otlp::exponential_histogram_data_point& out, const exponential_counts& e) {
  auto fitting = with_overflow(e);
  out.scale = fitting.scale;
  out.zero_count = {e.zero_count};
  out.zero_threshold = {e.zero_threshold};
  if (!fitting.counts.empty()) {
    out.positive = {.offset = fitting.offset, .bucket_counts = convert(fitting.counts)};
  }
}

template <class Point, class Counts>
Point distribution_of(const reading& r, const Counts& buckets) {
  auto out = begin_point<Point>(r);
  const auto& h = r.told.histogram;
  out.count = {h.count};
  if (r.whole.histogram.min.value_or(0) >= 0) out.sum = otlp::real{h.sum};
  out.min = convert(h.min);
  out.max = convert(h.max);
  set_buckets(out, buckets);
  for (const auto& e : h.exemplars)
    out.exemplars.push_back(convert(e));
  return out;
}

void add_number(otlp::metric& to, const reading& r, otlp::aggregation_temporality temporality) {
  auto p = number_of(r);
  if (r.of.kind == metric_kind::gauge) {
    if (!std::holds_alternative<otlp::gauge>(to.data)) to.data.emplace<otlp::gauge>();
    std::get<otlp::gauge>(to.data).data_points.push_back(std::move(p));
    return;
  }
  if (!std::holds_alternative<otlp::sum>(to.data)) {
    const bool grows = r.of.kind == metric_kind::counter;
    to.data = otlp::sum{.aggregation_temporality = grows ? temporality : otlp::cumulative,
                        .is_monotonic = grows};
  }
  std::get<otlp::sum>(to.data).data_points.push_back(std::move(p));
}

template <class Histogram, class Counts>
void add_distribution(otlp::metric& to, const reading& r, const Counts& buckets,
                      otlp::aggregation_temporality temporality) {
  using data_point = typename decltype(Histogram::data_points)::value_type;
  if (!std::holds_alternative<Histogram>(to.data)) {
    to.data = Histogram{.aggregation_temporality = temporality};
  }
  std::get<Histogram>(to.data).data_points.push_back(distribution_of<data_point>(r, buckets));
}

void add(otlp::metric& to, const reading& r, otlp::aggregation_temporality temporality) {
  if (r.of.kind != metric_kind::histogram) return add_number(to, r, temporality);
  const auto& buckets = r.told.histogram.buckets;
  if (const auto* plain = std::get_if<explicit_counts>(&buckets)) {
    add_distribution<otlp::histogram>(to, r, *plain, temporality);
  } else {
    add_distribution<otlp::exponential_histogram>(to, r, std::get<exponential_counts>(buckets),
                                                  temporality);
  }
}

otlp::metric begin_metric(const family& f) {
  return {.name = f.name, .description = f.help, .unit = ucum(f.unit)};
}

}  // namespace

std::vector<otlp::metric> otlp_totals(const snapshot& now) {
  std::vector<otlp::metric> out;
  out.reserve(now.families.size());
  for (const auto& f : now.families) {
    auto& m = out.emplace_back(begin_metric(f));
    for (const auto& p : f.points)
      add(m, {f, p, p, now.time}, otlp::cumulative);
  }
  return out;
}

std::vector<otlp::metric> otlp_changes(const snapshot& earlier, const snapshot& now) {
  const auto changes = delta(earlier, now);  // with the families and points of `now`
  std::vector<otlp::metric> out;
  for (std::size_t i = 0; i < changes.families.size(); ++i) {
    const auto& f = changes.families[i];
    auto m = begin_metric(f);
    for (std::size_t k = 0; k < f.points.size(); ++k) {
      const auto& whole = now.families[i].points[k];
      const bool adds = f.kind == metric_kind::counter || f.kind == metric_kind::histogram;
      if (adds && f.points[k].updates == 0) continue;
      add(m, {f, adds ? f.points[k] : whole, whole, now.time}, otlp::delta);
    }
    if (points_of(m) > 0) out.push_back(std::move(m));
  }
  return out;
}

std::size_t points_of(const otlp::metric& m) noexcept {
  return std::visit(
      []<class T>(const T& data) -> std::size_t {
        if constexpr (std::is_same_v<T, std::monostate>) {
          return 0;
        } else {
          return data.data_points.size();
        }
      },
      m.data);
}

otlp::export_metrics_service_request otlp_request(std::vector<otlp::metric> metrics,
                                                  const otlp::attributes& resource) {
  otlp::export_metrics_service_request out;
  if (metrics.empty()) return out;
  auto& group = out.resource_metrics.emplace_back();
  group.resource.attributes = resource;
  group.scope_metrics.push_back({.scope = otlp::cokit_scope(), .metrics = std::move(metrics)});
  return out;
}

}  // namespace kit::metrics::detail
