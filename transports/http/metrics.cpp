#include <transports/http/metrics.hpp>

#include <utility>

#include <asio/this_coro.hpp>

#include <kit/http/url.hpp>
#include <kit/timer.hpp>
#include <transports/http/detail/exchange_metrics.hpp>
#include <transports/http/detail/measured_exchange.hpp>

namespace kit::http {
namespace {

using detail::exchange_metrics;
using detail::measured_exchange;

std::shared_ptr<exchange_metrics> make(const metrics::registry& registry,
                                       exchange_metrics_options o, const char* prefix,
                                       const char* place) {
  return std::make_shared<exchange_metrics>(registry, o.prefix.empty() ? prefix : o.prefix, place,
                                            std::move(o.buckets));
}

std::string server_of(const request& req) {
  const auto url = url::parse(req.target);
  if (!url) return {};
  return (url->is_ipv6() ? '[' + url->host + ']' : url->host) + ':' +
         std::to_string(url->effective_port());
}

asio::awaitable<result<response>> serve(std::shared_ptr<exchange_metrics> to, handler next,
                                        request req) {
  auto& wheel = timer_wheel::of(co_await asio::this_coro::executor);
  measured_exchange measured(std::move(to), wheel, req);
  measured.watch_route(req);
  co_return std::move(measured).finish(co_await next.try_call(std::move(req)));
}

asio::awaitable<result<response>> call(std::shared_ptr<exchange_metrics> to, handler next,
                                       request req) {
  auto& wheel = timer_wheel::of(co_await asio::this_coro::executor);
  measured_exchange measured(std::move(to), wheel, req);
  measured.call(server_of(req));
  co_return std::move(measured).finish(co_await next.try_call(std::move(req)));
}

}  // namespace

server_metrics::server_metrics(const metrics::registry& registry, exchange_metrics_options options)
    : series_(make(registry, std::move(options), "http_server", "http_route")) {}

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
    : series_(make(registry, std::move(options), "http_client", "server_address")) {}

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
