#include <kit/metrics/statsd.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <kit/error.hpp>
#include <kit/metrics/detail/line_exporter.hpp>
#include <kit/metrics/detail/statsd_lines.hpp>

namespace kit::metrics {
namespace {

using detail::label_views;
using detail::line_batch;

constexpr double least_rate = 0.000'001;  // that six decimals can say

// What stands before the value, and what after its type, in the lines of a series.
struct frame {
  std::string before;
  std::string tags;
};

void append_tags(std::string& out, std::string_view start, char equals, const label_views& labels,
                 std::string_view in_names, std::string_view in_values) {
  for (const auto& [name, value] : labels) {
    out += std::exchange(start, ",");
    detail::append_without(out, name, in_names);
    out += equals;
    detail::append_without(out, value, in_values);
  }
}

frame frame_of(const statsd_format& format, std::string_view name, const label_views& labels) {
  frame f{format.prefix, {}};
  detail::append_plain(f.before, name, detail::dots::stay);
  switch (format.dialect) {
    case statsd_dialect::statsd:
      detail::append_path(f.before, labels);
      break;
    case statsd_dialect::dogstatsd:
      detail::append_dogstatsd_tags(f.tags, labels);
      break;
    case statsd_dialect::influxstatsd:
      append_tags(f.before, ",", '=', labels, ":|@#,= ", ":|@#,= ");
      break;
  }
  f.before += ':';
  return f;
}

// How a histogram's values are sent.
struct value_kind {
  std::string_view type;
  double factor = 1;
};

value_kind kind_of(const statsd_format& format, std::string_view unit) {
  const bool seconds = unit == "seconds";
  const value_kind timing{"ms", seconds ? 1'000.0 : 1.0};
  switch (format.values) {
    case statsd_values::by_unit:
      if (format.dialect == statsd_dialect::statsd || seconds || unit == "milliseconds")
        return timing;
      return {"h"};
    case statsd_values::timing:
      return timing;
    case statsd_values::histogram:
      return {"h"};
    case statsd_values::distribution:
      return {"d"};
  }
  return timing;
}

class writer {
 public:
  explicit writer(const statsd_format& format) : format_(format) {}

  void counters(const snapshot& s) {
    for_each_touched(s, [this](const family& f, const point& p) {
      if (f.kind != metric_kind::counter) return false;
      line(frame_of(f, p), p.value, "c");
      return true;
    });
  }

  void gauges(const snapshot& s) {
    for_each_touched(s, [this](const family& f, const point& p) {
      if (f.kind != metric_kind::gauge && f.kind != metric_kind::up_down_counter) return false;
      const auto around = frame_of(f, p);
      const auto start = batch_.text.size();
      line(around, p.value, "g");
      if (signs_mean_changes() && batch_.text[start + around.before.size()] == '-') {
        const auto negative = batch_.text.substr(start);
        batch_.text.resize(start);
        line(around, 0, "g");
        batch_.text += negative;
      }
      return true;
    });
  }

  // Those of that type.
  void values(const samples& s, std::string_view type) {
    for (const auto& series : s.series) {
      const auto kind = kind_of(format_, series.unit);
      if (kind.type != type) continue;
      const auto around =
          metrics::frame_of(format_, series.name, detail::all_labels(format_.tags, series.labels));
      for (const double v : series.values) {
        line(around, v * kind.factor, kind.type, series.rate);
        batch_.end_group();
      }
    }
  }

  line_batch take() && { return std::move(batch_); }

 private:
  frame frame_of(const family& f, const point& p) const {
    return metrics::frame_of(format_, f.name, detail::all_labels(format_.tags, f, p));
  }
  bool signs_mean_changes() const noexcept { return format_.dialect != statsd_dialect::dogstatsd; }

  // `write` says whether it was for it.
  template <class F>
  void for_each_touched(const snapshot& s, F write) {
    for (std::size_t i = 0; i < s.families.size(); ++i) {
      const auto& f = s.families[i];
      for (std::size_t j = 0; j < f.points.size(); ++j) {
        const auto& p = f.points[j];
        if (p.updates != 0 && std::isfinite(p.value) && write(f, p)) batch_.end_group(i, j);
      }
    }
  }

  void line(const frame& around, double value, std::string_view type, double rate = 1) {
    auto& out = batch_.text;
    out += around.before;
    detail::append_value(out, value);
    (out += '|') += type;
    if (rate < 1) detail::append_value(out += "|@", std::max(rate, least_rate));
    (out += around.tags) += '\n';
  }

  const statsd_format& format_;
  line_batch batch_;
};

std::function<double(std::string_view, metric_kind)> histograms_only(
    std::function<double(std::string_view)> rate) {
  return [rate = std::move(rate)](std::string_view name, metric_kind kind) {
    if (kind != metric_kind::histogram) return 0.0;
    const double r = rate ? rate(name) : 1;
    return r > 0 ? std::max(r, least_rate) : 0.0;
  };
}

detail::line_exporter::encoder encoder_of(sample_reader reader, statsd_format format) {
  return [reader = std::make_shared<sample_reader>(std::move(reader)), format = std::move(format)](
             const snapshot& last, const snapshot& now) {
    return detail::statsd_lines(delta(last, now), reader->take(), format);
  };
}

std::unique_ptr<detail::line_exporter> make(registry metrics, std::shared_ptr<sender> to,
                                            statsd_options o) {
  require_valid(o.format);
  auto reader = metrics.read_samples(
      {.rate = histograms_only(std::move(o.rate)), .capacity = o.max_values, .random = o.random});
  auto encode = encoder_of(std::move(reader), std::move(o.format));
  return std::make_unique<detail::line_exporter>(std::move(metrics), std::move(to),
                                                 std::move(encode), std::move(o.push));
}

}  // namespace

void require_valid(const statsd_format& format) {
  detail::check_prefix(format.prefix, "statsd_format::prefix");
  detail::check_labels(format.tags, "statsd_format::tags");
  const bool right =
      format.values == statsd_values::by_unit || format.values == statsd_values::timing ||
      (format.values == statsd_values::histogram && format.dialect != statsd_dialect::statsd) ||
      format.dialect == statsd_dialect::dogstatsd;
  if (!right)
    throw error(errc::invalid_argument, "statsd_format::values: the dialect doesn't have them");
}

void detail::append_dogstatsd_tags(std::string& out, const label_views& labels) {
  append_tags(out, "|#", ':', labels, ":|@#,", "|@#,");
}

line_batch detail::statsd_lines(const snapshot& since_last, const samples& values,
                                const statsd_format& format) {
  writer w(format);
  w.counters(since_last);
  w.gauges(since_last);
  for (const char* type : {"ms", "h", "d"})
    w.values(values, type);
  auto batch = std::move(w).take();
  batch.dropped = values.dropped;
  return batch;
}

std::string statsd_text(const snapshot& since_last, const samples& values,
                        const statsd_format& format) {
  require_valid(format);
  return detail::statsd_lines(since_last, values, format).text;
}

statsd_exporter::statsd_exporter(registry metrics, std::shared_ptr<sender> to,
                                 statsd_options options)
    : push_exporter(make(std::move(metrics), std::move(to), std::move(options))) {}

}  // namespace kit::metrics
