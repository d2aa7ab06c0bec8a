#include <transports/http/metrics.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <asio/this_coro.hpp>

#include <kit/http/url.hpp>
#include <kit/timer.hpp>
#include <transports/http/detail/exchange_metrics.hpp>
#include <transports/http/detail/watched_exchange.hpp>

namespace kit::http {
namespace {

using detail::exchange_metrics;

std::shared_ptr<exchange_metrics> make(const metrics::registry& registry,
                                       exchange_metrics_options o, const char* prefix,
                                       const char* place, int errors_from) {
  return std::make_shared<exchange_metrics>(registry, o.prefix.empty() ? prefix : o.prefix, place,
                                            errors_from, std::move(o.buckets));
}

std::string server_of(const request& req) {
  const auto url = url::parse(req.target);
  if (!url) return {};
  return (url->is_ipv6() ? '[' + url->host + ']' : url->host) + ':' +
         std::to_string(url->effective_port());
}

/// Counts an exchange when it ends.
class counter {
 public:
  /// `server` is whom a client calls; nothing at a server, whose route tells exchanges apart.
  counter(std::shared_ptr<exchange_metrics> to, timer_wheel& wheel, const request& req,
          std::optional<std::string> server)
      : to_(std::move(to)),
        wheel_(&wheel),
        started_(wheel.now()),
        request_bytes_(req.body.size()),
        server_(std::move(server)) {
    to_->active().add();
  }

  void ended(const method& m, const exchange_end& how) noexcept {
    to_->active().subtract();
    to_->observe({.method = m.known(),
                  .status = static_cast<std::uint16_t>(how.status ? to_int(*how.status) : 0),
                  .failure = failure_of(how),
                  .place = server_ ? std::string_view(*server_) : how.route},
                 wheel_->now() - started_, request_bytes_, how.response_bytes);
  }

 private:
  // What failed before there was an answer is what the status says, but for a client that has gone.
  static errc failure_of(const exchange_end& how) noexcept {
    if (!how.failure) return errc::ok;
    const auto code = how.failure->code();
    const bool is_answer = how.status && !how.response_bytes;
    return is_answer && code != errc::canceled ? errc::ok : code;
  }

  std::shared_ptr<exchange_metrics> to_;
  timer_wheel* wheel_;
  time_point started_;
  std::optional<std::uint64_t> request_bytes_;
  std::optional<std::string> server_;
};

asio::awaitable<result<response>> serve(std::shared_ptr<exchange_metrics> to, handler next,
                                        request req) {
  auto& wheel = timer_wheel::of(co_await asio::this_coro::executor);
  detail::watched_exchange<counter> counted(counter(std::move(to), wheel, req, {}), req);
  counted.watch_route(req);
  co_return std::move(counted).finish(co_await next.try_call(std::move(req)));
}

asio::awaitable<result<response>> call(std::shared_ptr<exchange_metrics> to, handler next,
                                       request req) {
  auto& wheel = timer_wheel::of(co_await asio::this_coro::executor);
  detail::watched_exchange<counter> counted(counter(std::move(to), wheel, req, server_of(req)),
                                            req);
  co_return std::move(counted).finish(co_await next.try_call(std::move(req)));
}

}  // namespace

server_metrics::server_metrics(const metrics::registry& registry, exchange_metrics_options options)
    : series_(make(registry, std::move(options), "http_server", "http_route", 500)) {}

handler server_metrics::operator()(handler next) const {
  struct layer {
    std::shared_ptr<exchange_metrics> series;
    handler next;
    asio::awaitable<result<response>> try_call(request&& req) const {
      return serve(series, next, std::move(req));
    }
  };
  return layer{series_, std::move(next)};
}

client_metrics::client_metrics(const metrics::registry& registry, exchange_metrics_options options)
    : series_(make(registry, std::move(options), "http_client", "server_address", 400)) {}

handler client_metrics::operator()(handler next) const {
  struct layer {
    std::shared_ptr<exchange_metrics> series;
    handler next;
    asio::awaitable<result<response>> try_call(request&& req) const {
      return call(series, next, std::move(req));
    }
  };
  return layer{series_, std::move(next)};
}

}  // namespace kit::http
