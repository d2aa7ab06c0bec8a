#include <kit/metrics/cloudwatch.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <kit/error.hpp>
#include <kit/http/check_status.hpp>
#include <kit/http/url.hpp>
#include <kit/metrics/detail/request_exporter.hpp>
#include <kit/metrics/detail/window.hpp>

namespace kit::metrics {

namespace {

using credentials_source = std::function<asio::awaitable<http::aws_credentials>()>;

// CloudWatch takes 1 MB.
constexpr std::size_t enough_bytes = 900'000;

[[noreturn]] void refuse(const char* what) {
  throw error(errc::invalid_argument, std::string("cloudwatch_options::") + what);
}

void check(const cloudwatch_options& o) {
  require_valid(o.format);
  require_valid(o.backoff);
  if (o.name_space.empty() || o.name_space.size() > 255) {
    refuse("name_space: must have 1 to 255 characters");
  }
  if (o.region.empty()) refuse("region: is empty");
  if (!o.url.empty() && !http::is_http_url(o.url)) refuse("url: is no URL of http or https");
  if (o.max_batch < 1 || o.max_batch > 1'000) refuse("max_batch: must be from 1 to 1,000");
  if (o.concurrency < 1) refuse("concurrency: must be at least 1");
  if (o.max_attempts < 1) refuse("max_attempts: must be at least 1");
  if (o.max_values < 1) refuse("max_values: must be at least 1");
  if (const auto* source = std::get_if<credentials_source>(&o.credentials); source && !*source) {
    refuse("credentials: the function is empty");
  }
}

std::string url_of(const cloudwatch_options& o) {
  if (!o.url.empty()) return o.url;
  const bool china = o.region.starts_with("cn-");
  return "https://monitoring." + o.region + ".amazonaws.com" + (china ? ".cn/" : "/");
}

// The text of the first XML element of that name.
std::string_view element(std::string_view xml, std::string_view name) {
  const auto begin = xml.find('<' + std::string(name) + '>');
  if (begin == xml.npos) return {};
  const auto text = xml.substr(begin + name.size() + 2);
  return text.substr(0, std::min(text.find("</"), text.size()));
}

// Of an answer that isn't 2xx. The API says 400 also where time or the operator can mend it.
error error_of(const http::response& answer, const error& by_status) {
  const auto code = element(answer.body.text(), "Code");
  if (code.empty()) return by_status;
  auto c = by_status.code();
  if (code.starts_with("Throttling") || code == "RequestLimitExceeded") {
    c = errc::resource_exhausted;
  } else if (code == "RequestExpired" || code == "ExpiredToken" || code == "IncompleteSignature") {
    c = errc::unauthenticated;
  }
  error out(c, std::string(code) + ": " + std::string(element(answer.body.text(), "Message")));
  if (const auto hint = by_status.retry_after()) out = out.with_retry_after(*hint);
  return out.with(http::received_status{answer.status});
}

class writer final : public detail::request_exporter {
 public:
  writer(registry metrics, endpoint<http::request, http::response> client, cloudwatch_options o)
      : request_exporter(o.push, {.concurrency = o.concurrency,
                                  .max_attempts = o.max_attempts,
                                  .backoff = o.backoff,
                                  .random = o.random.split()}),
        options_((check(o), std::move(o))),
        scope_{.region = options_.region, .service = "monitoring"},
        window_(metrics),
        gauges_(metrics.read_samples({.rate = &wanted, .capacity = options_.max_values})),
        request_{.method = http::method::post, .target = url_of(options_)},
        client_(std::move(client)) {
    request_.headers.set(http::field::content_type,
                         "application/x-www-form-urlencoded; charset=utf-8");
  }

  std::string address() const override { return request_.target; }

 private:
  static double wanted(std::string_view, metric_kind kind) {
    return kind == metric_kind::gauge ? 1 : 0;
  }

  std::vector<detail::push_batch> make() override {
    const auto values = gauges_.take();  // first, as what is set meanwhile comes next time
    add(counted().values_lost, values.dropped);
    const auto now = window_.next();
    const auto data = cloudwatch_data(now, values, options_.format);
    std::vector<detail::push_batch> out;
    for (std::span<const cloudwatch_datum> rest = data; !rest.empty();) {
      out.push_back(next_batch(rest, now.time));
      rest = rest.subspan(out.back().values);
    }
    return out;
  }

  detail::push_batch next_batch(std::span<const cloudwatch_datum> data, wall_time time) const {
    const auto encode = [&](std::size_t n) {
      return detail::push_batch{.content = put_metric_data(options_.name_space, data.first(n), time,
                                                           options_.high_resolution),
                                .values = n};
    };
    auto out = encode(std::min(data.size(), options_.max_batch));
    while (out.content.size() > enough_bytes && out.values > 1)
      out = encode(out.values / 2);
    return out;
  }

  asio::awaitable<result<void>> prepare() override {
    if (const auto* given = std::get_if<http::aws_credentials>(&options_.credentials)) {
      keys_ = *given;
      co_return result<void>();
    }
    try {
      keys_ = co_await std::get<credentials_source>(options_.credentials)();
    } catch (...) {
      co_return fail(to_error(std::current_exception()));
    }
    co_return result<void>();
  }

  asio::awaitable<result<void>> send(const detail::push_batch& b) override {
    auto req = request_;
    req.body = b.content;
    http::sign_v4(req, keys_, scope_,
                  options_.now ? options_.now() : std::chrono::system_clock::now());
    const auto answer = co_await client_.try_call(std::move(req));
    if (!answer) co_return fail(answer.error());
    if (const auto ok = http::check_status(*answer); !ok) {
      co_return fail(error_of(*answer, ok.error()));
    }
    co_return result<void>();
  }

  const cloudwatch_options options_;
  const http::sigv4_scope scope_;
  detail::window window_;
  sample_reader gauges_;
  http::aws_credentials keys_;
  http::request request_;
  endpoint<http::request, http::response> client_;
};

}  // namespace

cloudwatch_exporter::cloudwatch_exporter(registry metrics,
                                         endpoint<http::request, http::response> client,
                                         cloudwatch_options options)
    : push_exporter(
          std::make_unique<writer>(std::move(metrics), std::move(client), std::move(options))) {}

}  // namespace kit::metrics
