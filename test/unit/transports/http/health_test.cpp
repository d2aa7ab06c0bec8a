#include <transports/http/health.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/this_coro.hpp>

#include <kit/codec/json_raw.hpp>
#include <kit/error.hpp>
#include <kit/monitor.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <transports/http/router.hpp>

#include "../../../support/typed_call.hpp"

namespace http = kit::http;
using http::field;
using http::probe;
using http::status;
using typed_call::header;
using namespace std::chrono_literals;

namespace {

/// A check that is played by hand.
struct played {
  struct shared {
    int runs = 0;
    int cancelled = 0;
    bool waits = false;
    bool stubborn = false;
    std::optional<kit::error> failure;
    kit::monitor changed;
  };
  std::shared_ptr<shared> is = std::make_shared<shared>();

  auto check() const {
    return [s = is] { return run(s); };
  }
  void release() const {
    const auto lock = is->changed.lock();
    is->waits = false;
    is->changed.notify_all();
  }
  int runs() const { return is->runs; }

 private:
  static asio::awaitable<kit::result<void>> run(std::shared_ptr<shared> s) {
    ++s->runs;
    if (s->stubborn) {
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    }
    for (auto lock = s->changed.lock(); s->waits; lock = s->changed.lock()) {
      if (co_await s->changed.wait(std::move(lock)) == kit::wake::cancelled) {
        ++s->cancelled;
        co_return kit::fail(kit::errc::canceled);
      }
    }
    if (s->failure) co_return kit::fail(*s->failure);
    co_return kit::result<void>();
  }
};

asio::awaitable<void> passes() {
  co_return;
}
asio::awaitable<void> throws() {
  throw std::runtime_error("password is 1234");
  co_return;
}

struct world {
  kit::testing::loop loop;
  http::health health;

  http::handler handler() {
    http::router router;
    health.mount(router);
    return router;
  }
  auto start(std::string target, std::string_view accept = "") {
    auto req = typed_call::get(std::move(target));
    if (!accept.empty()) req.headers.set(field::accept, accept);
    return loop.start(kept.try_call(std::move(req)));
  }
  http::response ask(std::string target, std::string_view accept = "") {
    kept = handler();
    const auto call = start(std::move(target), accept);
    auto r = call.value();
    return r ? *std::move(r) : http::error_response(r.error());
  }
  std::string text(std::string target) {
    const auto r = ask(std::move(target));
    return std::to_string(http::to_int(r.status)) + " " + std::string(r.body.text());
  }
  http::handler kept = handler();
};

}  // namespace

TEST_CASE("health: well without checks") {
  world w;
  for (const char* path : {"/livez", "/readyz", "/startupz"}) {
    const auto r = w.ask(path);
    CHECK(r.status == status::ok);
    CHECK(r.body.text() == "ok");
    CHECK(header(r, field::content_type) == "text/plain; charset=utf-8");
    CHECK(header(r, field::cache_control) == "no-store");
  }
  CHECK(w.text("/livez?verbose") == "200 livez check passed\n");
  CHECK(w.text("/readyz?verbose=1") == "200 [+]ready ok\nreadyz check passed\n");
}

TEST_CASE("health: each probe asks for its checks, and one that fails is told") {
  world w;
  played db, loop_is_alive;
  w.health.add("db", db.check()).add("loop", loop_is_alive.check(), {.probes = probe::live});
  w.health.add("both", &passes, {.probes = probe::live | probe::ready});
  CHECK(w.text("/readyz?verbose") ==
        "200 [+]ready ok\n[+]db ok\n[+]both ok\nreadyz check passed\n");
  CHECK(w.text("/livez?verbose") == "200 [+]loop ok\n[+]both ok\nlivez check passed\n");
  CHECK(w.text("/startupz?verbose") == "200 startupz check passed\n");
  db.is->failure = kit::error(kit::errc::unavailable, "connection\r\nrefused");
  w.loop.advance(1s);
  CHECK(w.text("/readyz") ==
        "503 [+]ready ok\n[-]db failed: connection  refused\n[+]both ok\nreadyz check failed\n");
  CHECK(w.text("/livez") == "200 ok");
}

TEST_CASE("health: of a foreign exception only that it happened is shown") {
  world w;
  w.health.add("db", &throws);
  const auto text = w.text("/readyz");
  CHECK(text == "503 [+]ready ok\n[-]db failed: Internal Server Error\nreadyz check failed\n");
  CHECK(w.ask("/readyz", "application/json").body.text().find("1234") == std::string::npos);
}

TEST_CASE("health: a check that isn't critical is told and no more") {
  world w;
  played cache;
  cache.is->failure = kit::error(kit::errc::unavailable, "down");
  w.health.add("cache", cache.check(), {.critical = false});
  CHECK(w.text("/readyz") == "200 ok");
  CHECK(w.text("/readyz?verbose") ==
        "200 [+]ready ok\n[-]cache failed, which is not critical: down\nreadyz check passed\n");
}

TEST_CASE("health: checks can be left out") {
  world w;
  played db;
  db.is->failure = kit::error(kit::errc::unavailable, "down");
  w.health.add("db", db.check());
  CHECK(w.text("/readyz?exclude=db") == "200 ok");
  CHECK(db.runs() == 0);
  CHECK(
      w.text("/readyz?verbose&exclude=x&exclude=db&exclude=%0a") ==
      "200 warn: no check 'x' to exclude\n[+]ready ok\n[+]db excluded: ok\nreadyz check passed\n");
  w.health.set_ready(false);
  CHECK(w.text("/readyz?exclude=db&exclude=ready") == "200 ok");
  CHECK(w.text("/readyz?exclude=%zz").starts_with("400 "));
}

TEST_CASE("health: JSON for who asks for it") {
  world w;
  played db, cache;
  w.health.add("db", db.check()).add("cache", cache.check(), {.critical = false});
  const auto without_times = [](std::string text) {
    for (std::size_t at = 0; (at = text.find("\"time\":\"", at)) != text.npos;)
      text.erase(at, text.find(',', at) + 1 - at);
    for (std::size_t at = 0; (at = text.find("\"observedValue\":", at)) != text.npos;)
      text.erase(at, text.find(',', at) + 1 - at);
    return text;
  };
  const auto shown = [](std::string of, std::string output) {
    return R"([{"status":")" + of + R"(","observedUnit":"ms","output":")" + output + R"("}])";
  };
  auto r = w.ask("/readyz", "application/health+json");
  CHECK(r.status == status::ok);
  CHECK(header(r, field::content_type) == "application/health+json");
  CHECK(without_times(std::string(r.body.text())) ==
        R"({"status":"pass","checks":{"cache":)" + shown("pass", "") + R"(,"db":)" +
            shown("pass", "") + R"(,"ready":)" + shown("pass", "") + "}}");
  CHECK(kit::json::raw::parse(r.body.text()));
  cache.is->failure = kit::error(kit::errc::unavailable, "<down>");
  w.loop.advance(1s);
  r = w.ask("/readyz?exclude=ready", "text/html, application/json;q=0.5");
  CHECK(r.status == status::ok);
  CHECK(header(r, field::content_type) == "application/json");
  CHECK(without_times(std::string(r.body.text())) == R"({"status":"warn","checks":{"cache":)" +
                                                         shown("warn", R"(\u003cdown\u003e)") +
                                                         R"(,"db":)" + shown("pass", "") + "}}");
  w.health.set_ready(false, "why");
  r = w.ask("/readyz?exclude=db&exclude=cache", "application/json, application/health+json");
  CHECK(r.status == status::service_unavailable);
  CHECK(header(r, field::content_type) == "application/health+json");
  CHECK(without_times(std::string(r.body.text())) ==
        R"({"status":"fail","checks":{"ready":)" + shown("fail", "why") + "}}");
  CHECK(w.ask("/livez", "*/*").body.text() == "ok");
}

TEST_CASE("health: readiness can be taken back, and goes off when a drain begins") {
  world w;
  CHECK(w.text("/readyz") == "200 ok");
  w.health.set_ready(false, "warming up");
  CHECK(w.text("/readyz") == "503 [-]ready failed: warming up\nreadyz check failed\n");
  CHECK(w.text("/livez") == "200 ok");
  w.health.set_ready(true);
  CHECK(w.text("/readyz") == "200 ok");
  w.health.on_drain()();
  CHECK(w.text("/readyz") == "503 [-]ready failed: shutting down\nreadyz check failed\n");
  CHECK(w.text("/livez") == "200 ok");
}

TEST_CASE("health: starting up is over once it has passed, and before that is not ready") {
  world w;
  played migrated;
  migrated.is->failure = kit::error(kit::errc::unavailable, "not yet");
  w.health.add("migrated", migrated.check(), {.probes = probe::startup, .keep = 0ms});
  CHECK(w.text("/startupz") == "503 [-]migrated failed: not yet\nstartupz check failed\n");
  CHECK(w.text("/readyz").starts_with("503 [+]ready ok\n[-]migrated failed: not yet\n"));
  CHECK(w.text("/livez") == "200 ok");
  migrated.is->failure.reset();
  CHECK(w.text("/startupz") == "200 ok");
  migrated.is->failure = kit::error(kit::errc::unavailable, "again");
  CHECK(w.text("/startupz") == "200 ok");
  CHECK(w.text("/readyz") == "200 ok");
  CHECK(migrated.runs() == 3);
}

TEST_CASE("health: a check that starts up and is needed on runs on") {
  world w;
  played db;
  w.health.add("db", db.check(), {.probes = probe::startup | probe::ready, .keep = 0ms});
  CHECK(w.text("/startupz") == "200 ok");
  db.is->failure = kit::error(kit::errc::unavailable, "gone");
  CHECK(w.text("/startupz") == "200 ok");
  CHECK(w.text("/readyz").starts_with("503 "));
}

TEST_CASE("health: an outcome is kept for a while, good or bad") {
  world w;
  played db;
  w.health.add("db", db.check(), {.keep = 100ms});
  CHECK(w.text("/readyz") == "200 ok");
  db.is->failure = kit::error(kit::errc::unavailable, "down");
  w.loop.advance(99ms);
  CHECK(w.text("/readyz") == "200 ok");
  CHECK(db.runs() == 1);
  w.loop.advance(1ms);
  CHECK(w.text("/readyz").starts_with("503"));
  db.is->failure.reset();
  CHECK(w.text("/readyz").starts_with("503"));
  CHECK(db.runs() == 2);
}

TEST_CASE("health: probes at the same time share one run, which outlives the one who began it") {
  world w;
  played db;
  db.is->waits = true;
  w.health.add("db", db.check(), {.keep = 0ms});
  w.kept = w.handler();
  auto first = w.start("/readyz");
  const auto second = w.start("/readyz");
  CHECK(first.pending());
  CHECK(second.pending());
  first.cancel();
  w.loop.run();
  CHECK(first.error() == kit::errc::canceled);
  CHECK(second.pending());
  const auto third = w.start("/readyz?verbose");
  CHECK(db.runs() == 1);
  db.release();
  w.loop.run();
  CHECK(second.value()->body.text() == "ok");
  CHECK(third.value()->status == status::ok);
  CHECK(db.runs() == 1);
  CHECK(db.is->cancelled == 0);
}

TEST_CASE("health: checks run at the same time, and each has its time") {
  world w;
  played slow, slower;
  slow.is->waits = slower.is->waits = true;
  w.health.add("slow", slow.check(), {.timeout = 100ms, .keep = 0ms});
  w.health.add("slower", slower.check(), {.timeout = 150ms, .keep = 0ms});
  w.kept = w.handler();
  const auto call = w.start("/readyz?exclude=ready");
  CHECK(slow.runs() == 1);
  CHECK(slower.runs() == 1);
  w.loop.advance(149ms);
  CHECK(call.pending());
  CHECK(slow.is->cancelled == 1);
  w.loop.advance(2ms);
  REQUIRE(call.done());
  CHECK(slower.is->cancelled == 1);
  CHECK(call.value()->status == status::service_unavailable);
  CHECK(call.value()->body.text() ==
        "[+]ready excluded: ok\n[-]slow failed: took longer than 100 ms\n"
        "[-]slower failed: took longer than 150 ms\nreadyz check failed\n");
}

TEST_CASE("health: one that ignores its cancellation has failed, and isn't started again") {
  world w;
  played db;
  db.is->waits = db.is->stubborn = true;
  w.health.add("db", db.check(), {.timeout = 100ms, .keep = 0ms});
  w.kept = w.handler();
  const auto call = w.start("/readyz");
  w.loop.advance(101ms);
  REQUIRE(call.done());
  CHECK(call.value()->body.text().find("[-]db failed: took longer than 100 ms\n") !=
        std::string::npos);
  CHECK(w.text("/readyz").starts_with("503"));
  CHECK(db.runs() == 1);
  db.release();
  w.loop.run();
  CHECK(w.text("/readyz") == "200 ok");
  CHECK(db.runs() == 2);
}

TEST_CASE("health: its end cancels what runs") {
  played db;
  db.is->waits = true;
  kit::testing::loop loop;
  {
    http::health health;
    health.add("db", db.check());
    auto h = health.answer_to(probe::ready);
    auto call = loop.start(h.try_call(typed_call::get("/")));
    call.cancel();
    loop.run();
    CHECK(call.done());
    CHECK(db.is->cancelled == 0);
  }
  loop.run();
  CHECK(db.is->cancelled == 1);
  CHECK(db.is.use_count() == 1);
}

TEST_CASE("health: a run ends with its loop, and others may begin one") {
  http::health health;
  played db;
  db.is->waits = true;
  health.add("db", db.check(), {.keep = 0ms});
  const auto h = health.answer_to(probe::ready);
  {
    kit::testing::loop loop;
    CHECK(loop.start(h.try_call(typed_call::get("/"))).pending());
  }
  db.is->waits = false;
  CHECK(typed_call::answer(h, typed_call::get("/")).status == status::ok);
  CHECK(db.runs() == 2);
}

TEST_CASE("health: shared by the loops of several threads") {
  http::health health;
  std::atomic<int> runs = 0;
  const auto check = [&runs] {
    return [](std::atomic<int>& n) -> asio::awaitable<void> {
      ++n;
      co_await kit::sleep_for(1ms);
    }(runs);
  };
  health.add("slow", check, {.keep = 0ms});
  const auto h = health.answer_to(probe::ready);
  std::atomic<int> well = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      asio::io_context loop(1);
      const auto ask = [](http::handler of, std::atomic<int>& good) -> asio::awaitable<void> {
        for (int i = 0; i < 25; ++i) {
          const auto r = co_await of.try_call(typed_call::get("/"));
          if (r && r->status == status::ok) ++good;
        }
      };
      asio::co_spawn(loop, ask(h, well), [](std::exception_ptr e) { CHECK(!e); });
      loop.run();
    });
  }
  for (int i = 0; i < 100; ++i)
    health.set_ready(true);
  for (auto& t : threads)
    t.join();
  CHECK(well == 100);
  CHECK(runs >= 25);
  CHECK(runs <= 100);
}

TEST_CASE("health: what can be no check is refused") {
  http::health health;
  health.add("db", &passes);
  CHECK_THROWS_AS(health.add("db", &passes), kit::error);
  CHECK_THROWS_AS(health.add("ready", &passes), kit::error);
  CHECK_THROWS_AS(health.add("", &passes), kit::error);
  CHECK_THROWS_AS(health.add("a b", &passes), kit::error);
  CHECK_THROWS_AS(health.add("a", &passes, {.timeout = 0ms}), kit::error);
  CHECK_THROWS_AS(health.add("a", &passes, {.keep = -1ms}), kit::error);
  CHECK_THROWS_AS(health.add("a", &passes, {.probes = probe{}}), kit::error);
}
