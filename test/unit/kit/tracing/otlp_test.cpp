#include <kit/tracing/otlp.hpp>

#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>
#include <kit/codec/protobuf.hpp>
#include <kit/error.hpp>
#include <kit/testing/loop.hpp>

using namespace kit::tracing;
using namespace std::chrono_literals;
namespace http = kit::http;
namespace json = kit::json;
namespace otlp = kit::otlp;
namespace protobuf = kit::protobuf;
using request = otlp::export_trace_service_request;

namespace {

using spans = std::vector<std::shared_ptr<const span_data>>;

span_data full_span() {
  span_data s;
  s.context = {.trace_id = {0x5b8efff798038103, 0xd269b633813fc60c},
               .span_id = {0xeee19b7ec3c1b174},
               .flags = trace_flags::sampled | trace_flags::debug,
               .state = std::make_shared<const std::string>("a=1")};
  s.parent = {0xeee19b7ec3c1b173};
  s.remote_parent = true;
  s.name = "serve";
  s.kind = span_kind::server;
  s.start = wall_time(1'544'712'660'000'000'001ns);
  s.length = 1s;
  s.attributes = {{"text", "v"},
                  {"yes", true},
                  {"n", -7},
                  {"x", 0.5},
                  {"list", attribute::list_of_text{"a", "b"}}};
  s.dropped_attributes = 1;
  s.events = {{.time = s.start, .name = "event", .attributes = {{"k", "v"}}}};
  s.dropped_events = 2;
  s.links = {{.context = {.trace_id = {0, 1}, .span_id = {2}}, .attributes = {{"k", "v"}}}};
  s.dropped_links = 3;
  s.status = span_status::error;
  s.status_message = "bad";
  s.resource = std::make_shared<resource>(resource{{{"service.name", "test"}}});
  return s;
}

request message_of(span_data s) {
  return to_otlp(spans{std::make_shared<span_data>(std::move(s))});
}

}  // namespace

TEST_CASE("otlp: a span as JSON") {
  CHECK(json::encode(message_of(full_span())).value() ==
        R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",)"
        R"("value":{"stringValue":"test"}}]},"scopeSpans":[{"scope":{"name":"cokit",)"
        R"("version":"0.1.0"},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",)"
        R"("spanId":"eee19b7ec3c1b174","traceState":"a=1","parentSpanId":"eee19b7ec3c1b173",)"
        R"("name":"serve","kind":2,"startTimeUnixNano":"1544712660000000001",)"
        R"("endTimeUnixNano":"1544712661000000001","attributes":[)"
        R"({"key":"text","value":{"stringValue":"v"}},{"key":"yes","value":{"boolValue":true}},)"
        R"({"key":"n","value":{"intValue":"-7"}},{"key":"x","value":{"doubleValue":0.5}},)"
        R"({"key":"list","value":{"arrayValue":{"values":[{"stringValue":"a"},)"
        R"({"stringValue":"b"}]}}}],"droppedAttributesCount":1,"events":[)"
        R"({"timeUnixNano":"1544712660000000001","name":"event","attributes":[)"
        R"({"key":"k","value":{"stringValue":"v"}}]}],"droppedEventsCount":2,"links":[)"
        R"({"traceId":"00000000000000000000000000000001","spanId":"0000000000000002",)"
        R"("attributes":[{"key":"k","value":{"stringValue":"v"}}],"flags":256}],)"
        R"("droppedLinksCount":3,"status":{"message":"bad","code":2},"flags":769}]}]}]})");
}

TEST_CASE("otlp: a span with little says little") {
  span_data s;
  s.context = {.trace_id = {1, 2}, .span_id = {3}};
  s.name = "a";
  const auto text = json::encode(message_of(s)).value();
  CHECK(text.find("parentSpanId") == std::string::npos);
  CHECK(text.find("attributes") == std::string::npos);
  CHECK(text.find(R"("kind":1,"startTimeUnixNano":"0","endTimeUnixNano":"0","status":{},)"
                  R"("flags":256)") != std::string::npos);
}

TEST_CASE("otlp: protobuf and JSON hold the same") {
  const auto message = message_of(full_span());
  const auto bytes = protobuf::encode(message).value();
  const auto read = protobuf::decode<request>(bytes).value();
  CHECK(json::encode(read).value() == json::encode(message).value());
  // Ids are bytes there, times 8 bytes each: the message is a third of the text.
  CHECK(bytes.size() * 2 < json::encode(message).value().size());
  const auto again = json::decode<request>(json::encode(message).value()).value();
  CHECK(protobuf::encode(again).value() == bytes);
}

TEST_CASE("otlp: reads the specification's example") {
  std::ifstream in(COKIT_TESTDATA "/otlp/trace.json");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto read = json::decode<request>(text, {.refuse_unknown = true}).value();
  const auto& span = read.resource_spans.at(0).scope_spans.at(0).spans.at(0);
  CHECK(span.name == "I'm a server span");
  CHECK(span.start_time_unix_nano.value == 1'544'712'660'000'000'000U);
  CHECK(span.kind == 2);
  CHECK(span.trace_id.bytes[0] == std::byte{0x5b});
  CHECK(read.resource_spans[0].scope_spans[0].scope.attributes.at(0).key == "my.scope.attribute");
}

TEST_CASE("otlp: what is no id or number is refused") {
  const auto with_id = [](const std::string& id) {
    return json::decode<request>(R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":")" + id +
                                 R"("}]}]}]})");
  };
  CHECK(with_id(""));
  CHECK(with_id("5b8efff798038103d269b633813fc60c"));
  CHECK_FALSE(with_id("5b8efff798038103d269b633813fc60"));
  CHECK_FALSE(with_id("5b8efff798038103d269b633813fc60g"));
  const auto with_time = [](const std::string& t) {
    return json::decode<request>(
        R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":)" + t + "}]}]}]}");
  };
  CHECK(with_time("7"));
  CHECK(with_time("\"7\""));
  CHECK_FALSE(with_time("\"7x\""));
  CHECK_FALSE(with_time("\"\""));
}

TEST_CASE("otlp: numbers that are no numbers are texts in JSON") {
  auto s = full_span();
  const double infinity = std::numeric_limits<double>::infinity();
  s.attributes = {{"a", std::nan("")}, {"b", infinity}, {"c", -infinity}};
  const auto message = message_of(s);
  const auto text = json::encode(message).value();
  CHECK(text.find(R"({"key":"a","value":{"doubleValue":"NaN"}},)"
                  R"({"key":"b","value":{"doubleValue":"Infinity"}},)"
                  R"({"key":"c","value":{"doubleValue":"-Infinity"}})") != std::string::npos);
  const auto read = json::decode<request>(text).value();
  CHECK(json::encode(read).value() == text);
  CHECK(protobuf::encode(read).value() == protobuf::encode(message).value());
  const auto with_value = [](const std::string& v) {
    return json::decode<otlp::any_value>(R"({"doubleValue":)" + v + "}");
  };
  CHECK(with_value("\"0.5\""));
  CHECK(with_value("\"-1e3\""));
  CHECK_FALSE(with_value("\"nan\""));
  CHECK_FALSE(with_value("\"inf\""));
  CHECK_FALSE(with_value("\"1x\""));
  CHECK_FALSE(with_value("\"\""));
}

TEST_CASE("otlp: spans of one resource are one group") {
  auto a = full_span(), b = full_span(), c = full_span();
  b.resource = a.resource;
  c.resource = nullptr;
  const auto message = to_otlp(spans{std::make_shared<span_data>(a), std::make_shared<span_data>(c),
                                     std::make_shared<span_data>(b)});
  REQUIRE(message.resource_spans.size() == 2);
  CHECK(message.resource_spans[0].scope_spans.at(0).spans.size() == 2);
  CHECK(message.resource_spans[1].resource.attributes.empty());
  CHECK(to_otlp({}).resource_spans.empty());
}

namespace {

struct backend {
  http::request received;
  http::response answer;
  static asio::awaitable<http::response> serve(backend& b, http::request r) {
    b.received = std::move(r);
    co_return b.answer;
  }
  span_exporter exporter(otlp_options o) {
    return otlp_exporter([this](http::request r) { return serve(*this, std::move(r)); },
                         std::move(o));
  }
};

}  // namespace

TEST_CASE("otlp: is posted in either encoding, with the fields of the options") {
  kit::testing::loop loop;
  backend b;
  const span_batch batch{spans{std::make_shared<span_data>(full_span())}};
  CHECK(loop.start(b.exporter({}).try_call(batch)).value());
  CHECK(b.received.method == http::method::post);
  CHECK(b.received.target == "http://127.0.0.1:4318/v1/traces");
  CHECK(b.received.headers.get("content-type") == "application/x-protobuf");
  CHECK(b.received.body.bytes() == protobuf::encode(message_of(full_span())).value());

  const auto as_json = b.exporter({.url = "http://c/v1/traces",
                                   .encode_as = otlp_options::encoding::json,
                                   .headers = {{"x-api-key", "k"}}});
  CHECK(loop.start(as_json.try_call(batch)).value());
  CHECK(b.received.target == "http://c/v1/traces");
  CHECK(b.received.headers.get("content-type") == "application/json");
  CHECK(b.received.headers.get("x-api-key") == "k");
  CHECK(b.received.body.bytes() == json::encode(message_of(full_span())).value());

  b.answer = {.status = http::status::too_many_requests};
  CHECK(loop.start(as_json.try_call(batch)).value().error() == kit::errc::resource_exhausted);
}

TEST_CASE("otlp: what the collector refuses of the spans that it takes") {
  kit::testing::loop loop;
  backend b;
  const span_batch batch{spans{std::make_shared<span_data>(full_span())}};
  const auto send = [&] { return loop.start(b.exporter({}).try_call(batch)).value().value(); };
  const otlp::export_trace_service_response partial{{{1}, "too old"}};
  b.answer = {.headers = {{"Content-Type", "application/x-protobuf"}},
              .body = protobuf::encode(partial).value()};
  CHECK(send().refused == 1);
  CHECK(send().why == "too old");
  b.answer = {.headers = {{"Content-Type", "application/json"}},
              .body = R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"bad"}})"};
  CHECK(send().refused == 2);
  CHECK(send().why == "bad");
  // They were taken, whatever else it says.
  for (const auto* text : {"", "{}", "{\"partialSuccess\":{}}", "<html>",
                           R"({"partialSuccess":{"rejectedSpans":"-1"}})"}) {
    b.answer.body = std::string(text);
    CHECK(send().refused == 0);
  }
}
