#include <kit/testing/memory_stream.hpp>

#include <string>

#include <doctest/doctest.h>
#include <asio/error.hpp>

#include <kit/error.hpp>
#include <kit/testing/loop.hpp>

using namespace std::chrono_literals;
using kit::io_result;
using kit::testing::link_options;
using kit::testing::make_memory_streams;

namespace {

asio::awaitable<std::string> read_piece(kit::stream& from) {
  std::string piece(100, '\0');
  const auto r = co_await from.read_some(asio::buffer(piece));
  piece.resize(r.size);
  if (r.error) piece += "!" + std::string(r.error.message());
  co_return piece;
}

asio::awaitable<io_result> write(kit::stream& to, std::string text) {
  co_return co_await kit::write(to, asio::buffer(text));
}

}  // namespace

TEST_CASE("memory_stream: a test speaks to the session at the other end without a coroutine") {
  kit::testing::loop loop;
  auto [session, test] = make_memory_streams(loop.get_executor());
  auto reading = loop.start(read_piece(*session));
  CHECK(reading.pending());
  test->put("ping");
  loop.run();
  CHECK(reading.value() == "ping");
  loop.start(write(*session, "pong"));
  CHECK(test->take() == "pong");
  CHECK(test->take() == "");
  CHECK_FALSE(test->at_end());
  session->close();
  CHECK(test->at_end());
}

TEST_CASE("memory_stream: put tells when the session doesn't read, or has gone") {
  kit::testing::loop loop;
  auto [session, test] = make_memory_streams(loop.get_executor(), {.buffer = 4});
  CHECK_THROWS_AS(test->put("12345"), std::system_error);
  session->close();
  CHECK_THROWS_AS(test->put("1"), std::system_error);
}

TEST_CASE("memory_stream: reads and writes break where told") {
  kit::testing::loop loop;
  auto [session, test] = make_memory_streams(loop.get_executor(), {.max_read = 3, .max_write = 2});
  test->put("12345");
  CHECK(loop.start(read_piece(*session)).value() == "123");
  CHECK(loop.start(read_piece(*session)).value() == "45");
  const asio::const_buffer data("12345", 5);
  CHECK(session->try_write(std::span(&data, 1)) == io_result{{}, 2});
  CHECK(loop.start(write(*session, "345")).value() == io_result{{}, 3});
  CHECK(test->take() == "12345");
}

TEST_CASE("memory_stream: a full buffer makes writes wait until the peer reads") {
  kit::testing::loop loop;
  auto [session, test] = make_memory_streams(loop.get_executor(), {.buffer = 4});
  auto writing = loop.start(write(*session, "123456"));
  CHECK(writing.pending());
  const asio::const_buffer data("x", 1);
  CHECK(session->try_write(std::span(&data, 1)) == io_result{{}, 0});
  CHECK(test->take() == "1234");
  loop.run();
  CHECK(writing.value() == io_result{{}, 6});
  CHECK(test->take() == "56");
}

TEST_CASE("memory_stream: limited bandwidth spaces the pieces") {
  kit::testing::loop loop;
  auto [session, test] =
      make_memory_streams(loop.get_executor(), {.bytes_per_second = 1000, .max_write = 100});
  loop.start(write(*session, std::string(300, 'x')));
  loop.advance(99ms);
  CHECK(test->take().empty());
  loop.advance(1ms);
  CHECK(test->take().size() == 100);
  loop.advance(200ms);
  CHECK(test->take().size() == 200);
}

TEST_CASE("memory_stream: bytes don't overtake each other, nor does the end") {
  kit::testing::loop loop;
  auto [session, test] =
      make_memory_streams(loop.get_executor(), {.max_delay = 100ms}, kit::random_source(5));
  std::string sent;
  for (char c = 'a'; c <= 'z'; ++c) {
    sent += c;
    test->put(std::string(1, c));
  }
  test->close();
  std::string got;
  for (;;) {
    auto reading = loop.start(read_piece(*session));
    loop.advance(100ms);
    if (reading.value().starts_with('!')) break;
    got += reading.value();
  }
  CHECK(got == sent);
}

TEST_CASE("memory_stream: loss breaks the connection for both") {
  kit::testing::loop loop;
  auto [session, test] = make_memory_streams(loop.get_executor(), {.loss = 1});
  auto reading = loop.start(read_piece(*session));
  CHECK_THROWS_AS(test->put("x"), std::system_error);
  loop.run();
  CHECK(reading.value().starts_with('!'));
  CHECK(loop.start(write(*session, "x")).value().error == asio::error::connection_reset);
}

TEST_CASE("memory_stream: an end that vanishes leaves the other half-open") {
  kit::testing::loop loop;
  auto [session, test] = make_memory_streams(loop.get_executor());
  auto reading = loop.start(read_piece(*session));
  test->vanish();
  test.reset();
  loop.advance(24h);
  CHECK(reading.pending());
  CHECK_FALSE(loop.start(write(*session, "hello?")).value().error);
}

TEST_CASE("memory_stream: held bytes arrive when the flow goes on") {
  kit::testing::loop loop;
  auto [session, test] = make_memory_streams(loop.get_executor());
  test->hold(true);
  test->put("late");
  test->close();
  auto reading = loop.start(read_piece(*session));
  loop.advance(1h);
  CHECK(reading.pending());
  CHECK_FALSE(session->at_end());
  test->hold(false);
  loop.run();
  CHECK(reading.value() == "late");
  CHECK(session->at_end());
}

TEST_CASE("memory_stream: a failed step breaks the connection") {
  kit::testing::loop loop;
  kit::testing::io_faults faults;
  faults.fail_step(1, asio::error::timed_out);
  auto [session, test] =
      make_memory_streams(loop.get_executor(), {}, kit::random_source(1), &faults);
  test->put("x");  // doesn't count
  CHECK(loop.start(read_piece(*session)).value() == "x");
  CHECK_FALSE(faults.hit());
  CHECK(loop.start(write(*session, "y")).value().error == asio::error::timed_out);
  CHECK(faults.hit());
  CHECK(loop.start(read_piece(*session)).value().starts_with('!'));
}

TEST_CASE("memory_stream: options out of range are refused by name") {
  kit::testing::loop loop;
  const auto refused = [&](link_options o, std::string_view name) {
    try {
      make_memory_streams(loop.get_executor(), o);
      return false;
    } catch (const kit::error& e) {
      return e.code() == kit::errc::invalid_argument &&
             e.message().find(name) != std::string_view::npos;
    }
  };
  CHECK(refused({.min_delay = -1ms}, "min_delay"));
  CHECK(refused({.min_delay = 2ms, .max_delay = 1ms}, "max_delay"));
  CHECK(refused({.buffer = 0}, "buffer"));
  CHECK(refused({.max_read = 0}, "max_read"));
  CHECK(refused({.max_write = 0}, "max_write"));
  CHECK(refused({.loss = 1.5}, "loss"));
}

TEST_CASE("memory_stream: a reader waits on a stream that ends with the loop") {
  auto witness = std::make_shared<int>();
  struct script {
    static asio::awaitable<void> run(std::unique_ptr<kit::testing::memory_stream> s,
                                     std::unique_ptr<kit::testing::memory_stream> peer,
                                     std::shared_ptr<int> w) {
      co_await read_piece(*s);
      (void)peer;
      (void)w;
    }
  };
  {
    kit::testing::loop loop;
    auto [session, peer] = make_memory_streams(loop.get_executor());
    loop.start(script::run(std::move(session), std::move(peer), witness));
    CHECK(witness.use_count() == 2);
  }
  CHECK(witness.use_count() == 1);
}
