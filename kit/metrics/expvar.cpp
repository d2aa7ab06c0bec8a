#include <kit/metrics/expvar.hpp>

#include <map>
#include <utility>

#include <kit/codec/json.hpp>
#include <kit/metrics/detail/numbers.hpp>
#include <kit/metrics/detail/page.hpp>
#include <kit/metrics/detail/quantiles.hpp>

namespace kit::metrics {
namespace {

// `{a="1",b="2"}`; nothing without labels.
std::string labels_of(const family& f, const point& p) {
  std::string out;
  for (std::size_t i = 0; i < f.labels.size(); ++i) {
    out += i == 0 ? '{' : ',';
    out += f.labels[i] + '=' + json::encode(p.values[i]).value_or("\"\"");
  }
  return out.empty() ? out : out + '}';
}

// `p99`, `p99.9`
std::string name_of(double quantile) {
  std::string out = ".p";
  detail::append_number(out, detail::percent(quantile));
  return out;
}

}  // namespace

std::string expvar_json(const snapshot& s) {
  std::map<std::string, double> values;
  for (const auto& f : s.families) {
    for (const auto& p : f.points) {
      const auto labels = labels_of(f, p);
      if (f.kind != metric_kind::histogram) {
        values[f.name + labels] = p.value;
        continue;
      }
      for (const double q : detail::shown_quantiles(f))
        values[f.name + name_of(q) + labels] = p.histogram.quantile(q);
    }
  }
  std::string out = "{\n";
  for (const auto& [name, value] : values) {
    if (out.size() > 2) out += ",\n";
    out += json::encode(name).value_or("\"\"") + ": " + json::encode(value).value_or("null");
  }
  if (!values.empty()) out += '\n';
  return out + "}\n";
}

endpoint<http::request, http::response> expvar_handler(registry metrics) {
  return detail::page_handler([metrics = std::move(metrics)](const http::request&) {
    return http::response::text(http::status::ok, expvar_json(metrics.collect()),
                                "application/json; charset=utf-8");
  });
}

}  // namespace kit::metrics
