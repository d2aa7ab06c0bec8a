#include <transports/http/server_options.hpp>

#include <chrono>
#include <cstddef>
#include <string>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/random.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/memory_network.hpp>
#include <transports/http/server.hpp>

namespace http = kit::http;
using namespace std::chrono_literals;

namespace {

template <class F>
std::string refusal(F f) {
  try {
    f();
  } catch (const kit::error& e) {
    CHECK(e == kit::errc::invalid_argument);
    return std::string(e.message());
  }
  return "taken";
}
std::string refusal(const http::server_options& o) {
  return refusal([&] { http::require_valid(o); });
}

}  // namespace

TEST_CASE("server_options: the defaults are right") {
  CHECK(refusal(http::server_options{}) == "taken");
}

TEST_CASE("server_options: what is out of range is refused by name") {
  CHECK(refusal({.address = ""}) == "http::server_options::address: must not be empty");
  CHECK(refusal({.max_connections = 0}) ==
        "http::server_options::max_connections: must be at least 1");
  CHECK(refusal({.idle_timeout = -1ms}) ==
        "http::server_options::idle_timeout: must not be negative");
}

TEST_CASE("server_options: limits of requests are refused past what the parser can hold") {
  const auto with = [](const http::parser_options& limits) { return refusal({.limits = limits}); };
  constexpr std::size_t most_bytes = 256 * 1024 * 1024;
  CHECK(with({.max_header_bytes = most_bytes, .max_header_count = 65'535}) == "taken");
  CHECK(with({.max_header_bytes = most_bytes + 1}) ==
        "http::server_options::limits.max_header_bytes: must be at most 256 MiB");
  CHECK(with({.max_header_count = 65'536}) ==
        "http::server_options::limits.max_header_count: must be at most 65535");
  CHECK(with({.max_header_bytes = 0}) ==
        "http::server_options::limits.max_header_bytes: must be at least 1");
  CHECK(with({.max_header_count = 0}) ==
        "http::server_options::limits.max_header_count: must be at least 1");
}

TEST_CASE("server_options: what only sockets have is refused for a network that is given") {
  kit::testing::loop loop;
  kit::testing::memory_network network(loop.get_executor(), kit::random_source(1));
  const auto with = [&](http::server_options o) {
    o.address = "server";
    return refusal(
        [&] { http::server(loop.get_executor(), http::handler(), o, network.host("server")); });
  };
  CHECK(with({}) == "taken");
  CHECK(with({.proxy_protocol_from = {"10.0.0.0/8"}}) ==
        "http::server_options::proxy_protocol_from: is not there for a network that is given");
  CHECK(with({.proxy_protocol_on_unix = true}) ==
        "http::server_options::proxy_protocol_on_unix: is not there for a network that is given");
}
