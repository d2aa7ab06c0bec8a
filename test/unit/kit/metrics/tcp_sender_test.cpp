#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>
#include <asio/error.hpp>

#include <kit/metrics/graphite.hpp>
#include <kit/metrics/sender.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/memory_network.hpp>

#include "refusal.hpp"

using namespace std::chrono_literals;
using kit::metrics::tcp_sender;

namespace {

asio::awaitable<std::string> read_piece(kit::stream& from) {
  std::string piece(100'000, '\0');
  const auto r = co_await from.read_some(asio::buffer(piece));
  piece.resize(r.size);
  co_return piece;
}

// A machine "web" with an exporter to "carbon:2003", where something may listen.
struct fleet {
  fleet() {
    net.emplace(loop->get_executor(), kit::random_source(1));
    net->host("carbon");
    to = tcp_sender(net->host("web"), "carbon:2003", {.random = kit::random_source(1)});
    exporter.emplace(metrics, to, kit::metrics::graphite_options{.push = {.interval = 10s}});
  }
  ~fleet() {  // streams need the loop, coroutines that end with it the exporter
    server.reset();
    acceptor.reset();
    loop.reset();
  }

  void listen() { acceptor = net->host("carbon").listen(":2003"); }
  void accept() {
    auto accepting = loop->start(acceptor->accept());
    REQUIRE(accepting.done());
    server = std::move(accepting.value().stream);
  }
  std::string read() { return loop->start(read_piece(*server)).value(); }
  std::string counted(int n) { return "c " + std::to_string(n) + ".000000 1700000000\n"; }

  kit::metrics::registry metrics{{.now = [] { return kit::metrics::wall_time(1'700'000'000s); }}};
  kit::metrics::counter c = metrics.counter({.name = "c"});
  std::optional<kit::testing::loop> loop{std::in_place};
  std::optional<kit::testing::memory_network> net;
  std::unique_ptr<kit::acceptor> acceptor;
  std::unique_ptr<kit::stream> server;
  std::shared_ptr<kit::metrics::sender> to;
  std::optional<kit::metrics::graphite_exporter> exporter;
};

}  // namespace

TEST_CASE("tcp sender: a server that is started late gets all [metrics/graphite:1]") {
  fleet f;
  auto running = f.loop->start(f.exporter->run());
  f.c.add(1);
  f.loop->advance(30s);
  CHECK(f.exporter->stats().failures == 3);
  f.c.add(1);
  f.listen();
  f.loop->advance(60s);
  f.accept();
  CHECK(f.read().starts_with(f.counted(2)));
  running.cancel();
  f.c.add(5);
  f.loop->run();
  CHECK_NOTHROW(running.value());
  CHECK(f.read() == f.counted(5));
  CHECK(f.read() == "");  // closed
  CHECK(f.exporter->stats().values_lost == 0);
}

TEST_CASE("tcp sender: that a server goes is noticed before the next write is lost") {
  fleet f;
  f.listen();
  auto running = f.loop->start(f.exporter->run());
  f.c.add(1);
  f.loop->advance(10s);
  f.accept();
  CHECK(f.read() == f.counted(1));
  f.acceptor.reset();
  f.server.reset();
  f.c.add(1);
  f.loop->advance(10s);
  CHECK(f.exporter->stats().failures == 1);
  f.listen();
  f.c.add(1);
  f.loop->advance(60s);
  f.accept();
  CHECK(f.read().starts_with(f.counted(2)));
  CHECK(f.exporter->stats().values_lost == 0);
  running.cancel();
  f.loop->run();
  CHECK(running.done());
}

TEST_CASE("tcp sender: it may be opened again after it was closed") {
  fleet f;
  f.listen();
  CHECK(f.loop->start(f.exporter->flush()).value().has_value());
  f.accept();
  CHECK(f.read() == f.counted(0));
  CHECK_NOTHROW(f.loop->start(f.to->close()).value());
  CHECK(f.read() == "");
  const auto closed = f.loop->start(f.to->send(asio::buffer("x", 1)));
  CHECK(closed.value().error == asio::error::not_connected);
  CHECK_NOTHROW(f.loop->start(f.to->close()).value());
  CHECK(f.loop->start(f.exporter->flush()).value().has_value());
  f.accept();
  CHECK(f.read() == f.counted(0));
  CHECK_NOTHROW(f.loop->start(f.to->close()).value());
}

TEST_CASE("tcp sender: the loop may end while it sends") {
  fleet f;
  f.listen();
  const auto running = f.loop->start(f.exporter->run());
  f.loop->advance(10s);
  CHECK(running.pending());
}

TEST_CASE("tcp sender: every step fails in turn, and in the end all has come") {
  for (std::size_t n = 0;; ++n) {
    fleet f;
    f.listen();
    f.net->faults().fail_step(n);
    auto running = f.loop->start(f.exporter->run());
    for (int i = 0; i < 4; ++i) {
      f.c.add(1);
      f.loop->advance(10s);
    }
    running.cancel();
    f.loop->run();
    REQUIRE(running.done());
    const auto s = f.exporter->stats();
    CHECK(s.values_sent + s.failures >= 5);
    CHECK(s.values_lost == 0);
    if (!f.net->faults().hit()) break;
    REQUIRE(n < 100);
  }
}

TEST_CASE("tcp sender: addresses and options out of range are refused") {
  kit::testing::loop loop;
  kit::testing::memory_network net(loop.get_executor(), kit::random_source(1));
  const auto refused = [&](std::string address, kit::metrics::tcp_sender_options o = {}) {
    return test::refusal([&] { tcp_sender(net.host("a"), address, o); });
  };
  CHECK(refused("carbon").starts_with("invalid_argument: tcp_sender: "));
  CHECK(refused(":1") == "invalid_argument: tcp_sender: the host is missing");
  CHECK(refused("a:1", {.max_size = 0}) ==
        "invalid_argument: tcp_sender_options::max_size: must be at least 1");
  const auto to = tcp_sender(net.host("a"), "carbon:2003");
  CHECK(to->address() == "carbon:2003");
  CHECK(to->max_size() == 65'536);
}

TEST_CASE("datagram senders: addresses out of range are refused") {
  using kit::metrics::udp_sender;
  using kit::metrics::unix_sender;
  using test::refusal;
  CHECK(refusal([] { udp_sender("host"); }).starts_with("invalid_argument: udp_sender: "));
  CHECK(refusal([] { udp_sender(":1"); }) == "invalid_argument: udp_sender: the host is missing");
  CHECK(refusal([] { udp_sender("a:1", 0); }) == "invalid_argument: max_size: must be at least 1");
  CHECK(refusal([] { unix_sender(""); }) == "invalid_argument: unix_sender: the path is empty");
  CHECK(refusal([] { unix_sender(std::string(200, 'x')); }) ==
        "invalid_argument: unix_sender: the path is too long");
  CHECK(udp_sender("[::1]:1")->address() == "[::1]:1");
}
