#include <transports/http/server_tracing.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/connection_info.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/recording_spans.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <kit/tracing/baggage.hpp>
#include <transports/http/handler_of.hpp>
#include <transports/http/router.hpp>
#include <transports/http/status_of.hpp>

#include "../../../support/http_server/played_source.hpp"

using namespace std::chrono_literals;
namespace http = kit::http;
namespace tracing = kit::tracing;
using kit::errc;
using kit::error;
using kit::testing::recording_spans;
using tracing::attributes;
using tracing::span_context;
using tracing::span_data;
using tracing::span_kind;
using tracing::span_status;
using tracing::to_text;
using tracing::trace_flags;

namespace {

const char* const parent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

// Answers by the path: a status, an error, a wait.
asio::awaitable<http::response> serve(http::request r) {
  const auto path = std::string(r.path());
  if (path == "/wait") co_await kit::sleep_for(1h);
  if (path == "/missing") throw error(errc::not_found, "nobody");
  if (path == "/broken") throw error(errc::internal, "no database");
  const bool is_status = path.size() == 4;
  const auto status = is_status ? std::stoi(path.substr(1)) : 200;
  co_return http::response::text(static_cast<http::status>(status), "body");
}

struct fixture {
  explicit fixture(http::server_tracing_options o = {}, tracing::sampler s = always(),
                   bool shared = false)
      : tracer({.sampler = std::move(s), .processors = {spans}, .shared_spans = shared}),
        middleware(tracer, std::move(o)),
        handler(middleware(serve)) {}
  static tracing::sampler always() { return tracing::parent_based(tracing::always_sample()); }

  kit::result<http::response> ask(http::request r, const kit::context& ctx = {}) {
    return loop.start(kit::with_context(ctx, handler.try_call(std::move(r)))).value();
  }
  span_data after(std::string target, http::headers fields = {}) {
    spans->clear();
    (void)ask({.target = std::move(target), .headers = std::move(fields)});
    return only();
  }
  span_data only() const {
    const auto all = spans->ended();
    REQUIRE(all.size() == 1);
    return all.front();
  }

  kit::testing::loop loop;
  std::shared_ptr<recording_spans> spans = std::make_shared<recording_spans>();
  tracing::tracer tracer;
  http::server_tracing middleware;
  http::handler handler;
};

}  // namespace

TEST_CASE("server_tracing: a root span, by OpenTelemetry's names [tracing/zipkin:6]") {
  fixture f;
  const kit::context ctx = kit::context().with(
      kit::connection_info{.remote_address = "10.0.0.7:50412", .local_address = "10.0.0.1:80"});
  http::request r{.target = "/path/b?secret=1",
                  .headers = {{"Host", "example.org:8080"}, {"User-Agent", "test/1"}}};
  r.body = std::string("12345");
  (void)f.ask(std::move(r), ctx);
  const auto s = f.only();
  CHECK(s.kind == span_kind::server);
  CHECK(s.name == "GET");
  CHECK_FALSE(s.parent.valid());
  CHECK(s.status == span_status::unset);
  CHECK(s.attributes == attributes{{"http.request.method", "GET"},
                                   {"url.path", "/path/b"},
                                   {"url.scheme", "http"},
                                   {"network.protocol.version", "1.1"},
                                   {"server.address", "example.org"},
                                   {"server.port", 8080},
                                   {"user_agent.original", "test/1"},
                                   {"http.request.body.size", 5},
                                   {"client.address", "10.0.0.7"},
                                   {"network.peer.address", "10.0.0.7"},
                                   {"network.peer.port", 50412},
                                   {"http.response.status_code", 200},
                                   {"http.response.body.size", 4}});
}

TEST_CASE("server_tracing: behind a proxy the client and the peer are two") {
  fixture f;
  const kit::context ctx =
      kit::context().with(kit::connection_info{.remote_address = "2001:db8::1",
                                               .local_address = "10.0.0.1:80",
                                               .proxy_address = "10.0.0.2:4711",
                                               .forwarded_scheme = "https"});
  (void)f.ask({.target = "/"}, ctx);
  const auto s = f.only();
  CHECK(to_text(*find(s.attributes, "client.address")) == "2001:db8::1");
  CHECK(to_text(*find(s.attributes, "network.peer.address")) == "10.0.0.2");
  CHECK(to_text(*find(s.attributes, "network.peer.port")) == "4711");
  CHECK(to_text(*find(s.attributes, "url.scheme")) == "https");
}

TEST_CASE("server_tracing: a method that nobody knows gives no name") {
  fixture f;
  (void)f.ask({.method = *http::method::parse("BREW"), .target = "/"});
  const auto s = f.only();
  CHECK(s.name == "HTTP");
  CHECK(to_text(*find(s.attributes, "http.request.method")) == "_OTHER");
  CHECK(to_text(*find(s.attributes, "http.request.method_original")) == "BREW");
}

TEST_CASE("server_tracing: the route names the span, around a router and in it") {
  fixture f;
  http::router router;
  router.get("/users/{id}", http::handler(serve));
  const auto outside = f.middleware(router);
  (void)f.loop.start(outside.try_call({.target = "/users/7"}));
  auto s = f.spans->named("GET /users/{id}");
  CHECK(to_text(*find(s.attributes, "http.route")) == "/users/{id}");
  CHECK(to_text(*find(s.attributes, "url.path")) == "/users/7");
  (void)f.loop.start(outside.try_call({.target = "/none"}));
  s = f.spans->named("GET");
  CHECK(to_text(*find(s.attributes, "http.response.status_code")) == "404");
  CHECK_FALSE(find(s.attributes, "http.route"));

  f.spans->clear();
  router.use(f.middleware);
  const http::handler inside(router);
  (void)f.loop.start(inside.try_call({.target = "/users/8"}));
  s = f.spans->named("GET /users/{id}");
  CHECK(to_text(*find(s.attributes, "http.route")) == "/users/{id}");
}

TEST_CASE(
    "server_tracing: the child of the caller's span, in its trace [tracing/opencensus:6] "
    "[tracing/opentracing:9]") {
  fixture f;
  auto s = f.after("/", {{"traceparent", parent}, {"tracestate", "a=1"}});
  CHECK(to_string(s.context.trace_id) == "0af7651916cd43dd8448eb211c80319c");
  CHECK(to_string(s.parent) == "00f067aa0ba902b7");
  CHECK(s.remote_parent);
  CHECK(s.context.trace_state() == "a=1");
  // B3, too [tracing/opencensus:7].
  s = f.after("/", {{"b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1"}});
  CHECK(to_string(s.parent) == "e457b5a2e4d86bd1");
  // What is malformed, and what isn't there, begins a trace: nothing fails [tracing/zipkin:9].
  s = f.after("/", {{"traceparent", "00-zz"}, {"b3", "x"}});
  CHECK_FALSE(s.parent.valid());
  CHECK(s.context.valid());
}

TEST_CASE("server_tracing: a format is chosen [tracing/opencensus:7]") {
  fixture f({.formats = {.extract = {tracing::b3}}});
  CHECK_FALSE(f.after("/", {{"traceparent", parent}}).parent.valid());
  CHECK(f.after("/", {{"X-B3-TraceId", "80f198ee56343ba864fe8b2a57d3eff7"},
                      {"X-B3-SpanId", "e457b5a2e4d86bd1"},
                      {"X-B3-Sampled", "1"}})
            .parent.valid());
}

TEST_CASE("server_tracing: with shared spans it joins the caller's [tracing/zipkin:6]") {
  fixture f({}, fixture::always(), true);
  const auto s = f.after("/", {{"b3",
                                "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-"
                                "05e3ac9a4f6e3b90"}});
  CHECK(to_string(s.context.span_id) == "e457b5a2e4d86bd1");
  CHECK(to_string(s.parent) == "05e3ac9a4f6e3b90");
  CHECK(s.shared);
}

TEST_CASE(
    "server_tracing: does not look at the caller's fields where it is told so "
    "[tracing/zipkin:8]") {
  fixture f({.propagate = false});
  const auto s = f.after("/", {{"traceparent", parent}});
  CHECK_FALSE(s.parent.valid());
  CHECK(to_string(s.context.trace_id) != "0af7651916cd43dd8448eb211c80319c");
}

TEST_CASE(
    "server_tracing: of strangers the span is a link, the baggage not taken "
    "[tracing/opencensus:6]") {
  std::optional<tracing::baggage> seen;
  fixture f({.attributes_of =
                 [&seen](const kit::context& ctx, const http::request&) {
                   if (const auto* b = ctx.get<tracing::baggage>()) seen = *b;
                   return attributes();
                 },
             .public_endpoint = true});
  const auto s = f.after("/", {{"traceparent", parent}, {"baggage", "a=1"}});
  CHECK_FALSE(s.parent.valid());
  REQUIRE(s.links.size() == 1);
  CHECK(to_string(s.links[0].context.span_id) == "00f067aa0ba902b7");
  CHECK_FALSE(seen);
}

TEST_CASE("server_tracing: the caller's baggage is in the context [tracing/opentracing:9]") {
  std::string seen;
  fixture f({.attributes_of = [&seen](const kit::context& ctx, const http::request&) {
    if (const auto* b = ctx.get<tracing::baggage>()) seen = b->to_string();
    return attributes();
  }});
  (void)f.after("/", {{"traceparent", parent}, {"baggage", "a=1"}});
  CHECK(seen == "a=1");
}

TEST_CASE(
    "server_tracing: the request sampler decides where the caller hasn't "
    "[tracing/zipkin:7]") {
  int asked = 0;
  const auto by_path = [&asked](const http::request& r) -> std::optional<bool> {
    ++asked;
    if (r.path() == "/yes") return true;
    if (r.path() == "/no") return false;
    return std::nullopt;
  };
  fixture f({.request_sampler = by_path}, tracing::parent_based(tracing::never_sample()));
  const auto sampled = [&f](std::string target, http::headers fields = {}) {
    f.spans->clear();
    (void)f.ask({.target = std::move(target), .headers = std::move(fields)});
    return !f.spans->ended().empty();
  };
  CHECK(sampled("/yes"));
  CHECK_FALSE(sampled("/no"));
  CHECK_FALSE(sampled("/other"));  // the tracer's sampler
  CHECK(asked == 3);
  CHECK(sampled("/no", {{"traceparent", parent}}));
  CHECK_FALSE(sampled("/yes", {{"b3", "0"}}));
  CHECK(asked == 3);
  const std::string ids = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1";
  CHECK(sampled("/yes", {{"b3", ids}}));  // it has left the decision to us
  CHECK(to_string(f.only().parent) == "e457b5a2e4d86bd1");
  CHECK(asked == 4);

  fixture deaf({.propagate = false, .request_sampler = by_path});
  (void)deaf.after("/no");  // not asked: sampled
  CHECK(asked == 4);
  fixture open({.public_endpoint = true, .request_sampler = by_path});
  (void)open.after("/no");
  CHECK(asked == 4);
}

TEST_CASE("server_tracing: from 500 up an answer is an error, a caller's mistake is not") {
  fixture f;
  auto s = f.after("/404");
  CHECK(s.status == span_status::unset);
  CHECK_FALSE(find(s.attributes, "error.type"));
  s = f.after("/missing");
  CHECK(s.status == span_status::unset);
  CHECK(to_text(*find(s.attributes, "http.response.status_code")) == "404");
  s = f.after("/503");
  CHECK(s.status == span_status::error);
  CHECK(to_text(*find(s.attributes, "error.type")) == "503");
  s = f.after("/broken");
  CHECK(s.status == span_status::error);
  CHECK(s.status_message == "no database");
  CHECK(to_text(*find(s.attributes, "error.type")) == "500");
}

TEST_CASE(
    "server_tracing: what finalizers set is in the span, also of a stream [tracing/zipkin:10]") {
  struct question {};
  struct reply {};
  fixture f;
  test::streaming stream;
  const kit::endpoint<question, reply> ep = [](question) -> asio::awaitable<reply> {
    co_return reply{};
  };
  const auto serving = [&](http::body content) {
    return f.middleware(http::handler_of(
        ep, [](http::request&) { return question{}; },
        [content](const reply&, http::response& r) { r.body = content; },
        {.finalizers = {[](const kit::context& ctx, const http::exchange& e) {
           tracing::span_of(ctx).set("answered", e.response_bytes);
         }}}));
  };
  CHECK(f.loop.start(serving(http::body("12345")).try_call({.target = "/"})).value());
  CHECK(to_text(*find(f.only().attributes, "answered")) == "5");
  f.spans->clear();
  {
    auto r = f.loop.start(serving(http::body(stream.source)).try_call({.target = "/"})).value();
    stream.source->give("123");
    CHECK(f.loop.start(r->body.read()).value() == "123");
    stream.source->end();
    CHECK_FALSE(f.loop.start(r->body.read()).value());
  }
  CHECK(to_text(*find(f.only().attributes, "answered")) == "3");
}

TEST_CASE("server_tracing: a stream ends the span, with what it came to") {
  fixture f;
  test::streaming stream;
  const auto handler = f.middleware(stream.handler());
  {
    auto r = f.loop.start(handler.try_call({.target = "/stream"})).value();
    CHECK(f.spans->ended().empty());
    stream.source->give("12345");
    CHECK(f.loop.start(r->body.read()).value() == "12345");
    CHECK(f.spans->ended().empty());
    stream.source->end();
    CHECK_FALSE(f.loop.start(r->body.read()).value());
    CHECK(to_text(*find(f.only().attributes, "http.response.body.size")) == "5");
    CHECK(f.only().status == span_status::unset);
  }
  CHECK(f.spans->ended().size() == 1);

  f.spans->clear();
  test::streaming broken;
  auto r = f.loop.start(f.middleware(broken.handler()).try_call({.target = "/stream"})).value();
  broken.source->fail();
  CHECK(f.loop.start(r->body.read()).error() == errc::data_loss);
  CHECK(f.only().status == span_status::error);
  CHECK(to_text(*find(f.only().attributes, "http.response.status_code")) == "200");

  f.spans->clear();
  test::streaming dropped;
  r = f.loop.start(f.middleware(dropped.handler()).try_call({.target = "/stream"})).value();
  r = http::response();
  CHECK(to_text(*find(f.only().attributes, "error.type")) == "canceled");
  CHECK(f.only().status == span_status::unset);
}

TEST_CASE("server_tracing: an answer without content has ended, though its body is a stream") {
  fixture f;
  test::streaming stream(5);
  const auto handler = f.middleware(stream.handler());
  (void)f.loop.start(handler.try_call({.method = http::method::head, .target = "/stream"}));
  CHECK(f.only().status == span_status::unset);
  CHECK_FALSE(find(f.only().attributes, "error.type"));
  CHECK(to_text(*find(f.only().attributes, "http.response.body.size")) == "0");
}

TEST_CASE("server_tracing: a request that is cancelled, or destroyed, ends its span") {
  fixture f;
  auto call = f.loop.start(f.handler.try_call({.target = "/wait"}));
  CHECK(f.spans->ended().empty());
  call.cancel();
  f.loop.run();
  CHECK(to_text(*find(f.only().attributes, "error.type")) == "canceled");
  CHECK(f.only().status == span_status::unset);

  auto spans = std::make_shared<recording_spans>();
  {
    kit::testing::loop other;
    const auto handler = http::server_tracing(tracing::tracer({.processors = {spans}}))(serve);
    (void)other.start(handler.try_call({.target = "/wait"}));
  }
  CHECK(to_text(*find(spans->named("GET").attributes, "error.type")) == "canceled");
}

TEST_CASE("server_tracing: names and attributes by options") {
  fixture f(
      {.name = "fixed",
       .name_of =
           [](const http::request& r) { return r.path() == "/a" ? "by function" : std::string(); },
       .attributes = {{"a", 1}},
       .attributes_of = [](const kit::context&,
                           const http::request& r) { return attributes{{"target", r.target}}; }});
  CHECK(f.after("/a").name == "by function");
  const auto s = f.after("/b");
  CHECK(s.name == "fixed");
  CHECK(to_text(*find(s.attributes, "a")) == "1");
  CHECK(to_text(*find(s.attributes, "target")) == "/b");
}

TEST_CASE("server_tracing: Go kit's Zipkin tags [tracing/zipkin:5]") {
  fixture f({.convention = http::zipkin, .attributes = {{"tag", "v"}}});
  auto s = f.after("/a?b=c");
  CHECK(s.name == "GET");
  CHECK(s.kind == span_kind::server);
  CHECK(s.attributes == attributes{{"http.method", "GET"},
                                   {"http.path", "/a"},
                                   {"tag", "v"},
                                   {"http.status_code", "200"},
                                   {"http.response.size", "4"}});
  s = f.after("/500");
  CHECK(to_text(*find(s.attributes, "error")) == "Internal Server Error");
  s = f.after("/404");
  CHECK(to_text(*find(s.attributes, "error")) == "Not Found");
  CHECK_FALSE(find(f.after("/304").attributes, "error"));
  fixture named({.name = "my service", .convention = http::zipkin});
  CHECK(named.after("/").name == "my service");
}

TEST_CASE(
    "server_tracing: Go kit's OpenCensus attributes and status "
    "[tracing/opencensus:6,11]") {
  fixture f({.convention = http::opencensus});
  auto s = f.after("/a?b=c");
  CHECK(s.name == "GET /a");
  CHECK(s.attributes == attributes{{"http.method", "GET"},
                                   {"http.path", "/a"},
                                   {"http.response_size", 4},
                                   {"http.status_code", 200}});
  CHECK(s.status == span_status::ok);
  const std::pair<const char*, const char*> table[] = {{"/400", "INVALID_ARGUMENT"},
                                                       {"/422", "INVALID_ARGUMENT"},
                                                       {"/401", "UNAUTHENTICATED"},
                                                       {"/403", "PERMISSION_DENIED"},
                                                       {"/404", "NOT_FOUND"},
                                                       {"/409", "ALREADY_EXISTS"},
                                                       {"/429", "RESOURCE_EXHAUSTED"},
                                                       {"/499", "CANCELLED"},
                                                       {"/501", "UNIMPLEMENTED"},
                                                       {"/503", "UNAVAILABLE"},
                                                       {"/504", "DEADLINE_EXCEEDED"},
                                                       {"/500", "UNKNOWN"},
                                                       {"/418", "UNKNOWN"},
                                                       {"/101", "UNKNOWN"}};
  for (const auto& [target, code] : table) {
    CAPTURE(target);
    s = f.after(target);
    CHECK(s.status == span_status::error);
    CHECK(s.status_message == code);
  }
}

TEST_CASE("server_tracing: Go kit's OpenTracing tags, and its spans end [tracing/opentracing:9]") {
  fixture f({.name = "op", .convention = http::opentracing});
  const auto s = f.after("/a?b=c", {{"Host", "example.org"}, {"traceparent", parent}});
  CHECK(s.name == "op");
  CHECK(to_string(s.parent) == "00f067aa0ba902b7");
  CHECK(s.attributes == attributes{{"http.method", "GET"},
                                   {"http.url", "http://example.org/a?b=c"},
                                   {"span.kind", "server"},
                                   {"http.status_code", 200}});
}

TEST_CASE("server_tracing: what isn't sampled goes on as such, at little cost") {
  fixture f({.name_of = [](const http::request&) { return std::string(); },
             .attributes_of =
                 [](const kit::context&, const http::request&) {
                   FAIL("called for nothing");
                   return attributes();
                 }},
            tracing::never_sample());
  std::optional<span_context> seen;
  const auto handler = f.middleware([&seen](http::request r) {
    return [](std::optional<span_context>& into, http::request) -> asio::awaitable<http::response> {
      const auto ctx = co_await kit::this_context();
      if (const auto* s = tracing::current_span(ctx)) into = *s;
      co_return http::response();
    }(seen, std::move(r));
  });
  (void)f.loop.start(handler.try_call({.target = "/", .headers = {{"traceparent", parent}}}));
  REQUIRE(seen);
  CHECK(to_string(seen->trace_id) == "0af7651916cd43dd8448eb211c80319c");
  CHECK_FALSE(seen->sampled());
  CHECK(f.spans->started() == 0);
}
