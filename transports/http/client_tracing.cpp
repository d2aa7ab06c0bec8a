#include <transports/http/client_tracing.hpp>

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
  std::string name = o.name_of ? o.name_of(req) : std::string();
  if (name.empty()) name = o.name.empty() ? o.convention.client_name(req) : o.name;
  auto span = s.tracer.start(name, ctx, {.kind = tracing::span_kind::client});
  if (!span.recording()) return span;
  o.convention.client_request(span, req);
  for (const auto& a : o.attributes)
    span.set(a);
  if (o.attributes_of) {
    for (auto& a : o.attributes_of(req))
      span.set(std::move(a));
  }
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
  const bool ours = s->tracer && current.recording();
  detail::exchange_span watched(ours ? std::move(current) : tracing::span(),
                                s->options.convention.client_end, req.method);
  auto r = co_await with_context(std::move(inside), next.try_call(std::move(req)));
  co_return std::move(watched).finish(std::move(r));
}

client_tracing::client_tracing(tracing::tracer tracer, client_tracing_options options)
    : shared_(std::make_shared<const shared>(shared{std::move(tracer), std::move(options)})) {}

handler client_tracing::operator()(handler next) const {
  return layer(shared_, std::move(next));
}

}  // namespace kit::http
