#include <kit/metrics/otlp.hpp>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <kit/error.hpp>
#include <kit/http/post.hpp>
#include <kit/http/url.hpp>
#include <kit/metrics/detail/otlp_message.hpp>
#include <kit/metrics/detail/request_exporter.hpp>

namespace kit::metrics {
namespace {

void check(const otlp_options& o) {
  const auto refuse = [](const char* what) {
    throw error(errc::invalid_argument, std::string("otlp_options::") + what);
  };
  if (!http::is_http_url(o.url)) refuse("url: is no URL of http or https");
  if (o.max_series < 1) refuse("max_series: must be at least 1");
  if (!otlp::encode(otlp::resource{o.resource}, o.encode_as)) refuse("resource: must be UTF-8");
}

class pusher final : public detail::request_exporter {
 public:
  pusher(registry metrics, endpoint<http::request, http::response> client, otlp_options o)
      : request_exporter(o.push),
        options_((check(o), std::move(o))),
        metrics_(std::move(metrics)),
        client_(std::move(client)) {}

  std::string address() const override { return options_.url; }

  asio::awaitable<result<void>> flush() override {
    if (!deltas()) forget();  // what comes now says all of it
    return request_exporter::flush();
  }

 private:
  bool deltas() const noexcept { return options_.values == otlp_options::temporality::delta; }

  std::vector<detail::push_batch> make() override;
  asio::awaitable<result<void>> send(const detail::push_batch& b) override;
  detail::push_batch encode(std::vector<otlp::metric> metrics, std::size_t series) const;

  const otlp_options options_;
  const registry metrics_;
  snapshot last_;  // for deltas
  endpoint<http::request, http::response> client_;
};

std::vector<detail::push_batch> pusher::make() {
  auto now = metrics_.collect();
  auto all = deltas() ? detail::otlp_changes(last_, now) : detail::otlp_totals(now);
  if (deltas()) last_ = std::move(now);
  std::vector<detail::push_batch> out;
  std::vector<otlp::metric> next;
  std::size_t series = 0;
  for (auto& m : all) {
    const auto more = detail::points_of(m);
    if (!next.empty() && series + more > options_.max_series) {
      out.push_back(encode(std::exchange(next, {}), std::exchange(series, 0)));
    }
    next.push_back(std::move(m));
    series += more;
  }
  if (!next.empty()) out.push_back(encode(std::move(next), series));
  return out;
}

detail::push_batch pusher::encode(std::vector<otlp::metric> metrics, std::size_t series) const {
  const auto message = detail::otlp_request(std::move(metrics), options_.resource);
  return {.content = otlp::encode(message, options_.encode_as).value(), .values = series};
}

asio::awaitable<result<void>> pusher::send(const detail::push_batch& b) {
  const auto answer = co_await http::post(client_, options_.url, b.content,
                                          otlp::content_type(options_.encode_as), options_.headers);
  if (!answer) co_return fail(answer.error());
  const auto read = otlp::read_answer<otlp::export_metrics_service_response>(*answer);
  const auto refused = read.partial_success.rejected_data_points.value;
  if (refused <= 0) co_return result<void>();
  co_return fail(error(errc::invalid_argument, read.partial_success.error_message)
                     .with(detail::refused_part{static_cast<std::size_t>(refused)}));
}

}  // namespace

otlp::export_metrics_service_request to_otlp(const snapshot& now,
                                             const otlp::attributes& resource) {
  return detail::otlp_request(detail::otlp_totals(now), resource);
}

otlp::export_metrics_service_request to_otlp(const snapshot& earlier, const snapshot& now,
                                             const otlp::attributes& resource) {
  return detail::otlp_request(detail::otlp_changes(earlier, now), resource);
}

otlp_exporter::otlp_exporter(registry metrics, endpoint<http::request, http::response> client,
                             otlp_options options)
    : push_exporter(
          std::make_unique<pusher>(std::move(metrics), std::move(client), std::move(options))) {}

}  // namespace kit::metrics
