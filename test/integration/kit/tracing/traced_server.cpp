// A server that tells of its spans, and calls others; peers_test.py has Node.js call it, and be
// called. Ends on SIGTERM. usage: traced_server w3c|b3|b3multi
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/codec/json.hpp>
#include <kit/runtime.hpp>
#include <kit/testing/recording_spans.hpp>
#include <kit/this_context.hpp>
#include <kit/tracing/baggage.hpp>
#include <kit/tracing/propagation.hpp>
#include <kit/tracing/tracer.hpp>
#include <transports/http/client.hpp>
#include <transports/http/client_tracing.hpp>
#include <transports/http/router.hpp>
#include <transports/http/serve.hpp>
#include <transports/http/server_tracing.hpp>

namespace http = kit::http;
namespace tracing = kit::tracing;

namespace {

/// Of the span that a request is served in.
struct seen {
  std::string trace_id;
  std::string span_id;
  std::string parent_id;
  std::string trace_state;
  bool sampled = false;
  bool debug = false;
  bool recorded = false;
  std::map<std::string, std::string> baggage = {};
  std::string answer = {};  ///< what was called said
};

seen look(const kit::context& ctx) {
  const auto span = tracing::span_of(ctx);
  const auto& c = span.context();
  seen out{.trace_id = to_string(c.trace_id),
           .span_id = to_string(c.span_id),
           .parent_id = c.parent_span_id.valid() ? to_string(c.parent_span_id) : "",
           .trace_state = std::string(c.trace_state()),
           .sampled = c.sampled(),
           .debug = has(c.flags, tracing::trace_flags::debug),
           .recorded = span.recording()};
  if (const auto* b = ctx.get<tracing::baggage>()) {
    for (const auto& m : b->members())
      out.baggage[m.key] = m.value;
  }
  return out;
}

asio::awaitable<http::response> call(http::handler client, http::request req) {
  auto out = look(co_await kit::this_context());
  if (const auto url = req.query("url")) {
    const auto answer = co_await client(http::request{.target = *url});
    out.answer = answer.body.text();
  }
  co_return http::response::text(http::status::ok, kit::json::encode(out).value());
}

tracing::propagation formats_of(const std::string& name) {
  if (name == "w3c") return {};
  return {.inject = {name == "b3" ? tracing::b3 : tracing::b3multi}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto formats = formats_of(argv[1]);
  const tracing::tracer tracer({.processors = {std::make_shared<kit::testing::recording_spans>()}});
  const http::handler client = http::client_tracing(tracer, {.formats = formats})(http::client());
  http::router router;
  router.use(http::server_tracing(tracer, {.formats = formats}));
  router.get("/call", [client](http::request req) { return call(client, std::move(req)); });
  kit::runtime rt({.handle_signals = true});
  std::cout << http::serve(rt, router, {.port = 0}) << std::endl;
  return rt.run();
}
