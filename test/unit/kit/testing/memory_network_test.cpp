#include <kit/testing/memory_network.hpp>

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>

#include <kit/testing/loop.hpp>

#include "test/support/network_contract.hpp"

using namespace std::chrono_literals;
using kit::random_source;
using kit::testing::link_options;
using kit::testing::loop;
using kit::testing::memory_network;
using network_contract::read_exactly;
using network_contract::read_one;

namespace {

// Two machines with a connection between them.
struct fleet {
  explicit fleet(link_options link = {}, std::uint64_t seed = 1)
      : net(loop.get_executor(), random_source(seed), link),
        acceptor(net.host("db").listen(":80")) {}

  void connect() {
    auto accepting = loop.start(acceptor->accept());
    auto connecting = loop.start(net.host("web").connect("db:80"));
    loop.advance(1min);
    client = std::move(connecting.value().stream);
    server = std::move(accepting.value().stream);
    REQUIRE(client != nullptr);
    REQUIRE(server != nullptr);
  }

  kit::testing::loop loop;
  memory_network net;
  std::unique_ptr<kit::acceptor> acceptor;
  std::unique_ptr<kit::stream> client, server;
};

asio::awaitable<kit::io_result> write(kit::stream& to, std::string text) {
  co_return co_await kit::write(to, asio::buffer(text));
}

}  // namespace

TEST_CASE("memory_network: fulfils the contract of a network") {
  network_contract::check([](auto script) {
    for (bool rough : {false, true}) {
      CAPTURE(rough);
      link_options link;
      if (rough) {
        link = {.min_delay = 1ms,
                .max_delay = 20ms,
                .buffer = 3000,
                .max_read = 700,
                .max_write = 500,
                .random_sizes = true};
      }
      kit::testing::loop loop;
      memory_network net(loop.get_executor(), random_source(7), link);
      auto run = loop.start(script(net.host("web"), net.host("db"), "db:0"));
      loop.advance(1h);
      run.value();
    }
  });
}

TEST_CASE("memory_network: connecting takes a round trip, and what is sent one way") {
  fleet f({.min_delay = 10ms, .max_delay = 10ms});
  auto connecting = f.loop.start(f.net.host("web").connect("db:80"));
  f.loop.advance(19ms);
  CHECK(connecting.pending());
  f.loop.advance(1ms);
  CHECK(connecting.done());
  CHECK(f.loop.start(f.acceptor->accept()).value());
  f.connect();
  auto reading = f.loop.start(read_one(*f.server));
  f.loop.start(write(*f.client, "x"));
  f.loop.advance(9ms);
  CHECK(reading.pending());
  f.loop.advance(1ms);
  CHECK(reading.value().size == 1);
}

TEST_CASE("memory_network: a machine reaches itself without delay") {
  fleet f({.min_delay = 10ms, .max_delay = 10ms});
  CHECK(f.loop.start(f.net.host("db").connect("localhost:80")).value());
  CHECK(f.loop.start(f.net.host("db").connect("db:80")).value());
}

TEST_CASE("memory_network: an unknown machine is host_not_found") {
  fleet f;
  CHECK(f.loop.start(f.net.host("web").connect("nowhere:80")).value().error ==
        asio::error::host_not_found);
}

TEST_CASE("memory_network: a partition stops the flow, heals, and loses nothing") {
  fleet f({.min_delay = 1ms, .max_delay = 1ms});
  f.connect();
  f.loop.start(write(*f.client, "before"));
  f.net.partition("web", "db");
  f.loop.start(write(*f.client, ", during"));
  auto reading = f.loop.start(read_exactly(*f.server, 14));
  auto connecting = f.loop.start(f.net.host("web").connect("db:80"));
  f.loop.advance(1min);
  CHECK(reading.pending());
  CHECK(connecting.pending());
  f.net.heal("db", "web");
  f.loop.advance(2ms);
  CHECK(reading.value() == "before, during");
  CHECK(connecting.value());
}

TEST_CASE("memory_network: an attempt to connect that nothing answers times out") {
  fleet f;
  f.net.partition("web", "db");
  auto connecting = f.loop.start(f.net.host("web").connect("db:80"));
  auto abandoned = f.loop.start(f.net.host("web").connect("db:80"));
  abandoned.cancel();
  f.loop.advance(memory_network::connect_timeout - 1ms);
  CHECK(abandoned.value().error == asio::error::operation_aborted);
  CHECK(connecting.pending());
  f.loop.advance(1ms);
  CHECK(connecting.value().error == asio::error::timed_out);
}

TEST_CASE("memory_network: a crash leaves the peer half-open until it hears from a restarted one") {
  fleet f;
  f.connect();
  auto reading = f.loop.start(read_one(*f.client));
  auto accepting = f.loop.start(f.acceptor->accept());
  auto serving = f.loop.start(read_one(*f.server));
  f.net.crash("db");
  f.server.reset();
  f.loop.advance(1h);
  CHECK(reading.pending());
  CHECK(serving.value().error == asio::error::operation_aborted);
  CHECK(accepting.value().error == asio::error::operation_aborted);
  CHECK_THROWS_AS(f.net.host("db").listen(":80"), std::system_error);
  CHECK(f.loop.start(f.net.host("db").connect("web:80")).value().error ==
        asio::error::network_down);
  f.net.restart("db");
  f.loop.advance(1h);
  CHECK(reading.pending());
  CHECK(f.loop.start(f.net.host("web").connect("db:80")).value().error ==
        asio::error::connection_refused);
  f.loop.start(write(*f.client, "anybody there?"));
  CHECK(reading.value().error == asio::error::connection_reset);
  f.acceptor = f.net.host("db").listen(":80");
  f.connect();
}

TEST_CASE("memory_network: writing to a crashed machine fills the buffer, then waits") {
  fleet f({.buffer = 10});
  f.connect();
  f.net.crash("db");
  auto writing = f.loop.start(write(*f.client, "0123456789a"));
  f.loop.advance(1h);
  CHECK(writing.pending());
  f.net.restart("db");
  f.loop.run();
  CHECK(writing.value().error == asio::error::connection_reset);
}

TEST_CASE("memory_network: links differ by pair") {
  fleet f({.min_delay = 10ms, .max_delay = 10ms});
  f.net.set_link("db", "cache", {.min_delay = 1s, .max_delay = 1s});
  auto far = f.loop.start(f.net.host("cache").connect("db:80"));
  auto near = f.loop.start(f.net.host("web").connect("db:80"));
  f.loop.advance(20ms);
  CHECK(near.done());
  CHECK(far.pending());
  f.loop.advance(2s);
  CHECK(far.done());
}

TEST_CASE("memory_network: reset breaks the connections of a pair, no others") {
  fleet f;
  f.connect();
  const auto client = std::move(f.client), server = std::move(f.server);
  f.connect();
  auto other = f.loop.start(f.net.host("cache").connect("db:80")).value().error;
  auto reading = f.loop.start(read_one(*client));
  f.net.reset("web", "cache");
  f.loop.run();
  CHECK(reading.pending());
  f.net.reset("db", "web");
  f.loop.run();
  CHECK(reading.value().error == asio::error::connection_reset);
  CHECK_FALSE(other);
}

TEST_CASE("memory_network: the same seed makes the same run, another one another") {
  const auto run = [](std::uint64_t seed) {
    fleet f({.min_delay = 1ms, .max_delay = 50ms, .random_sizes = true, .loss = 0.001}, seed);
    f.connect();
    std::vector<std::pair<kit::duration, std::size_t>> log;
    const auto start = f.loop.now();
    struct script {
      static asio::awaitable<void> read(kit::stream& s, kit::testing::loop& loop, decltype(log)& l,
                                        kit::time_point from) {
        std::string piece(5000, '\0');
        for (;;) {
          const auto r = co_await s.read_some(asio::buffer(piece));
          if (r.error) co_return;
          l.emplace_back(loop.now() - from, r.size);
        }
      }
    };
    f.loop.start(script::read(*f.server, f.loop, log, start));
    f.loop.start(write(*f.client, std::string(200'000, 'x')));
    f.loop.advance(10min);
    return log;
  };
  const auto first = run(1);
  CHECK(first.size() > 10);
  CHECK(run(1) == first);
  CHECK(run(2) != first);
}

TEST_CASE("memory_network: every step of a script can be made to fail") {
  std::size_t n = 0;
  for (;; ++n) {
    CAPTURE(n);
    fleet f;
    struct script {
      static asio::awaitable<std::error_code> serve(kit::acceptor& a) {
        const auto c = co_await a.accept();
        if (c.error) co_return c.error;
        const auto r = co_await read_one(*c.stream);
        if (r.error) co_return r.error;
        co_return (co_await write(*c.stream, "y")).error;
      }
      static asio::awaitable<std::error_code> ask(kit::network& net) {
        const auto c = co_await net.connect("db:80");
        if (c.error) co_return c.error;
        const auto w = co_await write(*c.stream, "x");
        if (w.error) co_return w.error;
        co_return (co_await read_one(*c.stream)).error;
      }
    };
    f.net.faults().fail_step(n);
    auto serving = f.loop.start(script::serve(*f.acceptor));
    auto asking = f.loop.start(script::ask(f.net.host("web")));
    if (!f.net.faults().hit()) {
      CHECK(f.net.faults().steps() == n);
      CHECK_FALSE(serving.value());
      CHECK_FALSE(asking.value());
      break;
    }
    CHECK((serving.done() || asking.done()));
    CHECK(((serving.done() && serving.value()) || (asking.done() && asking.value())));
  }
  CHECK(n == 6);
}
