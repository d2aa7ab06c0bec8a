#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <doctest/doctest.h>
#include <asio/io_context.hpp>
#include <asio/this_coro.hpp>

#include <kit/clock.hpp>
#include <kit/runtime.hpp>
#include <kit/tcp_network.hpp>
#include <transports/http/access_log.hpp>
#include <transports/http/serve.hpp>
#include <transports/http/server.hpp>

#include "test/support/http_wire.hpp"

namespace http = kit::http;
using namespace std::chrono_literals;

namespace {

asio::awaitable<http::response> hello(http::request) {
  co_return http::response::text(http::status::ok, "hello");
}

// Asks on a connection of its own.
asio::awaitable<test::http_answer> ask(std::string address) {
  kit::tcp_network network(co_await asio::this_coro::executor);
  const auto connected = co_await network.connect(std::move(address));
  const std::string request = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
  co_await kit::write(*connected.stream, asio::buffer(request));
  test::http_wire wire;
  for (;;) {
    char bytes[512];
    const auto got = co_await connected.stream->read_some(asio::buffer(bytes));
    wire.feed({bytes, got.size});
    if (auto answer = wire.next()) co_return *answer;
    if (!got) throw std::system_error(got.error);
  }
}

asio::awaitable<void> ask_often(std::string address, int& answered, kit::runtime& rt) {
  for (int i = 0; i < 32; ++i)
    if ((co_await ask(address)).body == "hello") ++answered;
  rt.stop();
}

}  // namespace

TEST_CASE("serve: the loops of a runtime answer on one port until it is stopped") {
  for (const std::size_t threads : {1U, 3U}) {
    CAPTURE(threads);
    kit::runtime rt({.threads = threads});
    const auto address = http::serve(rt, hello);
    int answered = 0;
    rt.on(0, [&] { return ask_often(address, answered, rt); });
    CHECK(rt.run() == 0);
    CHECK(answered == 32);
  }
}

TEST_CASE("http server: the access log counts the time of a handler that doesn't suspend") {
  kit::runtime rt({.threads = 1});
  kit::duration took{};
  const auto address =
      http::serve(rt,
                  [](http::request r) {
                    for (const auto start = std::chrono::steady_clock::now();
                         std::chrono::steady_clock::now() - start < 3ms;) {
                    }
                    return hello(std::move(r));
                  },
                  {.access_log = [&](const http::access_record& r) { took = r.duration; }});
  int answered = 0;
  rt.on(0, [&] { return ask_often(address, answered, rt); });
  CHECK(rt.run() == 0);
  CHECK(took >= 3ms);
}

TEST_CASE("serve: localhost is the loopback interface, without a resolver") {
  kit::runtime rt;
  const auto address = http::serve(rt, hello, {.address = "localhost"});
  CHECK(address.starts_with("127.0.0.1:"));
  int answered = 0;
  rt.on(0, [&] { return ask_often("localhost" + address.substr(9), answered, rt); });
  CHECK(rt.run() == 0);
  CHECK(answered == 32);
}

TEST_CASE("serve: on all interfaces, a client over IPv4 has an IPv4 address") {
  kit::runtime rt({.threads = 1});
  std::string client;
  const auto address =
      http::serve(rt, hello, {.address = "::", .access_log = [&](const http::access_record& r) {
                                client = r.connection.remote_address;
                              }});
  int answered = 0;
  rt.on(0,
        [&] { return ask_often("127.0.0.1" + address.substr(address.rfind(':')), answered, rt); });
  CHECK(rt.run() == 0);
  CHECK(client.starts_with("127.0.0.1:"));
}

TEST_CASE("http server: listens on an IPv6 address, also of a network that it is given") {
  for (const bool given : {false, true}) {
    CAPTURE(given);
    kit::runtime rt;
    kit::tcp_network network(rt.executor(0));
    const http::server_options options{.address = "::1"};
    std::unique_ptr<http::server> server;
    if (given) {
      server = std::make_unique<http::server>(rt.executor(0), hello, options, network);
    } else {
      server = std::make_unique<http::server>(rt.executor(0), hello, options);
    }
    CHECK(server->local_address().starts_with("[::1]:"));
    int answered = 0;
    rt.on(0, [&] { return server->run(); });
    rt.on(0, [&] { return ask_often(server->local_address(), answered, rt); });
    CHECK(rt.run() == 0);
    CHECK(answered == 32);
  }
}

TEST_CASE("serve: when the address is taken, the runtime is left as it was") {
  asio::io_context loop;
  const auto other = kit::tcp_network(loop.get_executor()).listen("127.0.0.1:0");
  const auto address = kit::parse_address(other->local_address());
  for (const std::size_t threads : {1U, 2U}) {
    kit::runtime rt({.threads = threads});
    CHECK_THROWS_AS(http::serve(rt, hello, {.port = address->port}), std::system_error);
    CHECK(rt.run() == 0);  // nothing to run
  }
}

TEST_CASE("serve: options are checked") {
  kit::runtime rt;
  CHECK_THROWS_AS(http::serve(rt, hello, {.idle_timeout = -1ms}), kit::error);
  CHECK(rt.run() == 0);
}
