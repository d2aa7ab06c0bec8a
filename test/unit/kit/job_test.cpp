#include <kit/job.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>

#include <kit/parked.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/recording_log.hpp>
#include <kit/this_context.hpp>
#include "coroutines.hpp"

using asio::awaitable;
using kit::context;
using kit::errc;
using namespace coroutines;
using namespace std::chrono_literals;
using lines = std::vector<std::string>;

namespace {

// Does what it was given, and records how that ended.
class test_job final : public kit::job {
 public:
  test_job(kit::testing::recording_log log, std::function<awaitable<void>()> f)
      : log_(std::move(log)), work_(std::move(f)) {}

  awaitable<void> run() override { return work_(); }
  void done(std::exception_ptr failure) noexcept override {
    log_.add(failure ? std::string(kit::name(kit::to_error(failure).code())) : "done");
    if (const auto next = std::move(then)) next();  // may destroy this job
  }

  std::function<void()> then;

 private:
  kit::testing::recording_log log_;
  std::function<awaitable<void>()> work_;
};

awaitable<void> nothing() {
  co_return;
}
awaitable<void> log_user(kit::testing::recording_log log) {
  log.add(std::to_string(co_await user_id()));
}

awaitable<void> log_ran(kit::testing::recording_log log) {
  log.add("ran");
  co_return;
}

// Runs on the loop's thread, as a server's handlers do.
void on_loop(kit::testing::loop& loop, std::function<void()> f) {
  asio::post(loop.context(), std::move(f));
  loop.run();
}

}  // namespace

TEST_CASE("launch: a job that doesn't wait is done inside the call") {
  kit::testing::loop loop;
  const kit::testing::recording_log log;
  test_job one(log, nothing);
  test_job two(log, []() -> awaitable<void> {
    throw std::runtime_error("boom");
    co_return;
  });
  test_job three(log, [&] { return log_user(log); });
  on_loop(loop, [&] {
    kit::launch(loop.get_executor(), {}, one);
    CHECK(log.take() == lines{"done"});
    kit::launch(loop.get_executor(), {}, two);
    CHECK(log.take() == lines{"unknown"});
    kit::launch(loop.get_executor(), context().with(user{3}), three);
    CHECK(log.take() == lines{"3", "done"});
  });
}

TEST_CASE("launch: a job that waits goes on later; cancelling its context cancels it") {
  kit::testing::loop loop;
  const kit::testing::recording_log log;
  const kit::cancel_source source;
  test_job waits(log, [] { return kit::sleep_for(1s); });
  test_job is_cancelled(log, forever);
  on_loop(loop, [&] {
    kit::launch(loop.get_executor(), {}, waits);
    kit::launch(loop.get_executor(), source.context(), is_cancelled);
    CHECK(log.take().empty());
  });
  source.cancel();
  loop.run();
  CHECK(log.take() == lines{"canceled"});
  loop.advance(1s);
  CHECK(log.take() == lines{"done"});
}

TEST_CASE("launch: in a context that is cancelled already the job doesn't start") {
  kit::testing::loop loop;
  const kit::testing::recording_log log;
  const kit::cancel_source source;
  source.cancel();
  test_job never(log, [&] { return log_user(log); });
  on_loop(loop, [&] { kit::launch(loop.get_executor(), source.context(), never); });
  CHECK(log.take() == lines{"canceled"});
}

TEST_CASE("launch: works from outside of the loop, on strands and on loops for several threads") {
  const kit::testing::recording_log log;
  for (const int hint : {1, 2}) {
    for (const bool strand : {true, false}) {
      asio::io_context io(hint);
      const auto ex = strand ? asio::any_io_executor(asio::make_strand(io))
                             : asio::any_io_executor(io.get_executor());
      const kit::cancel_source source(context().with(user{7}));
      test_job ends(log, [&] { return log_user(log); });
      test_job hangs(log, forever);
      kit::launch(ex, source.context(), ends);
      kit::launch(ex, source.context(), hangs);
      CHECK(log.take().empty());
      io.poll();
      CHECK(log.take() == lines{"7", "done"});
      source.cancel();
      io.run();
      CHECK(log.take() == lines{"canceled"});
    }
  }
}

TEST_CASE("launch: a job may be destroyed, and others started, when it is done") {
  kit::testing::loop loop;
  const kit::testing::recording_log log;
  std::vector<std::unique_ptr<test_job>> jobs;
  std::function<void()> next = [&] {
    if (log.count("done") == 1'000) {
      jobs.clear();
      return;
    }
    jobs.clear();
    jobs.push_back(std::make_unique<test_job>(
        log, log.count("done") % 2 == 0 ? nothing : [] { return kit::sleep_for(0s); }));
    jobs.back()->then = next;
    kit::launch(loop.get_executor(), {}, *jobs.back());
  };
  on_loop(loop, next);
  CHECK(log.count("done") == 1'000);
}

TEST_CASE("launch: thousands at once, each in its own context") {
  kit::testing::loop loop;
  const kit::testing::recording_log log;
  std::vector<std::unique_ptr<test_job>> jobs;
  constexpr int count = 3'000;
  int right = 0;
  for (int round = 0; round < 2; ++round) {
    on_loop(loop, [&] {
      for (int i = 0; i < count; ++i) {
        jobs.push_back(std::make_unique<test_job>(log, [&right, i] {
          return [](int& n, int id) -> awaitable<void> {
            co_await kit::sleep_for(1s);
            if (co_await user_id() == id) ++n;
          }(right, i);
        }));
        kit::launch(loop.get_executor(), context().with(user{i}), *jobs.back());
      }
    });
    loop.advance(1s);
    CHECK(right == count * (round + 1));
  }
  CHECK(log.count("done") == 2 * count);
}

TEST_CASE("launch: a cancellation that comes late doesn't hit the job that follows") {
  kit::testing::loop loop;
  const kit::testing::recording_log log;
  const kit::cancel_source source;
  kit::parked place;
  test_job first(
      log, [&] { return kit::suspend([&](auto handler) { place.store(std::move(handler)); }); });
  test_job second(log, [] { return kit::sleep_for(1s); });
  on_loop(loop, [&] {
    kit::launch(loop.get_executor(), source.context(), first);
    std::jthread([&] { source.cancel(); }).join();  // is under way to the loop from now on
    place.resume();
    CHECK(log.take() == lines{"done"});
    kit::launch(loop.get_executor(), {}, second);  // on the coroutine that has just got free
  });
  loop.advance(1s);
  CHECK(log.take() == lines{"done"});
}

TEST_CASE("launch: what a job does to its coroutine's cancellation ends with it") {
  kit::testing::loop loop;
  const kit::testing::recording_log log;
  test_job stubborn(log, []() -> awaitable<void> {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
  });
  const kit::cancel_source source;
  test_job next(log, forever);
  on_loop(loop, [&] {
    kit::launch(loop.get_executor(), {}, stubborn);
    kit::launch(loop.get_executor(), source.context(), next);
  });
  source.cancel();
  loop.run();
  CHECK(log.take() == lines{"done", "canceled"});
}

TEST_CASE("launch: a loop destroyed under jobs destroys their coroutines, and done isn't called") {
  const kit::testing::recording_log log;
  auto witness = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = witness;
  test_job hangs(log, [w = std::move(witness)]() mutable {
    return [](std::shared_ptr<int>) -> awaitable<void> { co_await forever(); }(std::move(w));
  });
  for (const int hint : {1, 2}) {
    asio::io_context io(hint);
    asio::post(io, [&] { kit::launch(io.get_executor(), {}, hangs); });
    io.poll();
  }
  CHECK(watch.expired());
  CHECK(log.take().empty());
}

TEST_CASE("launch: a job that has ended is done, even if its loop ends next") {
  for (const int hint : {1, 2}) {
    bool seen = false;
    for (int handlers = 0; handlers < 6; ++handlers) {
      const kit::testing::recording_log log;
      test_job job(log, [log] { return log_ran(log); });
      {
        asio::io_context io(hint);
        asio::post(io, [&] { kit::launch(io.get_executor(), context(), job); });
        for (int i = 0; i < handlers; ++i)
          io.poll_one();
      }
      const auto told = log.take();
      CAPTURE(handlers);
      CHECK((told.empty() || told == lines{"ran", "done"}));
      seen |= !told.empty();
    }
    CHECK(seen);
  }
}

// --- with_context, which waits for a job of its own

TEST_CASE("with_context: work that gets its own caller cancelled is still waited for") {
  kit::testing::loop loop;
  const kit::testing::recording_log log;
  auto cancels_both = [](const kit::cancel_source& s,
                         kit::testing::recording_log l) -> awaitable<void> {
    s.cancel();
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    for (int i = 0; i < 3; ++i)
      co_await kit::sleep_for(1s);
    l.add("work done");
  };
  auto caller = [cancels_both](const kit::cancel_source& s,
                               kit::testing::recording_log l) -> awaitable<void> {
    const kit::cancel_source own;
    co_await kit::with_context(own.context(), cancels_both(s, l));
    l.add("caller done");
  };
  const kit::cancel_source source;
  const auto call = loop.start(kit::with_context(source.context(), caller(source, log)));
  CHECK(call.pending());
  loop.advance(3s);
  CHECK(log.take() == lines{"work done", "caller done"});
  CHECK(call.done());
}

TEST_CASE("with_context: when the caller was cancelled by the work, the work is cancelled, too") {
  kit::testing::loop loop;
  auto cancels = [](const kit::cancel_source& s) -> awaitable<void> {
    s.cancel();
    co_await kit::sleep_for(1h);
  };
  auto caller = [cancels](const kit::cancel_source& s) -> awaitable<void> {
    const kit::cancel_source own;
    co_await kit::with_context(own.context(), cancels(s));
  };
  const kit::cancel_source source;
  const auto call = loop.start(kit::with_context(source.context(), caller(source)));
  CHECK(call.error() == errc::canceled);
}

TEST_CASE("with_context: what a completion handler throws after it leaves the loop's run") {
  for (const int hint : {1, 2}) {
    asio::io_context io(hint);
    auto failing = []() -> awaitable<void> {
      co_await kit::with_context(context().with(user{1}), kit::sleep_for(0s));
      throw std::runtime_error("boom");
    };
    asio::co_spawn(io, failing(), rethrow);
    CHECK_THROWS_AS(io.run(), std::runtime_error);
    io.run();
  }
}

TEST_CASE("with_context: the loop's end destroys the inner work before what lent it something") {
  const kit::testing::recording_log log;
  struct lender {
    kit::testing::recording_log log;
    std::string name;
    ~lender() { log.add(name + " destroyed"); }
  };
  struct borrower {
    const lender* from;
    ~borrower() { from->log.add("borrower of " + from->name + " destroyed"); }
  };
  auto inner = [](const lender& l) -> awaitable<void> {
    const borrower b{&l};
    co_await kit::sleep_for(1h);
  };
  auto middle = [inner](const lender& outer, kit::testing::recording_log l) -> awaitable<void> {
    const borrower b{&outer};
    const lender own{l, "middle"};
    const kit::cancel_source source;
    co_await kit::with_context(source.context(), inner(own));
  };
  auto all = [middle](kit::testing::recording_log l) -> awaitable<void> {
    const lender own{l, "outer"};
    const kit::cancel_source source;
    co_await kit::with_context(source.context(), middle(own, l));
  };
  const lines expected{"borrower of middle destroyed", "middle destroyed",
                       "borrower of outer destroyed", "outer destroyed"};
  for (const int hint : {1, 2}) {
    {
      asio::io_context io(hint);
      asio::co_spawn(io, all(log), rethrow);
      io.poll();
      CHECK(log.take().empty());
    }
    CHECK(log.take() == expected);
  }
}

TEST_CASE("with_context: a caller's cancellation signal may outlive the loop") {
  auto witness = std::make_shared<int>();
  asio::cancellation_signal caller;
  for (const int hint : {1, 2}) {
    const kit::cancel_source source;
    {
      asio::io_context io(hint);
      // On a loop for several threads the work is on a strand, which must not outlive the loop.
      asio::co_spawn(io, kit::with_context(source.context().with(witness), kit::sleep_for(1h)),
                     asio::bind_cancellation_slot(caller.slot(), asio::detached));
      io.poll();
      CHECK(witness.use_count() > 1);
    }
    CHECK(witness.use_count() == 1);
  }
}
