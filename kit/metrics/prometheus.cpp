#include <kit/metrics/prometheus.hpp>

#include <array>
#include <utility>

#include <kit/error.hpp>
#include <kit/http/accept.hpp>
#include <kit/metrics/detail/page.hpp>

namespace kit::metrics {
namespace {

// The first is what who doesn't care gets.
constexpr std::array<std::string_view, 2> formats{prometheus_content_type,
                                                  openmetrics_content_type};
constexpr std::size_t openmetrics = 1;

}  // namespace

endpoint<http::request, http::response> prometheus_handler(registry metrics,
                                                           prometheus_options options) {
  if (options.max_exponential_buckets < 2) {
    throw error(errc::invalid_argument,
                "prometheus_options::max_exponential_buckets: must be at least 2");
  }
  return detail::page_handler([metrics = std::move(metrics), options](const http::request& req) {
    const bool open = http::negotiate_media_type(req.headers, formats) == openmetrics;
    const auto s = metrics.collect();
    auto page = http::response::text(
        http::status::ok, open ? openmetrics_text(s, options) : prometheus_text(s, options),
        open ? openmetrics_content_type : prometheus_content_type);
    page.headers.set(http::field::vary, "Accept");
    return page;
  });
}

}  // namespace kit::metrics
