#include <kit/metrics/graphite.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <kit/metrics/detail/line_exporter.hpp>
#include <kit/metrics/detail/lines.hpp>
#include <kit/metrics/detail/numbers.hpp>
#include <kit/metrics/detail/quantiles.hpp>

namespace kit::metrics {
namespace {

using detail::line_batch;

// A series' path, in two parts: a quantile's name goes between them.
struct path {
  std::string name;
  std::string tags;
};

path path_of(const graphite_format& format, const family& f, const point& p) {
  path out{format.prefix, {}};
  detail::append_plain(out.name, f.name, detail::dots::stay);
  const auto labels = detail::all_labels(format.tags, f, p);
  if (format.labels == graphite_labels::path) {
    detail::append_path(out.name, labels);
    return out;
  }
  for (const auto& [name, value] : labels) {
    detail::append_without(out.tags += ';', name, ";!^=~ ");
    detail::append_without(out.tags += '=', value, ";~ ");
  }
  return out;
}

// `.p99`, `.p99_9`
std::string name_of(double quantile) {
  std::string out = ".p";
  detail::append_number(out, detail::percent(quantile));
  std::ranges::replace(out.begin() + 1, out.end(), '.', detail::substitute);
  return out;
}

class writer {
 public:
  writer(const graphite_format& format, wall_time time) : format_(format) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
    end_ = ' ' + std::to_string(seconds.count()) + '\n';
  }

  void value(const family& f, const point& p, double v) {
    if (!std::isfinite(v)) return;
    const auto to = path_of(format_, f, p);
    line(to, {}, v);
  }
  void quantiles(const family& f, const point& p) {
    const auto to = path_of(format_, f, p);
    for (const double q : detail::shown_quantiles(f))
      line(to, name_of(q), p.histogram.quantile(q));
  }
  void end_group(std::size_t family, std::size_t point) {
    const auto written = batch_.groups.empty() ? 0 : batch_.groups.back().end;
    if (batch_.text.size() > written) batch_.end_group(family, point);
  }
  line_batch take() && { return std::move(batch_); }

 private:
  void line(const path& to, std::string_view quantile, double v) {
    ((batch_.text += to.name) += quantile) += to.tags;
    detail::append_value(batch_.text += ' ', v);
    batch_.text += end_;
  }

  const graphite_format& format_;
  std::string end_;
  line_batch batch_;
};

line_batch lines(const snapshot& last, const snapshot& now, const graphite_format& format) {
  writer w(format, now.time);
  const auto added = delta(last, now);  // whose places are those of `now`
  for (std::size_t i = 0; i < now.families.size(); ++i) {
    const auto& f = now.families[i];
    for (std::size_t j = 0; j < f.points.size(); ++j) {
      if (f.kind == metric_kind::histogram) {
        w.quantiles(f, f.points[j]);
      } else {
        w.value(f, f.points[j], added.families[i].points[j].value);
      }
      w.end_group(i, j);
    }
  }
  return std::move(w).take();
}

std::unique_ptr<detail::line_exporter> make(registry metrics, std::shared_ptr<sender> to,
                                            graphite_options o) {
  require_valid(o.format);
  auto encode = [format = std::move(o.format)](const snapshot& last, const snapshot& now) {
    return lines(last, now, format);
  };
  return std::make_unique<detail::line_exporter>(std::move(metrics), std::move(to),
                                                 std::move(encode), std::move(o.push));
}

}  // namespace

void require_valid(const graphite_format& format) {
  detail::check_prefix(format.prefix, "graphite_format::prefix");
  detail::check_labels(format.tags, "graphite_format::tags");
}

std::string graphite_text(const snapshot& last, const snapshot& now,
                          const graphite_format& format) {
  require_valid(format);
  return lines(last, now, format).text;
}

graphite_exporter::graphite_exporter(registry metrics, std::shared_ptr<sender> to,
                                     graphite_options options)
    : push_exporter(make(std::move(metrics), std::move(to), std::move(options))) {}

}  // namespace kit::metrics
