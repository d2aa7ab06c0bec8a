#include <algorithm>
#include <chrono>
#include <cmath>
#include <string_view>
#include <utility>

#include <kit/metrics/detail/lines.hpp>
#include <kit/metrics/detail/numbers.hpp>
#include <kit/metrics/detail/quantiles.hpp>
#include <kit/metrics/influx.hpp>

namespace kit::metrics {
namespace {

constexpr std::string_view special = ",= ";

// A name or value with what is special escaped.
void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] == '\n' || text[i] == '\r' ? ' ' : text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : ' ';
    if (c == '\\' && (next == '\n' || next == '\r' || special.find(next) != special.npos)) {
      out += '/';
      continue;
    }
    if (special.find(c) != special.npos) out += '\\';
    out += c;
  }
}

void append_tags(std::string& out, const influx_format& format, const family& f, const point& p) {
  auto tags = detail::all_labels(format.tags, f, p);
  std::ranges::sort(tags);
  for (const auto& [name, value] : tags) {
    out += ',';
    append_escaped(out, name);
    out += '=';
    append_escaped(out, value);
  }
}

void append_fields(std::string& out, const family& f, const point& p) {
  if (f.kind != metric_kind::histogram) {
    out += f.kind == metric_kind::counter ? " count=" : " value=";
    return detail::append_number(out, p.value);
  }
  char before = ' ';
  for (const double q : detail::shown_quantiles(f)) {
    out.append(1, std::exchange(before, ',')).append(1, 'p');
    detail::append_number(out, detail::percent(q));
    out += '=';
    detail::append_number(out, p.histogram.quantile(q));
  }
}

std::string timestamp(wall_time t, influx_precision precision) {
  using namespace std::chrono;
  const auto since = t.time_since_epoch();
  switch (precision) {
    case influx_precision::nanoseconds:
      return std::to_string(duration_cast<nanoseconds>(since).count());
    case influx_precision::microseconds:
      return std::to_string(duration_cast<microseconds>(since).count());
    case influx_precision::milliseconds:
      return std::to_string(duration_cast<milliseconds>(since).count());
    case influx_precision::seconds:
      break;
  }
  return std::to_string(duration_cast<seconds>(since).count());
}

}  // namespace

void require_valid(const influx_format& format) {
  detail::check_labels(format.tags, "influx_format::tags");
}

std::string influx_lines(const snapshot& since_last, const influx_format& format) {
  require_valid(format);
  const auto time = ' ' + timestamp(since_last.time, format.precision) + '\n';
  std::string out;
  for (const auto& f : since_last.families) {
    for (const auto& p : f.points) {
      if (p.updates == 0 || !std::isfinite(p.value)) continue;
      append_escaped(out, f.name);
      append_tags(out, format, f, p);
      append_fields(out, f, p);
      out += time;
    }
  }
  return out;
}

}  // namespace kit::metrics
