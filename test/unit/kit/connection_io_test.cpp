#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <asio/error.hpp>
#include <asio/strand.hpp>

#include <kit/connection.hpp>
#include <kit/error.hpp>
#include <kit/this_context.hpp>
#include "connections.hpp"

// Writing, closing, and every I/O step failing in turn.

using namespace std::chrono_literals;
using connections::fleet;
using kit::connection;
using kit::io_result;
using kit::random_source;

TEST_CASE("connection: a write waits for the first dial") {
  fleet f({.min_delay = 10ms, .max_delay = 10ms});
  f.listen();
  f.connect();
  auto writing = f.write("early");
  CHECK(writing.pending());
  f.loop.advance(20ms);
  CHECK(writing.value() == io_result{{}, 5});
}

TEST_CASE("connection: short writes are finished, and writers take turns in their order") {
  fleet f({.buffer = 10, .max_write = 3});
  f.listen();
  f.connect();
  f.loop.run();
  auto server = f.accept();
  const std::string a(25, 'a'), b(25, 'b'), c(5, 'c');
  auto first = f.write(a);
  auto second = f.write(b);
  auto third = f.write(c);
  CHECK(first.pending());
  std::string all;
  while (all.size() < 55)
    all += f.read(*server);
  CHECK(all == a + b + c);
  CHECK(first.value() == io_result{{}, 25});
  CHECK(second.value() == io_result{{}, 25});
  CHECK(third.value() == io_result{{}, 5});
}

TEST_CASE("connection: a writer that is cancelled while it waits has written nothing") {
  fleet f({.buffer = 10});
  f.listen();
  f.connect();
  f.loop.run();
  auto server = f.accept();
  const std::string a(15, 'a');
  auto first = f.write(a);
  auto second = f.write("second");
  auto third = f.write("third");
  auto fourth = f.write("fourth");
  third.cancel();
  f.loop.run();
  CHECK(third.value() == io_result{asio::error::operation_aborted, 0});
  second.cancel();
  f.loop.run();
  CHECK(second.value() == io_result{asio::error::operation_aborted, 0});
  std::string all;
  while (all.size() < 21)
    all += f.read(*server);
  CHECK(all == a + "fourth");
  CHECK(first.done());
  CHECK(fourth.done());
  CHECK(f.errors.empty());
}

TEST_CASE("connection: a write cancelled half-way gives the connection up") {
  fleet f({.buffer = 10});
  f.listen();
  f.connect();
  f.loop.run();
  auto server = f.accept();
  const std::string a(15, 'a');
  auto writing = f.write(a);
  auto next = f.write("next");
  writing.cancel();
  f.loop.run();
  CHECK(writing.value() == io_result{asio::error::operation_aborted, 10});
  CHECK(f.errors == std::vector<std::error_code>{asio::error::operation_aborted});
  CHECK(f.read(*server) == std::string(10, 'a'));
  CHECK(f.read(*server).empty());  // the end: the rest of the message will never come
  CHECK(f.conn->connected());      // again
  CHECK(next.done());
}

TEST_CASE("connection: a write that takes too long fails, and gives the connection up") {
  fleet f({.buffer = 10});
  f.listen();
  f.connect({.write_timeout = 3s});
  f.loop.run();
  auto server = f.accept();
  const std::string a(15, 'a');
  auto writing = f.write(a);
  f.loop.advance(2999ms);
  CHECK(writing.pending());
  f.loop.advance(1ms);
  CHECK(writing.value() == io_result{asio::error::timed_out, 10});
  CHECK(f.errors == std::vector<std::error_code>{asio::error::timed_out});
}

TEST_CASE("connection: a write keeps its caller's deadline") {
  fleet f({.buffer = 10});
  f.listen();
  f.connect();
  f.loop.run();
  auto server = f.accept();
  const std::string a(15, 'a');
  auto writing = f.loop.start(kit::with_timeout(1s, f.conn->write(asio::buffer(a))));
  f.loop.advance(1s);
  REQUIRE(writing.done());
  CHECK(writing.value() == io_result{asio::error::operation_aborted, 10});
}

TEST_CASE("connection: works on a strand") {
  fleet f;
  f.listen();
  const auto strand = asio::make_strand(f.loop.get_executor());
  connection c(strand, f.net.host("web"), "db:80", random_source(1));
  auto writing = f.loop.start_on(strand, c.write(asio::buffer("x", 1)));
  CHECK(writing.value() == io_result{{}, 1});
  CHECK(f.loop.start_on(strand, c.close()).done());
}

// --- the end ------------------------------------------------------------------------------------

TEST_CASE("connection: closing ends everything, and says when") {
  fleet f({.buffer = 10});
  f.listen();
  f.connect();
  f.loop.run();
  auto server = f.accept();
  const auto lease = f.take();
  const std::string a(15, 'a');
  auto writing = f.write(a);
  auto waiting = f.write("next");
  auto closing = f.loop.start(f.conn->close());
  CHECK(closing.done());
  CHECK_FALSE(lease.stream->is_open());
  CHECK(writing.value() == io_result{asio::error::operation_aborted, 10});
  CHECK(waiting.value().error == kit::errc::unavailable);
  CHECK_FALSE(f.take());
  CHECK(f.write("late").value().error == kit::errc::unavailable);
  f.conn->put(lease, asio::error::eof);
  CHECK(f.loop.start(f.conn->close()).done());
  f.loop.advance(1h);
  CHECK(f.errors.empty());
  CHECK(f.loop.wheel().armed() == 0);
}

TEST_CASE("connection: closing ends a dial under way, and the wait for it") {
  fleet f;
  f.listen();
  f.net.partition("web", "db");
  f.connect();
  auto taking = f.loop.start(f.conn->take());
  CHECK(taking.pending());
  auto closing = f.loop.start(f.conn->close());
  CHECK(closing.done());
  CHECK_FALSE(taking.value());
  CHECK(f.errors.empty());
  CHECK(f.loop.wheel().armed() == 0);
}

TEST_CASE("connection: closing ends the wait before the next dial") {
  fleet f;
  f.connect();
  f.loop.run();
  CHECK(f.loop.wheel().armed() == 1);
  CHECK(f.loop.start(f.conn->close()).done());
  CHECK(f.loop.wheel().armed() == 0);
}

TEST_CASE("connection: may be destroyed at any time, under those who wait for it, too") {
  fleet f({.buffer = 10});
  f.listen();
  SUBCASE("dialling") {
    f.net.partition("web", "db");
    f.connect();
    auto taking = f.loop.start(f.conn->take());
    f.conn.reset();
    f.loop.run();
    CHECK_FALSE(taking.value());
  }
  SUBCASE("writing") {
    f.connect();
    const std::string a(15, 'a');
    auto writing = f.write(a);
    auto waiting = f.write("next");
    f.conn.reset();
    f.loop.run();
    CHECK(writing.value().error == asio::error::operation_aborted);
    CHECK(waiting.value().error == kit::errc::unavailable);
  }
  SUBCASE("before its loop has run") {
    f.connect();
    f.conn.reset();
    f.loop.run();
  }
  CHECK(f.loop.wheel().armed() == 0);
}

TEST_CASE("connection: ends with the context of its executor") {
  fleet f;
  f.listen();
  kit::cancel_source source;
  connection c(kit::bind_context(f.loop.get_executor(), source.context()), f.net.host("web"),
               "db:80", random_source(1));
  const auto lease = f.loop.start(c.take()).value();
  REQUIRE(lease);
  source.cancel();
  f.loop.run();
  CHECK_FALSE(lease.stream->is_open());
  CHECK_FALSE(f.loop.start(c.take()).value());
}

TEST_CASE("connection: ends with its loop") {
  std::optional<connection> outlives;
  {
    fleet f;
    f.listen();
    f.connect();
    f.loop.run();
    auto pending = f.loop.start(f.conn->write(asio::buffer(std::string_view("x"))));
    CHECK(pending.done());
  }
  fleet g;
  g.net.partition("web", "db");
  g.connect();
  g.loop.run();
}

// --- every step in turn -------------------------------------------------------------------------

namespace {

// Sends three messages, each as often as it takes; a message counts when it was written whole.
asio::awaitable<void> send_three(connection& c, int& failures) {
  for (std::string_view text : {"one.", "two.", "three."}) {
    for (bool sent = false; !sent;) {
      sent = static_cast<bool>(co_await c.write(asio::buffer(text)));
      if (!sent) ++failures;
      co_await kit::sleep_for(1s);
    }
  }
}

// All that comes over all connections, as it comes; a broken connection's rest is dropped.
asio::awaitable<void> collect(kit::acceptor& from, std::vector<std::string>& messages) {
  for (;;) {
    auto accepted = co_await from.accept();
    if (accepted.error == asio::error::operation_aborted ||
        accepted.error == asio::error::bad_descriptor) {
      co_return;
    }
    if (!accepted) continue;
    std::string text;
    for (;;) {
      char c;
      if (!co_await accepted.stream->read_some(asio::buffer(&c, 1))) break;
      text += c;
      if (c != '.') continue;
      messages.push_back(text);
      text.clear();
    }
  }
}

}  // namespace

TEST_CASE("connection: whichever step fails, it recovers, and what was written arrives in order") {
  std::size_t steps = 0;
  for (;; ++steps) {
    CAPTURE(steps);
    fleet f({.min_delay = 1ms, .max_delay = 1ms});
    f.listen();
    f.net.faults().fail_step(steps);
    std::vector<std::string> messages;
    auto collecting = f.loop.start(collect(*f.acceptor, messages));
    f.connect();
    int failures = 0;
    auto sending = f.loop.start(send_three(*f.conn, failures));
    f.loop.advance(1min);
    REQUIRE(sending.done());
    sending.value();
    CHECK(failures <= 4);
    // A break right after a write loses what is on its way.
    CHECK(messages.size() >= 2);
    const std::vector<std::string> sent{"one.", "two.", "three."};
    auto next = sent.begin();
    for (const auto& m : messages) {
      next = std::find(next, sent.end(), m);
      REQUIRE(next++ != sent.end());
    }
    CHECK(f.loop.start(f.conn->close()).done());
    f.acceptor->close();
    f.loop.advance(1s);
    CHECK(collecting.done());
    if (!f.net.faults().hit()) break;
  }
  CHECK(steps > 10);
}
