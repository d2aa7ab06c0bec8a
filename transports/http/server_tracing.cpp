#include <transports/http/server_tracing.hpp>

#include <utility>

#include <kit/this_context.hpp>
#include <transports/http/detail/exchange_span.hpp>

namespace kit::http {

struct server_tracing::shared {
  tracing::tracer tracer;
  server_tracing_options options;
};

namespace {

using tracing::span;
using tracing::trace_flags;

// What the request's fields say of the caller, or the request sampler in its place.
context caller_context(const server_tracing_options& o, const context& ctx, const request& req) {
  if (!o.propagate) return ctx;
  auto result = tracing::extract(ctx, tracing::header_reader(req.headers), o.formats);
  if (!o.request_sampler || o.public_endpoint) return result;
  const auto caller = tracing::span_of(result).context();
  const bool decided = caller.remote && !has(caller.flags, trace_flags::deferred);
  if (decided) return result;
  const auto decision = o.request_sampler(req);
  if (!decision) return result;
  auto with_decision = caller;
  with_decision.remote = true;
  with_decision.flags = *decision ? trace_flags::sampled : trace_flags::none;
  return tracing::with_span_context(result, std::move(with_decision));
}

}  // namespace

class server_tracing::layer {
 public:
  layer(std::shared_ptr<const shared> s, handler next)
      : shared_(std::move(s)), next_(std::move(next)) {}
  asio::awaitable<result<response>> try_call(request&& req) const {
    return serve(shared_, next_, std::move(req));
  }

 private:
  static asio::awaitable<result<response>> serve(std::shared_ptr<const shared> s, handler next,
                                                 request req);
  static span start(const shared& s, const context& ctx, const request& req);

  std::shared_ptr<const shared> shared_;
  handler next_;
};

span server_tracing::layer::start(const shared& s, const context& ctx, const request& req) {
  const auto& o = s.options;
  const auto name = detail::span_name(o, req, o.convention.server_name);
  auto span = s.tracer.start(name, ctx,
                             {.kind = tracing::span_kind::server, .new_root = o.public_endpoint});
  if (!span.recording()) return span;
  o.convention.server_request(span, ctx, req);
  span.set_all(o.attributes);
  if (o.attributes_of) span.set_all(o.attributes_of(ctx, req));
  return span;
}

asio::awaitable<result<response>> server_tracing::layer::serve(std::shared_ptr<const shared> s,
                                                               handler next, request req) {
  const auto ctx = caller_context(s->options, co_await this_context(), req);
  auto current = start(*s, ctx, req);
  auto inside = tracing::with_span(ctx, current);
  if (!current.recording()) {
    co_return co_await with_context(std::move(inside), next.try_call(std::move(req)));
  }
  detail::exchange_span watched(
      detail::span_watcher{std::move(current), s->options.convention.server_end}, req);
  watched.watch_route(req);
  auto r = co_await with_context(std::move(inside), next.try_call(std::move(req)));
  co_return std::move(watched).finish(std::move(r));
}

server_tracing::server_tracing(tracing::tracer tracer, server_tracing_options options) {
  if (options.public_endpoint) options.formats.baggage = false;  // a stranger's
  shared_ = std::make_shared<const shared>(shared{std::move(tracer), std::move(options)});
}

handler server_tracing::operator()(handler next) const {
  return layer(shared_, std::move(next));
}

}  // namespace kit::http
