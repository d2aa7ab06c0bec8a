#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <string_view>

#include <kit/error.hpp>
#include <kit/metrics/detail/numbers.hpp>
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
  std::map<std::string_view, std::string_view> tags;
  for (const auto& t : format.tags)
    tags[t.name] = t.value;
  for (std::size_t i = 0; i < f.labels.size(); ++i)
    tags[f.labels[i]] = p.values[i];
  for (const auto& [name, value] : tags) {
    if (value.empty()) continue;
    out += ',';
    append_escaped(out, name);
    out += '=';
    append_escaped(out, value);
  }
}

void append_fields(std::string& out, const influx_format& format, const family& f, const point& p) {
  if (f.kind != metric_kind::histogram) {
    out += f.kind == metric_kind::counter ? " count=" : " value=";
    return detail::append_number(out, p.value);
  }
  char before = ' ';
  for (const double q : format.quantiles) {
    out += std::exchange(before, ',');
    out += 'p';
    detail::append_percent(out, q);
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

void validate(const influx_format& format) {
  const auto refuse = [](const char* what) {
    throw error(errc::invalid_argument, std::string("influx_format::") + what);
  };
  for (const auto& t : format.tags)
    if (t.name.empty()) refuse("tags: one has no name");
  if (format.quantiles.empty()) refuse("quantiles: there are none");
  for (const double q : format.quantiles)
    if (!(q >= 0 && q <= 1)) refuse("quantiles: one is not from 0 to 1");
}

std::string influx_lines(const snapshot& since_last, const influx_format& format) {
  validate(format);
  const auto time = ' ' + timestamp(since_last.time, format.precision) + '\n';
  std::string out;
  for (const auto& f : since_last.families) {
    for (const auto& p : f.points) {
      if (p.updates == 0 || !std::isfinite(p.value)) continue;
      append_escaped(out, f.name);
      append_tags(out, format, f, p);
      append_fields(out, format, f, p);
      out += time;
    }
  }
  return out;
}

}  // namespace kit::metrics
