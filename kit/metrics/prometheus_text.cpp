#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

#include <kit/metrics/detail/names.hpp>
#include <kit/metrics/detail/numbers.hpp>
#include <kit/metrics/prometheus.hpp>

namespace kit::metrics {
namespace {

enum class format : std::uint8_t { prometheus, openmetrics };

constexpr double infinity = std::numeric_limits<double>::infinity();

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (c == '"' && quotes)) out += '\\';
    out += c;
  }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append("=\"");
  append_escaped(out, value, true);
  out += '"';
}

// Writes one snapshot.
class page {
 public:
  page(format f, const prometheus_options& options) : format_(f), options_(options) {}

  void write(const snapshot& s) {
    for (const auto& f : s.families)
      write(f);
    if (open()) out_ += "# EOF\n";
  }
  std::string take() && { return std::move(out_); }

 private:
  bool open() const noexcept { return format_ == format::openmetrics; }

  void write(const family& f) {
    name_ = f.kind == metric_kind::counter ? detail::without_total(f.name) : f.name;
    head(f);
    for (const auto& p : f.points) {
      switch (f.kind) {
        case metric_kind::counter:
          sample("_total", f, p, p.value);
          break;
        case metric_kind::gauge:
        case metric_kind::up_down_counter:
          sample("", f, p, p.value);
          break;
        case metric_kind::histogram:
          f.quantiles.empty() ? histogram(f, p) : summary(f, p);
          break;
      }
      if (open() && (f.kind == metric_kind::counter || f.kind == metric_kind::histogram))
        created(f, p);
    }
  }

  void head(const family& f) {
    const bool counter = f.kind == metric_kind::counter;
    const std::string_view suffix = counter && !open() ? "_total" : "";
    const std::string_view type = counter                            ? "counter"
                                  : f.kind != metric_kind::histogram ? "gauge"
                                  : f.quantiles.empty()              ? "histogram"
                                                                     : "summary";
    if (!f.help.empty()) {
      out_.append("# HELP ").append(name_).append(suffix) += ' ';
      append_escaped(out_, f.help, open());
      out_ += '\n';
    }
    out_.append("# TYPE ").append(name_).append(suffix) += ' ';
    out_.append(type) += '\n';
    if (open() && has_unit(f.unit))
      out_.append("# UNIT ").append(name_).append(" ").append(f.unit) += '\n';
  }

  bool has_unit(std::string_view unit) const noexcept {
    return !unit.empty() && name_.size() > unit.size() && name_.ends_with(unit) &&
           name_[name_.size() - unit.size() - 1] == '_';
  }

  // The sample without its value; a label of the format's own comes last.
  void start(std::string_view suffix, const family& f, const point& p, std::string_view extra = {},
             double extra_value = 0) {
    out_.append(name_).append(suffix);
    if (!f.labels.empty() || !extra.empty()) {
      char before = '{';
      for (std::size_t i = 0; i < f.labels.size(); ++i) {
        out_ += std::exchange(before, ',');
        append_label(out_, f.labels[i], p.values[i]);
      }
      if (!extra.empty()) {
        (out_ += before).append(extra).append("=\"");
        append_bound(extra_value);
        out_ += '"';
      }
      out_ += '}';
    }
    out_ += ' ';
  }
  // OpenMetrics wants a point in it.
  void append_bound(double bound) {
    const auto size = out_.size();
    detail::append_number(out_, bound);
    if (open() && out_.find_first_not_of("-0123456789", size) == std::string::npos) out_ += ".0";
  }

  void sample(std::string_view suffix, const family& f, const point& p, double value) {
    start(suffix, f, p);
    detail::append_number(out_, value);
    out_ += '\n';
  }

  void created(const family& f, const point& p) {
    start("_created", f, p);
    time(p.start);
    out_ += '\n';
  }
  void time(wall_time t) {
    const std::chrono::duration<double> seconds = t.time_since_epoch();
    detail::append_fixed(out_, seconds.count(), 3);
  }

  void summary(const family& f, const point& p) {
    const auto& h = p.histogram;
    for (const double q : f.quantiles) {
      start("", f, p, "quantile", q);
      detail::append_number(out_,
                            h.count > 0 ? h.quantile(q) : std::numeric_limits<double>::quiet_NaN());
      out_ += '\n';
    }
    total(f, p);
  }

  void histogram(const family& f, const point& p) {
    const auto buckets = p.histogram.with_bounds(options_.max_exponential_buckets);
    std::uint64_t count = 0;
    double below = -infinity;
    for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
      const double bound = i < buckets.bounds.size() ? buckets.bounds[i] : infinity;
      count += buckets.counts[i];
      start("_bucket", f, p, "le", bound);
      out_ += std::to_string(count);
      if (open()) example(p.histogram.exemplars, std::exchange(below, bound), bound);
      out_ += '\n';
    }
    const bool negative = !buckets.bounds.empty() && buckets.bounds.front() < 0;
    if (!open() || !negative) total(f, p);
  }

  void total(const family& f, const point& p) {
    sample("_sum", f, p, p.histogram.sum);
    start("_count", f, p);
    out_.append(std::to_string(p.histogram.count)) += '\n';
  }

  // The newest of those in the bucket.
  void example(const std::vector<exemplar>& all, double above, double up_to) {
    const exemplar* newest = nullptr;
    for (const auto& e : all) {
      const bool here = e.value > above && e.value <= up_to;
      if (here && (!newest || e.time >= newest->time)) newest = &e;
    }
    if (!newest) return;
    out_ += " # {";
    for (const auto& l : newest->labels) {
      if (&l != newest->labels.data()) out_ += ',';
      append_label(out_, l.name, l.value);
    }
    out_ += "} ";
    detail::append_number(out_, newest->value);
    out_ += ' ';
    time(newest->time);
  }

  const format format_;
  const prometheus_options& options_;
  std::string out_;
  std::string_view name_;  // of the family
};

std::string text(format f, const snapshot& s, const prometheus_options& options) {
  page p(f, options);
  p.write(s);
  return std::move(p).take();
}

}  // namespace

std::string prometheus_text(const snapshot& s, const prometheus_options& options) {
  return text(format::prometheus, s, options);
}

std::string openmetrics_text(const snapshot& s, const prometheus_options& options) {
  return text(format::openmetrics, s, options);
}

}  // namespace kit::metrics
