#include <kit/interceptor.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <kit/chain.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/mock_endpoint.hpp>
#include <kit/testing/recording_log.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

#include "recording_interceptor.hpp"

using asio::awaitable;
using kit::chain;
using kit::endpoint;
using kit::errc;
using kit::error;
using kit::testing::mock_endpoint;
using kit::testing::recording_log;
using namespace std::chrono_literals;
using lines = std::vector<std::string>;
using test::recording;

namespace {

awaitable<int> twice(int n) {
  co_return n * 2;
}

// Needs no time, or asks for it late.
struct asking {
  static constexpr bool timed = false;
  bool asks;
  void enter(kit::call& c) {
    if (asks) CHECK(c.started() == c.started());
  }
  void leave(kit::call& c) noexcept {
    if (asks) CHECK(c.elapsed() == 1s);
  }
};

struct throwing {
  void enter(kit::call&) { throw std::runtime_error("enter is broken"); }
};

struct user {
  int id = 0;
};
struct setting_user {
  int id;
  void enter(kit::call& c) { c.set_context(c.context().with(user{id})); }
};

awaitable<int> user_id(int) {
  const auto ctx = co_await kit::this_context();
  const auto* u = ctx.get<user>();
  co_return u ? u->id : -1;
}

// All ways of an outcome pass through these three.
struct fixture {
  kit::testing::loop loop;
  recording_log log;
  recording a{log, "a", {}}, b{log, "b", {}}, c{log, "c", {}};
};

}  // namespace

TEST_CASE("interceptor: entered in order, left in reverse order, with the outcome") {
  fixture f;
  const endpoint<int, int> e = chain(f.a, f.b, f.c)(endpoint<int, int>(twice));
  CHECK(f.loop.start(e(3)).value() == 6);
  CHECK(f.log.take() ==
        lines{"enter a", "enter b", "enter c", "leave c ok", "leave b ok", "leave a ok"});
}

TEST_CASE("interceptor: a refusal is the call's error; who let it through before is left") {
  fixture f;
  f.b.refusal = error(errc::resource_exhausted, "full");
  auto [inner, handle] = mock_endpoint<int, int>();
  const auto e = chain(f.a, f.b, f.c)(inner);
  const auto call = f.loop.start(e.try_call(1));
  CHECK(call.error() == error(errc::resource_exhausted, "full"));
  CHECK(handle.calls() == 0);
  CHECK(f.log.take() == lines{"enter a", "enter b", "leave a resource_exhausted"});
  CHECK_THROWS_AS(f.loop.start(e(1)).value(), error);
}

TEST_CASE("interceptor: an enter that throws refuses with that error") {
  fixture f;
  const auto e = chain(f.a, throwing{}, f.c)(endpoint<int, int>(twice));
  CHECK(f.loop.start(e.try_call(1)).error() == error(errc::unknown, "enter is broken"));
  CHECK(f.log.take() == lines{"enter a", "leave a unknown"});
}

TEST_CASE("interceptor: is left once on an error and on an exception") {
  fixture f;
  auto [inner, handle] = mock_endpoint<int, int>();
  const auto e = chain(f.a, f.b)(inner);
  const auto failed = f.loop.start(e.try_call(1));
  const auto threw = f.loop.start(e.try_call(1));
  f.log.take();
  handle.next().fail(errc::unavailable);
  handle.next().fail(std::make_exception_ptr(std::runtime_error("boom")));
  f.loop.run();
  CHECK(failed.error() == errc::unavailable);
  CHECK(threw.error() == error(errc::unknown, "boom"));
  CHECK(f.log.take() ==
        lines{"leave b unavailable", "leave a unavailable", "leave b unknown", "leave a unknown"});
}

TEST_CASE("interceptor: is left once when the call is cancelled, by whom it may be") {
  fixture f;
  auto [inner, handle] = mock_endpoint<int, int>();
  const auto e = chain(f.a, f.b)(inner);

  auto by_caller = f.loop.start(e.try_call(1));
  by_caller.cancel();
  f.loop.run();
  CHECK(by_caller.error() == errc::canceled);
  CHECK(f.log.take() == lines{"enter a", "enter b", "leave b canceled", "leave a canceled"});

  const kit::cancel_source source;
  const auto by_context = f.loop.start(kit::with_context(source.context(), e.try_call(1)));
  source.cancel();
  f.loop.run();
  CHECK(by_context.error() == errc::canceled);
  CHECK(f.log.take() == lines{"enter a", "enter b", "leave b canceled", "leave a canceled"});

  const auto by_time = f.loop.start(kit::with_timeout(50ms, e.try_call(1)));
  f.loop.advance(50ms);
  CHECK(by_time.error() == errc::deadline_exceeded);
  CHECK(f.log.take() ==
        lines{"enter a", "enter b", "leave b deadline_exceeded", "leave a deadline_exceeded"});
}

TEST_CASE("interceptor: is left once when the loop is destroyed under the call") {
  recording_log log;
  auto [inner, handle] = mock_endpoint<int, int>();
  {
    kit::testing::loop loop;
    const auto e = chain(recording{log, "a", {}}, recording{log, "b", {}})(inner);
    const auto call = loop.start(e.try_call(1));
    CHECK(log.take() == lines{"enter a", "enter b"});
  }
  CHECK(log.take() == lines{"leave b canceled", "leave a canceled"});
}

TEST_CASE("interceptor: one half is enough") {
  struct only_leave {
    recording_log log;
    void leave(kit::call& c) noexcept { log.add(std::string(c.name())); }
  };
  struct only_enter {
    recording_log log;
    void enter(kit::call& c) { log.add(std::string(c.name())); }
  };
  static_assert(kit::interceptor<only_leave> && kit::interceptor<only_enter>);
  kit::testing::loop loop;
  const recording_log log;
  const auto e = chain(only_leave{log}, only_enter{log})(endpoint<int, int>(twice), "sum");
  CHECK(loop.start(e(1)).value() == 2);
  CHECK(log.take() == lines{"sum", "sum"});
}

TEST_CASE("interceptor: each call has a state of its own, and destroys it") {
  struct numbered {
    struct state {
      std::shared_ptr<int> number;
    };
    std::shared_ptr<int> next = std::make_shared<int>(0);
    std::vector<int>* left;
    void enter(kit::call&, state& s) { s.number = std::make_shared<int>(++*next); }
    void leave(kit::call&, state& s) noexcept { left->push_back(*s.number); }
  };
  kit::testing::loop loop;
  std::vector<int> left;
  auto [inner, handle] = mock_endpoint<int, int>();
  const auto e = chain(numbered{.left = &left})(inner);
  const auto a = loop.start(e(1));
  const auto b = loop.start(e(2));
  const auto first = handle.next();
  handle.next().answer(0);
  loop.run();
  first.answer(0);
  loop.run();
  CHECK(left == std::vector{2, 1});
}

TEST_CASE("interceptor: time is read once at the beginning and once at the end, for all") {
  struct timing {
    std::vector<kit::time_point>* times;
    void enter(kit::call& c) {
      times->push_back(c.started());
      CHECK(c.elapsed() == 0ms);
    }
    void leave(kit::call& c) noexcept {
      times->push_back(c.ended());
      CHECK(c.elapsed() == 70ms);
    }
  };
  kit::testing::loop loop;
  std::vector<kit::time_point> times;
  const auto start = loop.now();
  auto [inner, handle] = mock_endpoint<int, int>();
  const auto e = chain(timing{&times}, timing{&times})(inner);
  const auto call = loop.start(e(1));
  loop.advance(70ms);
  handle.next().answer(1);
  loop.run();
  CHECK(times == std::vector{start, start, start + 70ms, start + 70ms});
}

TEST_CASE("interceptor: the clock isn't read for those that need no time, until one asks") {
  struct counting_clock final : kit::clock {
    mutable int reads = 0;
    kit::time_point now() const noexcept override { return kit::time_point(++reads * 1s); }
  };
  struct silent {
    void enter(kit::call&) {}
  };
  const auto reads = [](const endpoint<int, int>& e) {
    asio::io_context loop;
    counting_clock clock;
    auto& wheel = kit::timer_wheel::of(loop);
    wheel.use_clock(&clock);
    clock.reads = 0;
    auto done = asio::co_spawn(loop, e(1), asio::use_future);
    loop.run();
    CHECK(done.get() == 2);
    const int reads = clock.reads;
    wheel.use_clock(nullptr);
    return reads;
  };
  CHECK(reads(chain(asking{false}, asking{false})(endpoint<int, int>(twice))) == 0);
  CHECK(reads(chain(asking{false}, asking{true}, asking{true})(endpoint<int, int>(twice))) == 2);
  CHECK(reads(chain(asking{false}, silent())(endpoint<int, int>(twice))) == 1);
}

TEST_CASE("interceptor: one that sets the context twice, or refuses, leaves the others theirs") {
  struct setting_twice {
    void enter(kit::call& c) {
      c.set_context(c.context().with(user{5}));
      c.set_context(c.context().with(user{c.context().get<user>()->id + 1}));
    }
  };
  struct refusing {
    kit::result<void> enter(kit::call& c) {
      c.set_context(c.context().with(user{7}));
      return kit::fail(errc::unavailable);
    }
  };
  struct seeing {
    int* seen;
    void leave(kit::call& c) noexcept {
      const auto* u = c.context().get<user>();
      *seen = u ? u->id : -1;
    }
  };
  kit::testing::loop loop;
  int outer = 0, inner = 0;
  const auto e = chain(seeing{&outer}, setting_twice(), seeing{&inner});
  CHECK(loop.start(e(endpoint<int, int>(user_id))(0)).value() == 6);
  CHECK(inner == 6);
  CHECK(outer == -1);
  const auto refused = chain(e, refusing())(endpoint<int, int>(user_id));
  CHECK(loop.start(refused.try_call(0)).value().error() == errc::unavailable);
  CHECK(inner == 6);
  CHECK(outer == -1);
}

TEST_CASE("interceptor: what it makes of the context is what follows runs in, and only that") {
  kit::testing::loop loop;
  struct seeing {
    std::vector<int>* seen;
    void enter(kit::call& c) {
      const auto* u = c.context().get<user>();
      seen->push_back(u ? u->id : -1);
    }
    void leave(kit::call& c) noexcept { enter(c); }
  };
  std::vector<int> seen;
  const auto e = chain(seeing{&seen}, setting_user{1}, seeing{&seen}, setting_user{2},
                       seeing{&seen})(endpoint<int, int>(user_id));
  CHECK(loop.start(e(0)).value() == 2);
  CHECK(seen == std::vector{-1, 1, 2, 2, 1, -1});
  CHECK(loop.start(user_id(0)).value() == -1);
  const auto inside = [&](kit::context ctx) {
    return loop.start(kit::with_context(std::move(ctx), e(0))).value();
  };
  CHECK(inside(kit::context().with(user{9})) == 2);
  CHECK(seen[6] == 9);
}

TEST_CASE("interceptor: can cancel what follows through a context of its own") {
  struct killing {
    std::shared_ptr<kit::cancel_source>* made;
    struct state {
      std::shared_ptr<kit::cancel_source> source;
    };
    void enter(kit::call& c, state& s) {
      s.source = std::make_shared<kit::cancel_source>(c.context());
      c.set_context(s.source->context());
      *made = s.source;
    }
    void leave(kit::call&, state&) noexcept {}
  };
  kit::testing::loop loop;
  std::shared_ptr<kit::cancel_source> source;
  auto [inner, handle] = mock_endpoint<int, int>();
  const auto e = chain(killing{&source})(inner);
  const auto call = loop.start(e.try_call(1));
  source->cancel(errc::deadline_exceeded);
  loop.run();
  CHECK(handle.next().cancelled());
  CHECK(call.error() == errc::deadline_exceeded);
}

TEST_CASE("interceptor: sees the response by its type, and a business error") {
  struct response {
    int v = 0;
    std::optional<std::string> failed() const {
      return v < 0 ? std::optional<std::string>("negative") : std::nullopt;
    }
  };
  struct looking {
    recording_log log;
    void leave(kit::call& c) noexcept {
      const auto* r = c.outcome().response<response>();
      const auto business = c.outcome().failed();
      log.add(std::to_string(r ? r->v : 0),
              {{"err", std::string(business ? business->message() : "")}});
    }
  };
  kit::testing::loop loop;
  const recording_log log;
  const auto e = chain(looking{log})(
      endpoint<int, response>([](int n) -> awaitable<response> { co_return response{n}; }));
  CHECK(loop.start(e(5)).value().v == 5);
  CHECK(loop.start(e(-5)).value().v == -5);
  CHECK(log.take() == lines{"5 err=", "-5 err=negative"});
}

TEST_CASE("interceptor: each endpoint has a copy; calls of one endpoint share it") {
  struct counting {
    std::vector<int>* counts;
    int n = 0;
    void enter(kit::call&) { counts->push_back(++n); }
  };
  kit::testing::loop loop;
  std::vector<int> counts;
  const auto layer = chain(counting{&counts});
  const auto one = layer(endpoint<int, int>(twice));
  const auto two = layer(endpoint<int, int>(twice));
  loop.start(one(1));
  loop.start(one(1));
  loop.start(two(1));
  CHECK(counts == std::vector{1, 2, 1});
}

// --- what is and isn't one

namespace {
struct wrong_enter {
  void enter(int);
  void leave(kit::call&) noexcept;
};
struct wrong_leave {
  void enter(kit::call&);
  void leave() noexcept;
};
struct two_enters {
  struct state {};
  void enter(kit::call&);
  void enter(kit::call&, state&);
};
struct not_copyable {
  std::unique_ptr<int> p;
  void enter(kit::call&);
};
}  // namespace

static_assert(kit::interceptor<recording> && kit::interceptor<two_enters>);
static_assert(!kit::interceptor<int> && !kit::interceptor<not_copyable>);
static_assert(kit::detail::enters_wrongly<wrong_enter> &&
              !kit::detail::leaves_wrongly<wrong_enter>);
static_assert(kit::detail::leaves_wrongly<wrong_leave> &&
              !kit::detail::enters_wrongly<wrong_leave>);
static_assert(!kit::detail::enters_wrongly<two_enters> && !kit::detail::enters_wrongly<recording>);
