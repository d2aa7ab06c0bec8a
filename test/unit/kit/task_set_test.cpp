#include <kit/task_set.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <asio/cancellation_state.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>

#include <kit/error.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>

using namespace std::chrono_literals;
using kit::task_failure;
using kit::task_report;
using kit::task_set;
using names = std::vector<std::string>;

namespace {

asio::awaitable<void> nap(kit::duration span = 1s) {
  co_await kit::sleep_for(span);
}

asio::awaitable<void> nap_with(std::shared_ptr<int> witness) {
  co_await kit::sleep_for(1h);
  ++*witness;
}

asio::awaitable<void> deaf_nap(kit::duration span) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_await kit::sleep_for(span);
}

asio::awaitable<void> throw_after(kit::duration wait, std::string what) {
  co_await kit::sleep_for(wait);
  throw std::runtime_error(what);
}

asio::awaitable<void> write_down(names& log, std::string what, kit::duration wait = 0s) {
  log.push_back(what);
  co_await kit::sleep_for(wait);
}

std::string what(const task_failure& f) {
  return f.task + ": " + kit::to_error(f.exception).what();
}

}  // namespace

TEST_CASE("task_set: join waits until all tasks have ended") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor());
  CHECK(tasks.try_spawn("short", nap(1s)));
  CHECK(tasks.try_spawn("long", nap(5s)));
  CHECK(tasks.size() == 2);
  auto joining = loop.start(tasks.join());
  loop.advance(4s);
  CHECK(tasks.size() == 1);
  CHECK(joining.pending());
  loop.advance(1s);
  CHECK(joining.value().all_ended());
  CHECK(joining.value().failed == 0);
  CHECK_NOTHROW(joining.value().rethrow());
}

TEST_CASE("task_set: an empty one is joined at once") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor());
  CHECK(loop.start(tasks.join()).value().all_ended());
}

TEST_CASE("task_set: at the limit try_spawn refuses, and spawn waits for a task to end") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor(), {.limit = 2});
  names log;
  CHECK(tasks.try_spawn("1", write_down(log, "1", 1s)));
  auto second = loop.start(tasks.spawn("2", write_down(log, "2", 2s)));
  CHECK(second.done());
  CHECK_FALSE(tasks.try_spawn("no", write_down(log, "no")));
  auto third = loop.start(tasks.spawn("3", write_down(log, "3", 2s)));
  auto fourth = loop.start(tasks.spawn("4", write_down(log, "4")));
  CHECK(third.pending());
  CHECK(log == names{"1", "2"});
  loop.advance(1s);
  CHECK(third.done());
  CHECK(fourth.pending());
  CHECK(log == names{"1", "2", "3"});
  loop.advance(1s);
  CHECK(fourth.done());
  CHECK(log == names{"1", "2", "3", "4"});
  CHECK(tasks.size() == 1);
}

TEST_CASE("task_set: a task that never waits leaves its place at once") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor(), {.limit = 1});
  int ran = 0;
  struct helper {
    static asio::awaitable<void> spawn_all(task_set& into, int& count) {
      for (int i = 0; i < 1000; ++i)
        co_await into.spawn("quick", [&count] { return quick(count); });
    }
    static asio::awaitable<void> quick(int& count) {
      ++count;
      co_return;
    }
  };
  auto spawning = loop.start(helper::spawn_all(tasks, ran));
  CHECK(spawning.done());
  CHECK(ran == 1000);
  CHECK(tasks.size() == 0);
}

TEST_CASE("task_set: a wait for a place that is cancelled doesn't start the task") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor(), {.limit = 1});
  names log;
  REQUIRE(tasks.try_spawn("1", nap(1s)));
  auto second = loop.start(tasks.spawn("2", write_down(log, "2")));
  auto third = loop.start(tasks.spawn("3", write_down(log, "3")));
  second.cancel();
  loop.run();
  CHECK(second.error() == kit::errc::canceled);
  loop.advance(1s);
  CHECK(third.done());
  CHECK(log == names{"3"});
}

TEST_CASE("task_set: a task that is cancelled before it has begun does not begin") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor());
  names log;
  CHECK(tasks.try_spawn("a", write_down(log, "a")));
  tasks.cancel();
  CHECK(loop.start(tasks.join()).value().failed == 0);
  CHECK(log.empty());
}

TEST_CASE("task_set: a cancelled one takes no tasks") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor(), {.limit = 1});
  names log;
  REQUIRE(tasks.try_spawn("deaf", deaf_nap(1h)));
  auto waiting = loop.start(tasks.spawn("2", write_down(log, "2")));
  CHECK_FALSE(tasks.cancelled());
  tasks.cancel();
  tasks.cancel();
  loop.run();
  CHECK(tasks.cancelled());
  CHECK(waiting.error() == kit::error(kit::errc::canceled, "task_set: cancelled"));
  CHECK_FALSE(tasks.try_spawn("3", write_down(log, "3")));
  CHECK(loop.start(tasks.spawn("4", write_down(log, "4"))).error() == kit::errc::canceled);
  CHECK(log.empty());
}

TEST_CASE("task_set: failures are kept for the report, in their order, with the tasks' names") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor());
  REQUIRE(tasks.try_spawn("b", throw_after(2s, "second")));
  REQUIRE(tasks.try_spawn("a", throw_after(1s, "first")));
  REQUIRE(tasks.try_spawn("c", nap(3s)));
  auto joining = loop.start(tasks.join());
  loop.advance(3s);
  const auto& r = joining.value();
  REQUIRE(r.failures.size() == 2);
  CHECK(what(r.failures[0]) == "a: first");
  CHECK(what(r.failures[1]) == "b: second");
  CHECK(r.failed == 2);
  CHECK_THROWS_WITH_AS(r.rethrow(), "first", std::runtime_error);
  CHECK(loop.start(tasks.join()).value().failed == 0);  // taken
}

TEST_CASE("task_set: keeps so many failures, and counts them all") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor(), {.max_failures = 3});
  for (int i = 0; i < 100; ++i)
    REQUIRE(tasks.try_spawn("t", throw_after(i * 1ms, std::to_string(i))));
  loop.advance(1s);
  const auto r = loop.start(tasks.join()).value();
  CHECK(r.failed == 100);
  REQUIRE(r.failures.size() == 3);
  CHECK(what(r.failures[2]) == "t: 2");
}

TEST_CASE("task_set: the first failure cancels the rest, if told so") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor(), {.cancel_on_failure = true});
  REQUIRE(tasks.try_spawn("nap", nap(1h)));
  REQUIRE(tasks.try_spawn("culprit", throw_after(1s, "oops")));
  REQUIRE(tasks.try_spawn("other", nap(1h)));
  auto joining = loop.start(tasks.join());
  loop.advance(1s);
  const auto& r = joining.value();
  CHECK(r.all_ended());
  CHECK(r.failed == 1);  // who gave up has not failed
  CHECK(what(r.failures.at(0)) == "culprit: oops");
}

TEST_CASE("task_set: a handler is given each failure, and the report has none") {
  kit::testing::loop loop;
  names log;
  task_set tasks(loop.get_executor(),
                 {.on_failure = [&](const task_failure& f) { log.push_back(what(f)); }});
  REQUIRE(tasks.try_spawn("a", throw_after(1s, "one")));
  REQUIRE(tasks.try_spawn("b", throw_after(2s, "two")));
  loop.advance(1s);
  CHECK(log == names{"a: one"});
  loop.advance(1s);
  CHECK(log == names{"a: one", "b: two"});
  const auto r = loop.start(tasks.join()).value();
  CHECK(r.failed == 0);
  CHECK(r.failures.empty());
}

TEST_CASE("task_set: an aborted operation is a failure while nobody cancelled the set") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor());
  struct helper {
    static asio::awaitable<void> abort() {
      throw kit::error(kit::errc::canceled);
      co_return;
    }
  };
  REQUIRE(tasks.try_spawn("a", helper::abort()));
  CHECK(loop.start(tasks.join()).value().failed == 1);
}

TEST_CASE("task_set: join tells who did not stop in time") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor());
  REQUIRE(tasks.try_spawn("deaf", deaf_nap(10s)));
  REQUIRE(tasks.try_spawn("polite", nap(1h)));
  REQUIRE(tasks.try_spawn("deafer", deaf_nap(20s)));
  loop.run();
  tasks.cancel();
  auto joining = loop.start(tasks.join(5s));
  loop.advance(4999ms);
  CHECK(joining.pending());
  loop.advance(1ms);
  CHECK(joining.value().running == names{"deaf", "deafer"});
  CHECK_FALSE(joining.value().all_ended());
  auto again = loop.start(tasks.join(15s));
  loop.advance(15s);
  CHECK(again.value().all_ended());
}

TEST_CASE("task_set: a cancelled join throws, and the tasks go on") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor());
  REQUIRE(tasks.try_spawn("nap", nap()));
  auto joining = loop.start(tasks.join());
  joining.cancel();
  loop.run();
  CHECK(joining.error() == kit::errc::canceled);
  CHECK(tasks.size() == 1);
}

TEST_CASE("task_set: tasks may start further tasks, which join waits for as well") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor());
  int depth = 0;
  struct helper {
    static asio::awaitable<void> descend(task_set& into, int& depth, int most) {
      co_await kit::sleep_for(1s);
      if (++depth < most) CHECK(into.try_spawn("next", descend(into, depth, most)));
    }
  };
  REQUIRE(tasks.try_spawn("first", helper::descend(tasks, depth, 5)));
  auto joining = loop.start(tasks.join());
  loop.advance(4s);
  CHECK(joining.pending());
  loop.advance(1s);
  CHECK(joining.done());
  CHECK(depth == 5);
}

TEST_CASE("task_set: a lambda that captures lives as long as its task") {
  kit::testing::loop loop;
  task_set tasks(loop.get_executor());
  auto witness = std::make_shared<int>();
  struct helper {
    static asio::awaitable<void> use(const std::shared_ptr<int>& of_the_lambda) {
      co_await kit::sleep_for(1s);
      ++*of_the_lambda;
    }
  };
  REQUIRE(tasks.try_spawn("a", [witness] { return helper::use(witness); }));
  CHECK(loop.start(tasks.spawn("b", [witness] { return helper::use(witness); })).done());
  CHECK(witness.use_count() == 3);
  loop.advance(1s);
  CHECK(*witness == 2);
  CHECK(witness.use_count() == 1);
}

// --- context ------------------------------------------------------------------------------------

namespace {

struct user {
  std::string name;
};

asio::awaitable<void> see_user(std::string& seen) {
  const auto ctx = co_await kit::this_context();
  seen = ctx.get<user>() ? ctx.get<user>()->name : "nobody";
  co_await kit::sleep_for(1h);
}

}  // namespace

TEST_CASE("task_set: tasks run in the context of the set's executor, and are cancelled with it") {
  kit::testing::loop loop;
  kit::cancel_source outer(kit::context().with(user{"ann"}));
  task_set tasks(kit::bind_context(loop.get_executor(), outer.context()));
  std::string seen;
  REQUIRE(tasks.try_spawn("a", see_user(seen)));
  loop.run();
  CHECK(seen == "ann");
  outer.cancel();
  loop.run();
  CHECK(tasks.size() == 0);
  CHECK(tasks.cancelled());
  CHECK(loop.start(tasks.join()).value().failed == 0);
  CHECK_FALSE(tasks.try_spawn("b", see_user(seen)));
}

TEST_CASE("task_set: cancelling it leaves the context around it alone") {
  kit::testing::loop loop;
  kit::cancel_source outer;
  task_set tasks(kit::bind_context(loop.get_executor(), outer.context()));
  tasks.cancel();
  CHECK_FALSE(outer.context().cancelled());
}

// --- lifetime -----------------------------------------------------------------------------------

TEST_CASE("task_set: destroying it cancels its tasks") {
  kit::testing::loop loop;
  auto witness = std::make_shared<int>();
  {
    task_set tasks(loop.get_executor());
    REQUIRE(tasks.try_spawn("nap", nap_with(witness)));
    CHECK(witness.use_count() == 2);
  }
  loop.run();
  CHECK(witness.use_count() == 1);
  CHECK(*witness == 0);
}

TEST_CASE("task_set: a join under way survives the set") {
  kit::testing::loop loop;
  std::optional<task_set> tasks(std::in_place, loop.get_executor());
  REQUIRE(tasks->try_spawn("deaf", deaf_nap(1s)));
  auto joining = loop.start(tasks->join());
  tasks.reset();
  loop.run();
  CHECK(joining.pending());
  loop.advance(1s);
  CHECK(joining.value().all_ended());
}

TEST_CASE("task_set: a task may destroy the set") {
  kit::testing::loop loop;
  auto tasks = std::make_unique<task_set>(loop.get_executor());
  struct helper {
    static asio::awaitable<void> destroy(std::unique_ptr<task_set>& it, bool wait) {
      if (wait) co_await kit::sleep_for(1s);
      it.reset();
    }
  };
  SUBCASE("at once") {
    CHECK(tasks->try_spawn("a", helper::destroy(tasks, false)));
    loop.run();
  }
  SUBCASE("later") {
    CHECK(tasks->try_spawn("a", helper::destroy(tasks, true)));
    loop.advance(1s);
  }
  CHECK(tasks == nullptr);
}

TEST_CASE("task_set: tasks end with their loop, started or not") {
  auto witness = std::make_shared<int>();
  std::optional<task_set> tasks;
  const auto start_both = [&](kit::testing::loop& loop, const asio::any_io_executor& ex) {
    tasks.emplace(ex);
    REQUIRE(tasks->try_spawn("running", nap_with(witness)));
    loop.run();
    REQUIRE(tasks->try_spawn("never started", nap_with(witness)));
    CHECK(witness.use_count() == 3);
  };
  SUBCASE("the set after it") {
    {
      kit::testing::loop loop;
      start_both(loop, loop.get_executor());
    }
    CHECK(tasks->size() == 0);
  }
  SUBCASE("the set before it") {
    kit::testing::loop loop;
    start_both(loop, loop.get_executor());
    tasks.reset();
    CHECK(witness.use_count() == 3);
  }
  SUBCASE("the set before it, on a strand") {
    kit::testing::loop loop;
    start_both(loop, asio::make_strand(loop.get_executor()));
    tasks.reset();
    CHECK(witness.use_count() == 3);
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("task_set: a limit of 0 is refused") {
  kit::testing::loop loop;
  CHECK_THROWS_AS(task_set(loop.get_executor(), {.limit = 0}), kit::error);
}
