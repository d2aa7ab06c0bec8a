#include <kit/tracing/zipkin.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/testing/loop.hpp>

using namespace kit::tracing;
using namespace std::chrono_literals;
namespace http = kit::http;

namespace {

using spans = std::vector<std::shared_ptr<const span_data>>;

span_data basic() {
  return {.context = {.trace_id = {0x0102030405060708, 0x090a0b0c0d0e0f10},
                      .span_id = {0x1112131415161718},
                      .flags = trace_flags::sampled},
          .name = "GET /Users",
          .start = wall_time(1'700'000'000'123'456'789ns),
          .length = 999ns};
}

std::string json_of(span_data s) {
  return zipkin_json(spans{std::make_shared<span_data>(std::move(s))});
}

}  // namespace

TEST_CASE("zipkin: a span without anything is its ids, name and times [tracing/zipkin:14]") {
  CHECK(json_of(basic()) ==
        R"([{"traceId":"0102030405060708090a0b0c0d0e0f10","id":"1112131415161718",)"
        R"("name":"get /users","timestamp":1700000000123456,"duration":1}])");
  CHECK(zipkin_json({}) == "[]");
}

TEST_CASE("zipkin: a span with everything [tracing/zipkin:14]") {
  auto s = basic();
  s.parent = {0x2122232425262728};
  s.kind = span_kind::client;
  s.shared = true;
  s.context.flags = trace_flags::sampled | trace_flags::debug;
  s.length = 1500us;
  s.resource = std::make_shared<resource>(resource{{{"service.name", "Front"}}});
  s.attributes = {{"http.method", "GET"},
                  {"tries", 3},
                  {"peer.service", "users"},
                  {"network.peer.address", "10.0.0.7"},
                  {"server.port", 8080}};
  s.events = {{.time = s.start + 1ms, .name = "sent"},
              {.time = s.start + 1ms, .name = "got", .attributes = {{"bytes", 7}}}};
  s.status = span_status::error;
  s.status_message = "no route";
  CHECK(json_of(s) ==
        R"([{"traceId":"0102030405060708090a0b0c0d0e0f10","id":"1112131415161718",)"
        R"("parentId":"2122232425262728","kind":"CLIENT","name":"get /users",)"
        R"("timestamp":1700000000123456,"duration":1500,"shared":true,"debug":true,)"
        R"("localEndpoint":{"serviceName":"front"},)"
        R"("remoteEndpoint":{"serviceName":"users","ipv4":"10.0.0.7","port":8080},)"
        R"("annotations":[{"timestamp":1700000000124456,"value":"sent"},)"
        R"({"timestamp":1700000000124456,"value":"{\"got\":{\"bytes\":\"7\"}}"}],)"
        R"("tags":{"error":"no route","http.method":"GET","network.peer.address":"10.0.0.7",)"
        R"("peer.service":"users","server.port":"8080","tries":"3"}}])");
}

TEST_CASE("zipkin: the first value of error wins [tracing/zipkin:4]") {
  auto s = basic();
  s.attributes = {{"error", "403"}};
  s.status = span_status::error;
  s.status_message = "Forbidden";
  CHECK(json_of(s).find(R"("tags":{"error":"403"})") != std::string::npos);
  s.attributes.clear();
  s.status_message.clear();
  CHECK(json_of(s).find(R"("tags":{"error":"true"})") != std::string::npos);
}

TEST_CASE("zipkin: the remote endpoint's address is IPv4, IPv6 or a name") {
  auto s = basic();
  s.kind = span_kind::server;
  s.attributes = {{"network.peer.address", "::1"}, {"network.peer.port", 50412}};
  CHECK(json_of(s).find(R"("remoteEndpoint":{"ipv6":"::1","port":50412})") != std::string::npos);
  s.kind = span_kind::client;
  s.attributes = {{"server.address", "example.org"}, {"server.port", 70'000}};
  CHECK(json_of(s).find(R"("remoteEndpoint":{"serviceName":"example.org"})") != std::string::npos);
  s.kind = span_kind::server;  // there it is our own name
  CHECK(json_of(s).find("remoteEndpoint") == std::string::npos);
}

namespace {

struct backend {
  http::request received;
  http::response answer{.status = http::status::accepted};

  static asio::awaitable<http::response> serve(backend& b, http::request r) {
    b.received = std::move(r);
    co_return b.answer;
  }
  span_exporter exporter(zipkin_options options = {}) {
    return zipkin_exporter([this](http::request r) { return serve(*this, std::move(r)); },
                           std::move(options));
  }
};

}  // namespace

TEST_CASE("zipkin: posts JSON to the collector, and tells how that went [tracing/zipkin:14]") {
  kit::testing::loop loop;
  backend b;
  const auto exporter = b.exporter({.url = "http://zipkin/api/v2/spans"});
  const span_batch batch{spans{std::make_shared<span_data>(basic())}};
  CHECK(loop.start(exporter.try_call(batch)).value());
  CHECK(b.received.method == http::method::post);
  CHECK(b.received.target == "http://zipkin/api/v2/spans");
  CHECK(b.received.headers.get("content-type") == "application/json");
  CHECK(b.received.body.bytes() == json_of(basic()));

  b.answer = {.status = http::status::service_unavailable, .headers = {{"Retry-After", "7"}}};
  auto e = loop.start(exporter.try_call(batch)).value().error();
  CHECK(e.code() == kit::errc::unavailable);
  CHECK(e.retry_after() == 7s);
  b.answer = {.status = http::status::bad_request};
  CHECK(loop.start(exporter.try_call(batch)).value().error() == kit::errc::invalid_argument);
}
