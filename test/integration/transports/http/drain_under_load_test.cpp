// Servers in threads of their own, with clients that don't pause.
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <transports/http/server.hpp>

#include "../../../support/http_server/blocking_client.hpp"
#include "../../../support/http_server/under_load.hpp"

namespace {

using load = test::load<test::blocking_client>;

auto connector(std::uint16_t port) {
  return [port] { return std::make_unique<test::blocking_client>(port); };
}

void drain_under_load(int threads) {
  test::threaded_server s(threads);
  load clients({1, 1, 1, 4, 16}, connector(s.port()));
  clients.await(500);
  s.server().stop();
  clients.join();
  s.join();
  CHECK(s.ended());
  CHECK(clients.lost == 0);
  CHECK(clients.wrong == 0);
}

}  // namespace

TEST_CASE("http server: a drain under load loses no request, on one thread") {
  for (int i = 0; i < 5; ++i)
    drain_under_load(1);
}

TEST_CASE("http server: a drain under load loses no request, on several threads") {
  for (int i = 0; i < 5; ++i)
    drain_under_load(3);
}

TEST_CASE("http server: clients that break off under load, on several threads") {
  test::threaded_server s(3);
  std::vector<std::thread> clients;
  for (int n = 0; n < 3; ++n) {
    clients.emplace_back([&, n] {
      for (int i = 0; i < 100; ++i) {
        test::blocking_client c(s.port());
        c.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /later HTTP/1.1\r\nHost: a\r\n\r\n");
        if (i % 3 != n) c.answer();
        i % 2 ? c.reset() : c.close();
      }
    });
  }
  for (auto& c : clients)
    c.join();
  test::blocking_client c(s.port());
  c.send("GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(c.answer().value_or(test::http_answer{}).body == "/now");
  s.server().stop();
  s.join();
}

TEST_CASE("http server: cancelled and destroyed under load, from another thread") {
  for (const bool destroy : {false, true}) {
    for (int threads : {1, 3}) {
      CAPTURE(destroy);
      CAPTURE(threads);
      test::threaded_server s(threads);
      load clients({1, 4, 16}, connector(s.port()));
      clients.await(50);
      destroy ? s.destroy() : s.server().cancel();
      clients.join();
      s.join();
      CHECK(s.ended());
    }
  }
}
