#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include <kit/codec/text.hpp>
#include <kit/error.hpp>
#include <kit/http/query.hpp>
#include <kit/http/syntax.hpp>
#include <kit/metrics/cloudwatch.hpp>
#include <kit/metrics/detail/numbers.hpp>
#include <kit/metrics/detail/quantiles.hpp>

namespace kit::metrics {
namespace {

constexpr std::size_t max_values = 150;
constexpr std::size_t max_dimensions = 30;
constexpr std::size_t max_dimension_size = 1'024;
constexpr std::size_t max_name_size = 255;

constexpr std::array<std::string_view, 26> units{"Seconds",
                                                 "Microseconds",
                                                 "Milliseconds",
                                                 "Bytes",
                                                 "Kilobytes",
                                                 "Megabytes",
                                                 "Gigabytes",
                                                 "Terabytes",
                                                 "Bits",
                                                 "Kilobits",
                                                 "Megabits",
                                                 "Gigabits",
                                                 "Terabits",
                                                 "Percent",
                                                 "Count",
                                                 "Bytes/Second",
                                                 "Kilobytes/Second",
                                                 "Megabytes/Second",
                                                 "Gigabytes/Second",
                                                 "Terabytes/Second",
                                                 "Bits/Second",
                                                 "Kilobits/Second",
                                                 "Megabits/Second",
                                                 "Gigabits/Second",
                                                 "Terabits/Second",
                                                 "Count/Second"};

std::string unit_of(metric_kind kind, std::string_view unit) {
  if (unit.empty() && kind == metric_kind::counter) return "Count";
  const auto found =
      std::ranges::find_if(units, [&](std::string_view u) { return http::iequals(u, unit); });
  return found != units.end() ? std::string(*found) : std::string();
}

// NaN isn't, either.
bool is_accepted(double v) noexcept {
  return std::abs(v) <= 0x1p360;
}
double not_too_small(double v) noexcept {
  return std::abs(v) < 0x1p-360 ? 0 : v;
}

std::vector<label> dimensions_of(const std::vector<label>& labels) {
  std::vector<label> out;
  for (const auto& l : labels) {
    auto value = l.value.substr(0, max_dimension_size);
    std::ranges::replace_if(value, [](char c) { return c < ' ' || c > '~'; }, '?');
    const bool blank = value.find_first_not_of(' ') == value.npos;
    if (!blank && out.size() < max_dimensions) out.push_back({l.name, std::move(value)});
  }
  return out;
}

std::vector<label> labels_of(const family& f, const point& p) {
  std::vector<label> out;
  out.reserve(f.labels.size());
  for (std::size_t i = 0; i < f.labels.size(); ++i)
    out.push_back({f.labels[i], p.values[i]});
  return out;
}

cloudwatch_statistics single(double v) noexcept {
  return {.minimum = v, .maximum = v, .sum = v, .count = 1};
}

class maker {
 public:
  maker(const snapshot& since_last, const samples& gauges, const cloudwatch_format& format)
      : since_last_(since_last), gauges_(gauges), format_(format) {}

  std::vector<cloudwatch_datum> data() {
    for (const auto& s : gauges_.series)
      if (s.kind == metric_kind::gauge) add_values(s);
    for (const auto& f : since_last_.families)
      for (const auto& p : f.points)
        if (p.updates > 0) add_point(f, p);
    return std::move(out_);
  }

 private:
  bool statistics() const noexcept { return format_.style == cloudwatch_style::statistics; }

  void add(std::string_view name, const std::vector<label>& labels, std::string unit,
           decltype(cloudwatch_datum::value) value) {
    out_.push_back({.name = std::string(name.substr(0, max_name_size)),
                    .dimensions = dimensions_of(labels),
                    .unit = std::move(unit),
                    .value = std::move(value)});
  }

  void add_one(const family& f, const std::vector<label>& labels, double v) {
    if (!is_accepted(v)) return;
    v = not_too_small(v);
    auto unit = unit_of(f.kind, f.unit);
    statistics() ? add(f.name, labels, std::move(unit), single(v))
                 : add(f.name, labels, std::move(unit), v);
  }

  void add_point(const family& f, const point& p) {
    const auto labels = labels_of(f, p);
    if (f.kind == metric_kind::histogram) return add_histogram(f, labels, p.histogram);
    if (f.kind == metric_kind::gauge && has_values(f.name, labels)) return;
    add_one(f, labels, p.value);
  }

  bool has_values(const std::string& name, const std::vector<label>& labels) const {
    const auto key = [](const sampled_series& s) { return std::tie(s.name, s.labels); };
    return std::ranges::binary_search(gauges_.series, std::tie(name, labels), {}, key);
  }

  void add_histogram(const family& f, const std::vector<label>& labels, const histogram_data& h) {
    const auto unit = unit_of(f.kind, f.unit);
    if (statistics()) {
      if (!is_accepted(h.sum)) return;
      return add(f.name, labels, unit,
                 cloudwatch_statistics{.minimum = h.quantile(0),
                                       .maximum = h.quantile(1),
                                       .sum = not_too_small(h.sum),
                                       .count = static_cast<double>(h.count)});
    }
    for (const double q : format_.percentiles) {
      std::string name = f.name + '_';
      detail::append_number(name, detail::percent(q));
      if (const double v = h.quantile(q); is_accepted(v)) {
        add(name, labels, unit, not_too_small(v));
      }
    }
  }

  void add_values(const sampled_series& s) {
    const auto unit = unit_of(s.kind, s.unit);
    std::map<double, std::uint64_t> counts;
    for (const double v : s.values)
      if (is_accepted(v)) ++counts[not_too_small(v)];
    if (counts.empty()) return;
    if (statistics()) return add(s.name, s.labels, unit, statistics_of(counts));
    cloudwatch_values part;
    for (const auto& [v, n] : counts) {
      part.values.push_back(v);
      part.counts.push_back(n);
      if (part.values.size() < max_values) continue;
      add(s.name, s.labels, unit, std::exchange(part, {}));
    }
    if (!part.values.empty()) add(s.name, s.labels, unit, std::move(part));
  }

  static cloudwatch_statistics statistics_of(const std::map<double, std::uint64_t>& counts) {
    cloudwatch_statistics out{.minimum = counts.begin()->first, .maximum = counts.rbegin()->first};
    for (const auto& [v, n] : counts) {
      out.sum += v * static_cast<double>(n);
      out.count += static_cast<double>(n);
    }
    return out;
  }

  const snapshot& since_last_;
  const samples& gauges_;
  const cloudwatch_format& format_;
  std::vector<cloudwatch_datum> out_;
};

// Appends parameters that begin with a path: `MetricData.member.1.Unit=Count`.
class form {
 public:
  void add(std::string_view path, std::string_view value) { query_.add(path, value); }
  void add(std::string_view path, double value) {
    std::string text;
    detail::append_number(text, value);
    query_.add(path, text);
  }
  std::string take() && { return std::move(query_).str(); }

 private:
  http::query_builder query_;
};

void append(form& to, const std::string& at, const cloudwatch_values& v) {
  for (std::size_t i = 0; i < v.values.size(); ++i) {
    const auto place = ".member." + std::to_string(i + 1);
    to.add(at + "Values" + place, v.values[i]);
    to.add(at + "Counts" + place, std::to_string(v.counts[i]));
  }
}
void append(form& to, const std::string& at, const cloudwatch_statistics& s) {
  to.add(at + "StatisticValues.Minimum", s.minimum);
  to.add(at + "StatisticValues.Maximum", s.maximum);
  to.add(at + "StatisticValues.Sum", s.sum);
  to.add(at + "StatisticValues.SampleCount", s.count);
}
void append(form& to, const std::string& at, double v) {
  to.add(at + "Value", v);
}

void append(form& to, const std::string& at, const cloudwatch_datum& d) {
  to.add(at + "MetricName", d.name);
  for (std::size_t i = 0; i < d.dimensions.size(); ++i) {
    const auto place = at + "Dimensions.member." + std::to_string(i + 1);
    to.add(place + ".Name", d.dimensions[i].name);
    to.add(place + ".Value", d.dimensions[i].value);
  }
  if (!d.unit.empty()) to.add(at + "Unit", d.unit);
  std::visit([&](const auto& v) { append(to, at, v); }, d.value);
}

}  // namespace

void require_valid(const cloudwatch_format& format) {
  for (const double q : format.percentiles) {
    if (q >= 0 && q <= 1) continue;
    throw error(errc::invalid_argument, "cloudwatch_format::percentiles: one is not from 0 to 1");
  }
}

std::vector<cloudwatch_datum> cloudwatch_data(const snapshot& since_last, const samples& gauges,
                                              const cloudwatch_format& format) {
  require_valid(format);
  return maker(since_last, gauges, format).data();
}

std::string put_metric_data(std::string_view name_space, std::span<const cloudwatch_datum> data,
                            wall_time time, bool high_resolution) {
  form out;
  out.add("Action", "PutMetricData");
  out.add("Version", "2010-08-01");
  out.add("Namespace", name_space);
  std::string stamp;
  std::string problem;  // there is none in the years that the clock knows
  text::append(stamp, std::chrono::floor<std::chrono::seconds>(time), problem);
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto at = "MetricData.member." + std::to_string(i + 1) + '.';
    append(out, at, data[i]);
    out.add(at + "Timestamp", stamp);
    if (high_resolution) out.add(at + "StorageResolution", "1");
  }
  return std::move(out).take();
}

}  // namespace kit::metrics
