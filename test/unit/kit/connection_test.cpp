#include <kit/connection.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <asio/error.hpp>

#include <kit/error.hpp>
#include "connections.hpp"

using namespace std::chrono_literals;
using connections::fleet;
using kit::connection;
using kit::connection_options;
using kit::io_result;
using kit::random_source;

namespace {

const std::error_code broken = asio::error::connection_reset;

}  // namespace

TEST_CASE("connection: take waits for the first dial, then gives the connection [util/conn:1]") {
  fleet f({.min_delay = 10ms, .max_delay = 10ms});
  f.listen();
  f.connect();
  auto taking = f.loop.start(f.conn->take());
  auto second = f.loop.start(f.conn->take());
  f.loop.advance(19ms);
  CHECK(taking.pending());
  CHECK_FALSE(f.conn->connected());
  f.loop.advance(1ms);
  REQUIRE(taking.done());
  CHECK(taking.value());
  CHECK(second.value().stream == taking.value().stream);
  CHECK(taking.value().stream->remote_address() == "db:80");
  CHECK(f.conn->connected());
  CHECK(f.conn->address() == "db:80");
}

TEST_CASE("connection: take gives nothing when the first dial failed [util/conn:1]") {
  fleet f({.min_delay = 10ms, .max_delay = 10ms});
  f.connect();
  auto taking = f.loop.start(f.conn->take());
  CHECK(taking.pending());
  f.loop.advance(20ms);
  REQUIRE(taking.done());
  CHECK_FALSE(taking.value());
  CHECK(f.errors == std::vector<std::error_code>{asio::error::connection_refused});
}

TEST_CASE("connection: putting no error back does nothing [util/conn:2]") {
  fleet f;
  f.listen();
  f.connect();
  const auto lease = f.take();
  f.conn->put(lease, {});
  f.loop.run();
  CHECK(f.take().stream == lease.stream);
  CHECK(lease.stream->is_open());
  CHECK(f.errors.empty());
}

TEST_CASE(
    "connection: an error put closes the connection, and dials again at once; until that "
    "has succeeded take gives nothing [util/conn:2]") {
  fleet f({.min_delay = 10ms, .max_delay = 10ms});
  f.listen();
  f.connect();
  f.loop.advance(20ms);
  const auto old = f.take();
  f.conn->put(old, broken);
  CHECK(f.errors == std::vector{broken});
  CHECK_FALSE(old.stream->is_open());
  for (int i = 0; i < 10; ++i)
    CHECK_FALSE(f.take());
  f.loop.advance(19ms);
  CHECK_FALSE(f.take());
  f.loop.advance(1ms);
  const auto fresh = f.take();
  REQUIRE(fresh);
  CHECK(fresh.stream != old.stream);
  CHECK(fresh.generation == old.generation + 1);
}

TEST_CASE("connection: an error put while there is no connection is ignored [util/conn:3]") {
  fleet f;
  f.listen();
  f.connect();
  const auto lease = f.take();
  f.net.partition("web", "db");
  f.conn->put(lease, broken);
  f.loop.run();
  f.conn->put(lease, broken);
  f.conn->put({}, broken);
  CHECK(f.errors.size() == 1);
  f.net.heal("web", "db");
  f.loop.run();
  CHECK(f.take());
}

TEST_CASE("connection: an error of a former connection doesn't touch the present one") {
  fleet f;
  f.listen();
  f.connect();
  const auto old = f.take();
  f.conn->put(old, broken);
  f.loop.run();
  const auto fresh = f.take();
  REQUIRE(fresh);
  f.conn->put(old, broken);
  f.loop.run();
  CHECK(f.take().stream == fresh.stream);
  CHECK(fresh.stream->is_open());
  CHECK(f.errors.size() == 1);
}

TEST_CASE(
    "connection: after each failed dial it waits exponentially longer, without end "
    "[util/conn:4]") {
  fleet f;
  f.connect({.backoff = {.jitter = 0}});
  f.loop.run();
  CHECK(f.errors.size() == 1);
  std::size_t dials = 1;
  for (auto wait : {2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}) {
    f.loop.advance(wait - 1ms);
    CHECK(f.errors.size() == dials);
    f.loop.advance(1ms);
    CHECK(f.errors.size() == ++dials);
  }
  f.loop.advance(24h);
  CHECK(f.errors.size() == dials + 24 * 60);
  for (const auto& e : f.errors)
    CHECK(e == asio::error::connection_refused);
}

TEST_CASE("connection: a failed first dial is tried again as well [util/conn:5]") {
  fleet f;
  f.connect();
  CHECK_FALSE(f.take());
  f.listen();
  f.loop.advance(999ms);
  CHECK_FALSE(f.take());
  f.loop.advance(2s + 1ms);
  CHECK(f.take());
}

TEST_CASE("connection: a success resets the wait [util/conn:6]") {
  fleet f;
  f.connect({.backoff = {.jitter = 0}});
  f.loop.advance(62s);  // after 2, 4, 8, 16, 32
  CHECK(f.errors.size() == 6);
  f.listen();
  f.loop.advance(60s);
  const auto lease = f.take();
  REQUIRE(lease);
  f.acceptor.reset();
  f.conn->put(lease, broken);
  f.loop.run();
  CHECK(f.errors.size() == 8);  // lost, and refused at once
  f.loop.advance(2s);
  CHECK(f.errors.size() == 9);
  f.loop.advance(4s);
  CHECK(f.errors.size() == 10);
}

TEST_CASE("connection: while dialling fails take never gives a connection [util/conn:8]") {
  fleet f;
  f.connect();
  for (int i = 0; i < 1000; ++i) {
    CHECK_FALSE(f.take());
    f.loop.advance(100ms);
  }
  CHECK(f.errors.size() > 3);
}

TEST_CASE("connection: write takes, writes, and puts the error [util/conn:9]") {
  fleet f;
  f.listen();
  f.connect();
  CHECK(f.write("hello").value() == io_result{{}, 5});
  auto server = f.accept();
  CHECK(f.read(*server) == "hello");
  f.acceptor.reset();
  f.net.reset("web", "db");
  CHECK(f.write("lost").value() == io_result{asio::error::connection_reset, 0});
  CHECK_FALSE(f.conn->connected());
  CHECK(f.errors.at(0) == asio::error::connection_reset);
  const auto r = f.write("without").value();
  CHECK(r.size == 0);
  CHECK(r.error == kit::errc::unavailable);
}

TEST_CASE("connection: take and put answer during a slow dial [util/conn:10]") {
  fleet f;
  f.listen();
  f.connect();
  const auto lease = f.take();
  f.net.partition("web", "db");
  f.conn->put(lease, broken);
  f.loop.advance(5s);  // dialling hangs
  auto taking = f.loop.start(f.conn->take());
  REQUIRE(taking.done());
  CHECK_FALSE(taking.value());
  f.conn->put(lease, broken);
  CHECK(f.errors.size() == 1);
}

TEST_CASE("connection: a dial that takes too long has failed") {
  fleet f;
  f.listen();
  f.net.partition("web", "db");
  f.connect({.backoff = {.jitter = 0}, .dial_timeout = 5s});
  auto taking = f.loop.start(f.conn->take());
  f.loop.advance(4999ms);
  CHECK(taking.pending());
  f.loop.advance(1ms);
  CHECK_FALSE(taking.value());
  CHECK(f.errors == std::vector<std::error_code>{asio::error::timed_out});
  f.loop.advance(2s + 5s);
  CHECK(f.errors.size() == 2);
  f.net.heal("web", "db");
  f.loop.advance(4s);
  CHECK(f.take());
}

TEST_CASE("connection: without a limit a dial takes as long as the network lets it") {
  fleet f;
  f.listen();
  f.net.partition("web", "db");
  f.connect({.dial_timeout = 0s});
  f.loop.advance(126s);
  CHECK(f.errors.empty());
  f.loop.advance(1s);
  CHECK(f.errors == std::vector<std::error_code>{asio::error::timed_out});
}

TEST_CASE("connection: an address that is none fails, and is tried again") {
  fleet f;
  std::vector<std::error_code> errors;
  connection c(f.loop.get_executor(), f.net.host("web"), "no port", random_source(1),
               {.on_error = [&](const std::error_code& ec) { errors.push_back(ec); }});
  CHECK_FALSE(f.loop.start(c.take()).value());
  CHECK(errors.at(0) == kit::errc::invalid_argument);
}

TEST_CASE("connection: options out of range are refused by name") {
  fleet f;
  const auto refused = [&](connection_options o) {
    try {
      connection c(f.loop.get_executor(), f.net.host("web"), "db:80", random_source(1), o);
    } catch (const kit::error& e) {
      return std::string(e.message());
    }
    return std::string("accepted");
  };
  CHECK(refused({.dial_timeout = -1s}).starts_with("connection_options::dial_timeout"));
  CHECK(refused({.write_timeout = -1s}).starts_with("connection_options::write_timeout"));
  CHECK(refused({.backoff = {.jitter = 2}}).starts_with("backoff_options::jitter"));
}
