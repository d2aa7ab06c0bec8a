#include <transports/http/client_tracing.hpp>

#include <optional>
#include <utility>

#include <kit/this_context.hpp>
#include <transports/http/detail/exchange_span.hpp>

namespace kit::http {

struct client_tracing::shared {
  tracing::tracer tracer;
  client_tracing_options options;
};

class client_tracing::layer {
 public:
  layer(std::shared_ptr<const shared> s, handler next)
      : shared_(std::move(s)), next_(std::move(next)) {}
  asio::awaitable<result<response>> try_call(request&& req) const {
    return send(shared_, next_, std::move(req));
  }

 private:
  static asio::awaitable<result<response>> send(std::shared_ptr<const shared> s, handler next,
                                                request req);
  static tracing::span start(const shared& s, const context& ctx, const request& req);

  std::shared_ptr<const shared> shared_;
  handler next_;
};

tracing::span client_tracing::layer::start(const shared& s, const context& ctx,
                                           const request& req) {
  if (!s.tracer) return tracing::span_of(ctx);
  const auto& o = s.options;
  const auto name = detail::span_name(o, req, o.convention.client_name);
  auto span = s.tracer.start(name, ctx, {.kind = tracing::span_kind::client});
  if (!span.recording()) return span;
  o.convention.client_request(span, req);
  span.set_all(o.attributes);
  if (o.attributes_of) span.set_all(o.attributes_of(req));
  return span;
}

asio::awaitable<result<response>> client_tracing::layer::send(std::shared_ptr<const shared> s,
                                                              handler next, request req) {
  const auto ctx = co_await this_context();
  auto current = start(*s, ctx, req);
  auto inside = tracing::with_span(ctx, current);
  if (s->options.propagate) {
    tracing::header_writer fields(req.headers);
    tracing::inject(inside, fields, s->options.formats);
  }
  std::optional<detail::span_watcher> watcher;
  if (s->tracer && current.recording()) {
    watcher.emplace(detail::span_watcher{std::move(current), s->options.convention.client_end});
  }
  detail::exchange_span watched(std::move(watcher), req);
  auto r = co_await with_context(std::move(inside), next.try_call(std::move(req)));
  co_return std::move(watched).finish(std::move(r));
}

client_tracing::client_tracing(tracing::tracer tracer, client_tracing_options options)
    : shared_(std::make_shared<const shared>(shared{std::move(tracer), std::move(options)})) {}

handler client_tracing::operator()(handler next) const {
  return layer(shared_, std::move(next));
}

}  // namespace kit::http
