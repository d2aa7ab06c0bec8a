#include <kit/http/pushed_body.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>
#include <asio/cancellation_state.hpp>
#include <asio/strand.hpp>

#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

namespace http = kit::http;
using namespace std::chrono_literals;

namespace {

using chunk = std::optional<std::string>;

asio::awaitable<chunk> read(http::body b) {
  co_return co_await b.read();
}

// Whether a producer is running.
struct watched {
  int running = 0;
  int written = 0;
  kit::context context;
};
struct inside {
  explicit inside(watched& of) : w(of) { ++w.running; }
  ~inside() { --w.running; }
  watched& w;
};

asio::awaitable<void> write_numbers(watched& w, int count, http::body_sink& out) {
  const inside scope(w);
  w.context = co_await kit::this_context();
  for (int i = 0; i < count; ++i) {
    co_await out.write(std::to_string(i));
    ++w.written;
  }
  out.set_trailers({{"X-Count", std::to_string(count)}});
}

http::body numbers(watched& w, int count, http::pushed_body_options options = {}) {
  return http::pushed_body(
      [&w, count](http::body_sink& out) { return write_numbers(w, count, out); }, options);
}

}  // namespace

TEST_CASE("pushed body: chunks come one at a time, then the end and the trailers") {
  kit::testing::loop loop;
  watched w;
  const auto b = numbers(w, 3);
  CHECK(b.is_stream());
  CHECK_FALSE(b.size());
  CHECK_FALSE(b.source()->endless());
  CHECK(w.running == 0);  // nobody reads yet
  for (int i = 0; i < 3; ++i) {
    CHECK(loop.start(read(b)).value() == std::to_string(i));
    loop.run();
    CHECK(w.written == i + 1);  // the next one waits
    CHECK(b.trailers().empty());
  }
  CHECK_FALSE(loop.start(read(b)).value());
  CHECK(b.trailers().get("x-count") == "3");
  CHECK(w.running == 0);
  CHECK_FALSE(loop.start(read(b)).value());
}

TEST_CASE("pushed body: a reader that is earlier waits") {
  kit::testing::loop loop;
  const auto b = http::pushed_body([](http::body_sink& out) -> asio::awaitable<void> {
    co_await kit::sleep_for(1s);
    co_await out.write("");  // nothing
    co_await kit::sleep_for(1s);
    co_await out.write("late");
  });
  const auto first = loop.start(read(b));
  loop.advance(1s);
  CHECK(first.pending());
  loop.advance(1s);
  CHECK(first.value() == "late");
}

TEST_CASE("pushed body: empty, with a size, endless") {
  kit::testing::loop loop;
  watched w;
  const auto b = numbers(w, 0, {.size = 0, .endless = true});
  CHECK(b.size() == 0);
  CHECK(b.source()->endless());
  CHECK_FALSE(loop.start(read(b)).value());
}

TEST_CASE("pushed body: what the producer throws, the reader gets after what was written") {
  kit::testing::loop loop;
  bool foreign = false;
  SUBCASE("an error") {}
  SUBCASE("anything else") {
    foreign = true;
  }
  const auto b = http::pushed_body([foreign](http::body_sink& out) -> asio::awaitable<void> {
    co_await out.write("some");
    if (foreign) throw std::runtime_error("secret");
    throw kit::error(kit::errc::data_loss, "it broke");
  });
  CHECK(loop.start(read(b)).value() == "some");
  for (int again = 0; again < 2; ++again) {
    const auto failed = loop.start(read(b)).error();
    CHECK(failed == (foreign ? kit::errc::unknown : kit::errc::data_loss));
  }
}

TEST_CASE("pushed body: one that is dropped cancels its producer") {
  kit::testing::loop loop;
  watched w;
  auto b = numbers(w, 3);
  CHECK(loop.start(read(b)).value() == "0");
  loop.run();
  CHECK(w.running == 1);
  b = {};
  loop.run();
  CHECK(w.running == 0);
  CHECK(w.written == 1);
  CHECK(w.context.cancelled());
}

TEST_CASE("pushed body: a producer that ignores being cancelled is told at its next write") {
  kit::testing::loop loop;
  kit::errc told = kit::errc::ok;
  auto b = http::pushed_body([&told](http::body_sink& out) -> asio::awaitable<void> {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await out.write("some");
    co_await kit::sleep_for(1s);
    try {
      co_await out.write("more");
    } catch (const kit::error& e) {
      told = e.code();
    }
  });
  CHECK(loop.start(read(b)).value() == "some");
  b = {};
  loop.advance(1s);
  CHECK(told == kit::errc::canceled);
}

TEST_CASE("pushed body: a read that is cancelled cancels the producer") {
  kit::testing::loop loop;
  bool ended = false;
  const auto b = http::pushed_body([&ended](http::body_sink&) -> asio::awaitable<void> {
    try {
      co_await kit::sleep_for(1h);
    } catch (...) {
      ended = true;
      throw;
    }
  });
  auto first = loop.start(read(b));
  first.cancel();
  loop.run();
  CHECK(first.error() == kit::errc::canceled);
  CHECK(ended);
  CHECK(loop.start(read(b)).error() == kit::errc::canceled);
}

TEST_CASE("pushed body: the producer runs in the reader's context, and ends with it") {
  kit::testing::loop loop;
  watched w;
  struct user {
    int id;
  };
  kit::cancel_source source(kit::context().with(user{7}));
  const auto b = numbers(w, 3);
  const auto ex = kit::bind_context(loop.get_executor(), source.context());
  CHECK(loop.start_on(ex, read(b)).value() == "0");
  loop.run();
  REQUIRE(w.context.get<user>());
  CHECK(w.context.get<user>()->id == 7);
  CHECK(w.running == 1);
  source.cancel();
  loop.run();
  CHECK(w.running == 0);
  CHECK(loop.start(read(b)).value() == "1");  // it had been written
  CHECK(loop.start(read(b)).error() == kit::errc::canceled);
}

TEST_CASE("pushed body: on a strand") {
  kit::testing::loop loop;
  watched w;
  const auto b = numbers(w, 2);
  const asio::any_io_executor ex = asio::make_strand(loop.context());
  CHECK(loop.start_on(ex, read(b)).value() == "0");
  CHECK(loop.start_on(ex, read(b)).value() == "1");
  CHECK_FALSE(loop.start_on(ex, read(b)).value());
}

TEST_CASE("pushed body: the loop may end with it under way") {
  watched w;
  const auto kept = std::make_shared<int>();
  {
    kit::testing::loop loop;
    auto b =
        http::pushed_body([&w, kept](http::body_sink& out) { return write_numbers(w, 3, out); });
    SUBCASE("while it writes") {
      CHECK(loop.start(read(b)).value() == "0");
    }
    SUBCASE("while both wait") {
      b = http::pushed_body([&w, kept](http::body_sink&) -> asio::awaitable<void> {
        const inside scope(w);
        co_await kit::sleep_for(1h);
      });
      CHECK(loop.start(read(b)).pending());
    }
    loop.run();
    CHECK(w.running == 1);
  }
  CHECK(w.running == 0);
  CHECK(kept.use_count() == 1);
}

TEST_CASE("pushed body: a filler where there is silence") {
  kit::testing::loop loop;
  const auto b = http::pushed_body(
      [](http::body_sink& out) -> asio::awaitable<void> {
        co_await kit::sleep_for(25s);
        co_await out.write("late");
      },
      {.filler = "...", .filler_after = 10s});
  for (const char* expected : {"...", "...", "late"}) {
    const auto r = loop.start(read(b));
    CHECK(r.pending());
    loop.advance(10s);
    CHECK(r.value() == expected);
  }
  CHECK_FALSE(loop.start(read(b)).value());
  CHECK_THROWS_AS(http::pushed_body([](http::body_sink&) -> asio::awaitable<void> { co_return; },
                                    {.filler = ".", .filler_after = 0ms}),
                  kit::error);
}
