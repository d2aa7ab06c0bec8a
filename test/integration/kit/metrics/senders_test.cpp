#include <kit/metrics/sender.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <doctest/doctest.h>
#include <unistd.h>
#include <asio/basic_datagram_socket.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <asio/local/datagram_protocol.hpp>

#include <kit/metrics/statsd.hpp>
#include <kit/network.hpp>
#include <kit/testing/loop.hpp>

using kit::metrics::udp_sender;
using kit::metrics::unix_sender;

namespace {

// A server's socket.
template <class Protocol>
struct receiver {
  receiver(asio::io_context& loop, const typename Protocol::endpoint& at) : socket(loop, at) {
    socket.non_blocking(true);
  }
  // The next datagram; empty when there is none.
  std::string take() {
    std::string data(100'000, '\0');
    std::error_code ec;
    data.resize(socket.receive(asio::buffer(data), 0, ec));
    return data;
  }
  typename Protocol::socket socket;
};

using udp = receiver<asio::ip::udp>;
using local = receiver<asio::local::datagram_protocol>;

asio::ip::udp::endpoint loopback(unsigned short port = 0) {
  return {asio::ip::make_address("127.0.0.1"), port};
}

asio::awaitable<kit::io_result> open_and_send(kit::metrics::sender& to, std::string text) {
  if (const auto ec = co_await to.open()) co_return kit::io_result{ec, 0};
  co_return co_await to.send(asio::buffer(text));
}

struct world {
  kit::io_result send(std::string text) {
    return loop.start(open_and_send(*to, std::move(text))).value();
  }
  void close() { CHECK_NOTHROW(loop.start(to->close()).value()); }
  ~world() {
    if (to) close();
  }

  kit::testing::loop loop;
  std::shared_ptr<kit::metrics::sender> to;
};

struct folder {
  folder() { std::filesystem::create_directory(path); }
  ~folder() { std::filesystem::remove_all(path); }
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("cokit-senders-" + std::to_string(::getpid()));
};

}  // namespace

TEST_CASE("udp sender: sends datagrams, whole") {
  world w;
  udp server(w.loop.context(), loopback());
  w.to = udp_sender(kit::to_address("localhost", server.socket.local_endpoint().port()));
  CHECK(w.to->max_size() == 1'432);
  CHECK(w.send("a:1|c\nb:2|c\n") == kit::io_result{{}, 12});
  CHECK(w.send("c:3|c\n") == kit::io_result{{}, 6});
  CHECK(server.take() == "a:1|c\nb:2|c\n");
  CHECK(server.take() == "c:3|c\n");
  CHECK(server.take() == "");
}

TEST_CASE("udp sender: one datagram later it knows that nobody listens, and tries again") {
  world w;
  std::optional<udp> server(std::in_place, w.loop.context(), loopback());
  const auto at = server->socket.local_endpoint();
  w.to = udp_sender(kit::to_address("127.0.0.1", at.port()));
  server.reset();
  CHECK_FALSE(w.send("lost").error);
  CHECK(w.send("refused").error == asio::error::connection_refused);
  CHECK(w.loop.start(w.to->send(asio::buffer("x", 1))).value().error == asio::error::not_connected);
  server.emplace(w.loop.context(), at);
  CHECK_FALSE(w.send("here").error);
  CHECK(server->take() == "here");
}

TEST_CASE("udp sender: what is too long fails, and leaves it as it was") {
  world w;
  udp server(w.loop.context(), loopback());
  w.to = udp_sender(kit::to_address("127.0.0.1", server.socket.local_endpoint().port()));
  CHECK(w.send(std::string(70'000, 'x')).error == asio::error::message_size);
  CHECK_FALSE(w.loop.start(w.to->send(asio::buffer("x", 1))).value().error);
  CHECK(server.take() == "x");
}

TEST_CASE("udp sender: IPv6 and closing") {
  world w;
  std::optional<udp> server;
  try {
    server.emplace(w.loop.context(), asio::ip::udp::endpoint(asio::ip::make_address("::1"), 0));
  } catch (const std::system_error&) {
    return;  // this system has no IPv6
  }
  w.to = udp_sender(kit::to_address("::1", server->socket.local_endpoint().port()));
  CHECK_FALSE(w.send("six").error);
  CHECK(server->take() == "six");
  w.close();
  CHECK(w.loop.start(w.to->send(asio::buffer("x", 1))).value().error == asio::error::not_connected);
  CHECK_FALSE(w.send("again").error);
  CHECK(server->take() == "again");
}

TEST_CASE("udp sender: a name that nobody knows") {
  asio::io_context loop;
  const auto to = udp_sender("no-such-host.invalid:8125");
  std::error_code ec;
  asio::co_spawn(loop, to->open(), [&](std::exception_ptr, std::error_code e) { ec = e; });
  loop.run();
  CHECK(ec);
}

TEST_CASE("unix sender: a server that comes late, goes and comes back") {
  folder f;
  world w;
  const auto path = f.path / "dsd.socket";
  w.to = unix_sender(path.native());
  CHECK(w.to->address() == path.native());
  CHECK(w.to->max_size() == 8'192);
  CHECK(w.send("early").error.value() == ENOENT);
  std::optional<local> server(std::in_place, w.loop.context(), path.native());
  CHECK_FALSE(w.send("one").error);
  CHECK(server->take() == "one");
  server.reset();
  CHECK(w.send("lost").error == asio::error::connection_refused);
  std::filesystem::remove(path);
  server.emplace(w.loop.context(), path.native());
  CHECK_FALSE(w.send("two").error);
  CHECK(server->take() == "two");
}

TEST_CASE("unix sender: a full buffer takes no more, nobody waits, and losses are counted") {
  folder f;
  world w;
  const auto path = f.path / "dsd.socket";
  local server(w.loop.context(), path.native());
  w.to = unix_sender(path.native(), 100);
  const kit::metrics::registry metrics;
  kit::metrics::statsd_exporter exporter(metrics, w.to);
  const auto c = metrics.counter({.name = "zcount"});
  const auto h = metrics.histogram({.name = "h"});
  c.add(1);
  for (int i = 0; i < 20'000; ++i)
    h.observe(1);
  const auto flushed = w.loop.start(exporter.flush());
  REQUIRE(flushed.done());
  CHECK(flushed.error().code() != kit::errc::ok);
  std::size_t lines = 0;
  for (auto one = server.take(); !one.empty(); one = server.take())
    lines += static_cast<std::size_t>(std::ranges::count(one, '\n'));
  auto s = exporter.stats();
  CHECK(s.values_sent == lines);
  CHECK(s.values_sent + s.values_lost == 20'001);
  CHECK(s.values_lost > 0);
  CHECK(s.failures > 0);
  h.observe(1);
  CHECK(w.loop.start(exporter.flush()).value().has_value());
  CHECK(server.take() == "h:1.000000|ms\n");
}
