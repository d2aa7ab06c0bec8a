#include <transports/http/client_tracing.hpp>

#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/testing/loop.hpp>
#include <kit/testing/recording_spans.hpp>
#include <kit/this_context.hpp>
#include <kit/tracing/baggage.hpp>

#include "../../../support/http_server/played_source.hpp"

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

namespace {

struct fixture {
  explicit fixture(http::client_tracing_options o = {})
      : middleware(tracer, std::move(o)),
        client(middleware([this](http::request r) { return serve(*this, std::move(r)); })) {}

  // Answers by the URL's path, and keeps what was sent.
  static asio::awaitable<http::response> serve(fixture& f, http::request r) {
    f.sent = r.headers;
    const auto path = std::string(r.path());
    if (path == "/fails") throw error(errc::unavailable, "no route");
    const auto status = path.size() == 4 ? std::stoi(path.substr(1)) : 200;
    co_return http::response::text(static_cast<http::status>(status), "body");
  }
  span_data after(std::string url, const kit::context& ctx = {}) {
    spans->clear();
    (void)loop.start(kit::with_context(ctx, client.try_call({.target = std::move(url)})));
    const auto all = spans->ended();
    REQUIRE(all.size() == 1);
    return all.front();
  }

  kit::testing::loop loop;
  std::shared_ptr<recording_spans> spans = std::make_shared<recording_spans>();
  tracing::tracer tracer{{.processors = {spans}}};
  http::headers sent;
  http::client_tracing middleware;
  http::handler client;
};

const span_context outer{
    .trace_id = {1, 2}, .span_id = {3}, .flags = tracing::trace_flags::sampled};

std::string text(const span_data& s, std::string_view key) {
  const auto* value = find(s.attributes, key);
  return value ? to_text(*value) : "none";
}

}  // namespace

TEST_CASE(
    "client_tracing: a span of kind client, the child of the context's, by OpenTelemetry's "
    "names [tracing/zipkin:2] [tracing/opencensus:5]") {
  fixture f;
  const auto s =
      f.after("http://user:secret@example.org/a?token=1", tracing::with_span_context({}, outer));
  CHECK(s.kind == span_kind::client);
  CHECK(s.name == "GET");
  CHECK(s.parent == outer.span_id);
  CHECK(s.context.trace_id == outer.trace_id);
  CHECK(s.attributes == attributes{{"http.request.method", "GET"},
                                   {"http.request.body.size", 0},
                                   {"server.address", "example.org"},
                                   {"server.port", 80},
                                   {"url.full", "http://example.org/a"},
                                   {"http.response.status_code", 200},
                                   {"http.response.body.size", 4}});
  CHECK(s.status == span_status::unset);
  CHECK(f.sent.get("traceparent") ==
        "00-00000000000000010000000000000002-" + to_string(s.context.span_id) + "-01");
}

TEST_CASE("client_tracing: from 400 up an answer is an error, and so is a failure") {
  fixture f;
  auto s = f.after("http://a/404");
  CHECK(s.status == span_status::error);
  CHECK(text(s, "error.type") == "404");
  s = f.after("http://a/fails");
  CHECK(s.status == span_status::error);
  CHECK(s.status_message == "no route");
  CHECK(text(s, "error.type") == "unavailable");
  CHECK(text(s, "http.response.status_code") == "none");
}

TEST_CASE("client_tracing: the formats that are chosen are sent, and baggage [tracing/zipkin:8]") {
  fixture f({.formats = {.inject = {tracing::b3multi, tracing::b3}}});
  const auto s = f.after("http://a/", tracing::with_baggage({}, "tenant", "x"));
  CHECK_FALSE(f.sent.contains("traceparent"));
  CHECK(f.sent.get("x-b3-traceid") == to_string(s.context.trace_id));
  CHECK(f.sent.get("b3") ==
        to_string(s.context.trace_id) + '-' + to_string(s.context.span_id) + "-1");
  CHECK(f.sent.get("baggage") == "tenant=x");

  fixture silent({.propagate = false});
  (void)silent.after("http://a/", tracing::with_baggage({}, "tenant", "x"));
  CHECK(silent.sent.empty());
}

TEST_CASE("client_tracing: Go kit's Zipkin tags [tracing/zipkin:3,4]") {
  fixture f({.convention = http::zipkin, .attributes = {{"tag", "v"}}});
  auto s = f.after("http://a/b?c=d");
  CHECK(s.name == "GET");
  CHECK(s.attributes == attributes{{"http.method", "GET"},
                                   {"http.url", "http://a/b?c=d"},
                                   {"tag", "v"},
                                   {"http.status_code", "200"},
                                   {"http.response.size", "4"}});
  s = f.after("http://a/403");
  CHECK(text(s, "error") == "403");
  CHECK(s.status == span_status::error);  // what is kept of failed traces goes by that
  CHECK(text(f.after("http://a/fails"), "error") == "no route");
  fixture first({.convention = http::zipkin, .attributes = {{"error", "mine"}}});
  CHECK(text(first.after("http://a/403"), "error") == "mine");  // the first value wins
  fixture named({.name = "upstream", .convention = http::zipkin});
  CHECK(named.after("http://a/").name == "upstream");
}

TEST_CASE("client_tracing: Go kit's OpenCensus attributes and status [tracing/opencensus:5,11]") {
  fixture f({.convention = http::opencensus, .formats = {.inject = {tracing::b3multi}}});
  auto s = f.after("http://a:81/b?c=d");
  CHECK(s.name == "GET /b");
  CHECK(s.attributes == attributes{{"http.host", "a:81"},
                                   {"http.method", "GET"},
                                   {"http.path", "/b"},
                                   {"http.user_agent", ""},
                                   {"http.status_code", 200}});
  CHECK(s.status == span_status::ok);
  CHECK(f.sent.get("x-b3-sampled") == "1");
  s = f.after("http://a/503");
  CHECK(s.status == span_status::error);
  CHECK(s.status_message == "UNAVAILABLE");
  s = f.after("http://a/fails");
  CHECK(s.status == span_status::error);
  CHECK(s.status_message == "no route");
}

TEST_CASE("client_tracing: Go kit's OpenTracing tags [tracing/opentracing:8]") {
  fixture f({.convention = http::opentracing});
  const auto s = f.after("http://example.org:8080/a?b=c");
  CHECK(s.attributes == attributes{{"http.method", "GET"},
                                   {"http.url", "http://example.org:8080/a?b=c"},
                                   {"span.kind", "client"},
                                   {"peer.hostname", "example.org"},
                                   {"peer.port", 8080},
                                   {"http.status_code", 200}});
  CHECK(text(f.after("http://example.org/"), "peer.port") == "none");
  const auto failed = f.after("http://a/fails");
  CHECK(text(failed, "error") == "true");
  REQUIRE(failed.events.size() == 1);
  CHECK(failed.events[0].attributes ==
        attributes{{"event", "error"}, {"error.object", "no route"}});
}

TEST_CASE(
    "client_tracing: without a tracer the context's span is sent on [tracing/opentracing:8]") {
  fixture f;
  const auto client = http::client_tracing(tracing::tracer())(
      [&f](http::request r) { return fixture::serve(f, std::move(r)); });
  (void)f.loop.start(kit::with_context(tracing::with_span_context({}, outer),
                                       client.try_call({.target = "http://a/"})));
  CHECK(f.sent.get("traceparent") == "00-00000000000000010000000000000002-0000000000000003-01");
  (void)f.loop.start(client.try_call({.target = "http://a/"}));  // without a span: nothing
  CHECK_FALSE(f.sent.contains("traceparent"));
}

TEST_CASE("client_tracing: a stream ends the span") {
  fixture f;
  test::streaming stream;
  const auto client = f.middleware(stream.handler());
  auto r = f.loop.start(client.try_call({.target = "http://a/stream"})).value();
  CHECK(f.spans->ended().empty());
  stream.source->give("123");
  stream.source->end();
  (void)f.loop.start(r->body.buffer(100));
  f.loop.run();
  CHECK(text(f.spans->named("GET"), "http.response.body.size") == "3");
}

TEST_CASE("client_tracing: names and attributes by function, also of a URL that is none") {
  fixture f({.name_of = [](const http::request& r) { return "to " + r.target; },
             .attributes_of = [](const http::request&) { return attributes{{"a", 1}}; }});
  const auto s = f.after("no url");
  CHECK(s.name == "to no url");
  CHECK(text(s, "a") == "1");
  CHECK(text(s, "url.full") == "none");
}
