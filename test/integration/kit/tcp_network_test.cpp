#include <kit/tcp_network.hpp>

#include <exception>
#include <string>
#include <system_error>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>

#include "test/support/network_contract.hpp"

using asio::experimental::awaitable_operators::operator&&;
using kit::tcp_network;

namespace {

void run(asio::io_context& context, asio::awaitable<void> script) {
  std::exception_ptr failure;
  asio::co_spawn(context, std::move(script), [&](std::exception_ptr e) { failure = e; });
  context.run();
  if (failure) std::rethrow_exception(failure);
}

asio::awaitable<void> connect_by_name(tcp_network& net) {
  const auto a = net.listen("localhost:0");
  const auto port = a->local_address().substr(a->local_address().rfind(':'));
  auto ends = co_await (net.connect("localhost" + port) && a->accept());
  CHECK(std::get<0>(ends).error == std::error_code());
  const auto unknown = co_await net.connect("no-such-host.invalid:80");
  CHECK(unknown.error);
  CHECK_FALSE(unknown);
}

asio::awaitable<void> listen_everywhere(tcp_network& net) {
  const auto a = net.listen(":0");
  const auto port = a->local_address().substr(a->local_address().rfind(':'));
  auto ends = co_await (net.connect("127.0.0.1" + port) && a->accept());
  CHECK(std::get<0>(ends).error == std::error_code());
}

asio::awaitable<void> look_up_cancelled(tcp_network& net) {
  const auto r = co_await network_contract::cancelled(net.connect("some-host.invalid:80"));
  CHECK(r.error == asio::error::operation_aborted);
}

asio::awaitable<void> shared_port(tcp_network& net) {
  const auto first = net.listen("127.0.0.1:0");
  const auto second = net.listen(first->local_address());
  CHECK(first->local_address() == second->local_address());
  co_return;
}

}  // namespace

TEST_CASE("tcp_network: fulfils the contract of a network") {
  network_contract::check([](auto script) {
    asio::io_context context(1);
    tcp_network net(context.get_executor());
    run(context, script(net, net, "127.0.0.1:0"));
  });
}

TEST_CASE("tcp_network: fulfils it over IPv6 as well") {
  asio::io_context context(1);
  tcp_network net(context.get_executor());
  try {
    net.listen("[::1]:0");
  } catch (const std::system_error&) {
    return;  // a machine without IPv6
  }
  run(context, network_contract::an_end_is_orderly(net, net, "[::1]:0"));
}

TEST_CASE("tcp_network: looks names up, and says when there is none") {
  asio::io_context context(1);
  tcp_network net(context.get_executor());
  run(context, connect_by_name(net));
}

TEST_CASE("tcp_network: without a host it listens on all interfaces") {
  asio::io_context context(1);
  tcp_network net(context.get_executor());
  run(context, listen_everywhere(net));
}

TEST_CASE("tcp_network: a look-up that is cancelled doesn't keep its caller") {
  asio::io_context context(1);
  tcp_network net(context.get_executor());
  run(context, look_up_cancelled(net));
}

TEST_CASE("tcp_network: listeners share a port when told to") {
  asio::io_context context(1);
  tcp_network net(context.get_executor(), {.reuse_port = true});
  run(context, shared_port(net));
}

TEST_CASE("tcp_network: listening on what is no address throws, and names it") {
  asio::io_context context(1);
  tcp_network net(context.get_executor());
  for (const char* wrong : {"", "127.0.0.1", "example.invalid:80", "127.0.0.1:99999", "::1:80"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(net.listen(wrong), std::system_error);
  }
}

TEST_CASE("listen_on_tcp: where it listens can be given to connect, a taken port is named") {
  asio::io_context context(1);
  const auto ex = context.get_executor();
  for (const std::string host : {"127.0.0.1", "localhost", "::1", "::", ""}) {
    CAPTURE(host);
    const auto a = kit::listen_on_tcp(ex, host, 0);
    const auto at = a.local_endpoint();
    const auto parts = kit::parse_address(kit::to_address(at));
    REQUIRE(parts);
    CHECK(parts->host == (host == "localhost" ? "127.0.0.1" : host.empty() ? "::" : host));
    CHECK(parts->port == at.port());
    try {
      kit::listen_on_tcp(ex, host, at.port());
      FAIL("listens twice");
    } catch (const std::system_error& e) {
      CHECK(e.code() == asio::error::address_in_use);
      CHECK(std::string(e.what()).find("host '" + host + "', port " + std::to_string(at.port())) !=
            std::string::npos);
    }
  }
}
