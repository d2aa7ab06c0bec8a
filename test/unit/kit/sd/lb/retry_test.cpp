#include <kit/sd/lb/retry.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <kit/attempts.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

using namespace std::chrono_literals;
using kit::duration;
using kit::endpoint;
using kit::errc;
using kit::error;
using kit::sd::balancer_retry_options;
using kit::sd::retry_answer;

namespace {

using ep = endpoint<int, std::string>;

// Hands out the given endpoints in turn.
class in_turn final : public kit::sd::balancer<int, std::string> {
 public:
  explicit in_turn(std::vector<ep> all) : all_(std::move(all)) {}
  kit::result<ep> pick() override {
    ++picks;
    if (all_.empty()) return kit::fail(kit::sd::no_endpoints());
    return all_[static_cast<std::size_t>(picks - 1) % all_.size()];
  }
  int picks = 0;

 private:
  std::vector<ep> all_;
};

asio::awaitable<kit::result<std::string>> failing(std::string with) {
  co_return kit::fail(errc::internal, std::move(with));
}
ep fails(std::string with = "some error") {
  return [with](int) { return failing(with); };
}
ep works() {
  return [](int) -> asio::awaitable<std::string> { co_return "ok"; };
}
ep hangs() {
  return [](int) -> asio::awaitable<std::string> {
    co_await kit::sleep_for(1h);
    co_return "late";
  };
}

struct fixture {
  kit::testing::loop loop;
  std::shared_ptr<in_turn> from;

  // Runs it to its end, pauses and all.
  kit::result<std::string> call(std::vector<ep> all, balancer_retry_options options = {}) {
    auto c = start(std::move(all), std::move(options));
    for (int i = 0; i < 10'000 && c.pending(); ++i)
      loop.advance(10ms);
    return c.value();
  }
  kit::testing::started<kit::result<std::string>> start(std::vector<ep> all,
                                                        balancer_retry_options options = {}) {
    from = std::make_shared<in_turn>(std::move(all));
    options.random = kit::random_source(1);
    return loop.start(kit::sd::retry<int, std::string>(from, std::move(options)).try_call(1));
  }
};

balancer_retry_options up_to(std::uint32_t attempts, duration timeout = 10s) {
  return {.limits = kit::retry_limits{.max_attempts = attempts, .first_pause = 0s},
          .timeout = timeout};
}

std::vector<std::string> raw_errors(const error& e) {
  std::vector<std::string> all;
  if (const auto* a = e.get<kit::attempts>()) {
    for (const auto& one : a->errors)
      all.emplace_back(one.message());
  }
  return all;
}

}  // namespace

TEST_CASE_FIXTURE(fixture,
                  "sd::retry: the first success wins, and each attempt asks the balancer "
                  "[sd/lb/retry:1] [sd/lb/retry:2]") {
  CHECK(call({fails(), fails(), works()}, up_to(3)) == "ok");
  CHECK(from->picks == 3);
}

TEST_CASE_FIXTURE(fixture, "sd::retry: no more than so many attempts [sd/lb/retry:3]") {
  CHECK(call({fails(), fails(), works()}, up_to(2)).error() == errc::internal);
  CHECK(from->picks == 2);
}

TEST_CASE_FIXTURE(fixture,
                  "sd::retry: the error has all of the attempts, in order, and is the "
                  "last one [sd/lb/retry:4]") {
  const auto e = call({fails("one"), fails("two"), fails("three")}, up_to(3)).error();
  CHECK(e.code() == errc::internal);
  CHECK(raw_errors(e) == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE_FIXTURE(fixture,
                  "sd::retry: its text says what the attempts before failed with "
                  "[sd/lb/retry:5]") {
  CHECK(call({fails()}, up_to(1)).error().message() == "some error");
  CHECK(call({fails()}, up_to(5)).error().message() ==
        "some error (previously: some error; some error; some error; some error)");
}

TEST_CASE_FIXTURE(fixture, "sd::retry: no endpoints is an attempt that failed [sd/lb/retry:6]") {
  const auto e = call({}, up_to(999)).error();
  CHECK(raw_errors(e).size() == 999);
  CHECK(raw_errors(e).front() == "no endpoints available");
  CHECK(e == errc::unavailable);
}

TEST_CASE_FIXTURE(fixture, "sd::retry: at most one, or none, is one [sd/lb/retry:7]") {
  for (const std::uint32_t n : {0U, 1U}) {
    CHECK_FALSE(call({fails(), works()}, up_to(n)));
    CHECK(from->picks == 1);
    CHECK(call({works()}, up_to(n)) == "ok");
  }
}

TEST_CASE_FIXTURE(fixture,
                  "sd::retry: the time limit covers all attempts, and is the error "
                  "[sd/lb/retry:8]") {
  const auto c = start({fails("one"), hangs()}, up_to(5, 100ms));
  loop.advance(99ms);
  CHECK(c.pending());
  loop.advance(1ms);
  const auto e = c.error();
  CHECK(e == errc::deadline_exceeded);
  CHECK(e.message() == "deadline_exceeded");
  CHECK(raw_errors(e).front() == "one");
}

TEST_CASE_FIXTURE(fixture, "sd::retry: the caller's cancellation is the error [sd/lb/retry:9]") {
  from = std::make_shared<in_turn>(std::vector<ep>{fails("one"), hangs()});
  const auto call = kit::sd::retry<int, std::string>(from, up_to(5));
  const kit::cancel_source source;
  auto c = loop.start(kit::with_context(source.context(), call.try_call(1)));
  CHECK(c.pending());
  source.cancel();
  loop.run();
  CHECK(c.error() == errc::canceled);
  CHECK(c.error().message() == "canceled");
  CHECK(raw_errors(c.error()).front() == "one");
}

TEST_CASE_FIXTURE(fixture, "sd::retry: attempts are cancelled with it [sd/lb/retry:10]") {
  bool cancelled = false;
  const ep watched = [&](int) -> asio::awaitable<std::string> {
    struct mark {
      bool* at;
      ~mark() { *at = true; }
    } const m{&cancelled};
    CHECK((co_await kit::this_context()).deadline());
    co_await kit::sleep_for(1h);
    co_return "late";
  };
  const auto c = start({watched}, up_to(5, 100ms));
  CHECK_FALSE(cancelled);
  loop.advance(100ms);
  CHECK(c.done());
  CHECK(cancelled);
}

TEST_CASE_FIXTURE(fixture,
                  "sd::retry: a callback decides, and may replace the error "
                  "[sd/lb/retry:11]") {
  std::vector<std::pair<std::uint32_t, std::string>> asked;
  balancer_retry_options o{.timeout = 10s};
  o.callback = [&](std::uint32_t number, const error& e) -> retry_answer {
    asked.emplace_back(number, e.message());
    if (number < 3) return {.keep_trying = true, .replacement = error(errc::unknown, "dropped")};
    return {.replacement = error(errc::aborted, "enough")};
  };
  const auto e = call({fails("one"), fails("two"), fails("three")}, o).error();
  CHECK(asked ==
        std::vector<std::pair<std::uint32_t, std::string>>{{1, "one"}, {2, "two"}, {3, "three"}});
  CHECK(e.code() == errc::aborted);
  CHECK(e.message() == "enough (previously: one; two)");
  CHECK(raw_errors(e) == std::vector<std::string>{"one", "two", "three"});

  o.callback = [](std::uint32_t, const error&) { return retry_answer(); };
  CHECK(call({fails("one")}, o).error().message() == "one");
}

TEST_CASE_FIXTURE(fixture,
                  "sd::retry: without a callback it goes on until an attempt succeeds, or "
                  "time is over [sd/lb/retry:12]") {
  std::vector<ep> many(20, fails());
  many.push_back(works());
  balancer_retry_options o{.timeout = 100s, .until_timeout = true};
  CHECK(call(many, o) == "ok");
  CHECK(from->picks == 21);
  o.timeout = 1s;
  CHECK(call({fails()}, o).error() == errc::deadline_exceeded);
  CHECK(from->picks < 1000);  // it pauses
}

TEST_CASE("sd::retry: what fails at once doesn't keep the loop") {
  asio::io_context io(1);
  const auto from = std::make_shared<in_turn>(std::vector<ep>());
  balancer_retry_options o{.timeout = 50ms, .until_timeout = true};
  SUBCASE("without a pause") {
    o.limits = kit::retry_limits{.first_pause = 0ms};
  }
  SUBCASE("when the loop is late") {
    asio::post(io, [] { std::this_thread::sleep_for(70ms); });
  }
  const auto call = kit::sd::retry<int, std::string>(from, o);
  std::optional<kit::result<std::string>> answer;
  asio::co_spawn(io, call.try_call(1),
                 [&](std::exception_ptr, kit::result<std::string> r) { answer = std::move(r); });
  bool turn = false;
  asio::post(io, [&] { turn = true; });
  io.run_for(20s);
  CHECK(turn);
  REQUIRE(answer);
  CHECK(answer->error() == errc::deadline_exceeded);
  CHECK(from->picks > 0);
}

TEST_CASE("sd::retry: there must be a balancer [sd/lb/retry:13]") {
  CHECK_THROWS_AS((kit::sd::retry<int, std::string>(nullptr)), error);
}

TEST_CASE_FIXTURE(fixture,
                  "sd::retry: attempts come one after another, without a pause where that "
                  "is 0 [sd/lb/retry:14]") {
  int running = 0;
  const ep one = [&](int) -> asio::awaitable<std::string> {
    CHECK(++running == 1);
    co_await kit::sleep_for(10ms);
    --running;
    throw error(errc::internal);
  };
  auto c = start({one}, up_to(3));
  loop.advance(10ms);
  loop.advance(10ms);
  CHECK(c.pending());
  loop.advance(10ms);
  CHECK(c.done());
}

TEST_CASE_FIXTURE(fixture, "sd::retry: a budget keeps it from trying again") {
  balancer_retry_options o = up_to(5);
  o.budget = kit::retry_budget(kit::retry_budget_limits{.ratio = 0, .min_per_second = 0});
  CHECK(call({fails(), works()}, o).error() == errc::internal);
  CHECK(from->picks == 1);
}

TEST_CASE_FIXTURE(fixture, "sd::retry: where the callee forbids it there is no other attempt") {
  const ep forbids = [](int) -> asio::awaitable<kit::result<std::string>> {
    co_return kit::fail(error(errc::unavailable, "go away").with_retry_forbidden());
  };
  CHECK(call({forbids, works()}, up_to(5)).error().message() == "go away");
  CHECK(from->picks == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "sd::retry: whatever a callback says, no request is sent that has gone") {
  struct once {
    std::string text;
    bool repeatable() const { return false; }
  };
  std::vector<std::size_t> sizes;
  const auto callee = [&](auto r) -> asio::awaitable<kit::result<std::string>> {
    sizes.push_back(r.text.size());
    co_return kit::fail(errc::internal, "broken");
  };
  struct fixed final : kit::sd::balancer<once, std::string> {
    explicit fixed(endpoint<once, std::string> e) : only(std::move(e)) {}
    kit::result<endpoint<once, std::string>> pick() override { return only; }
    endpoint<once, std::string> only;
  };
  const auto goes_on = [](std::uint32_t n, const error&) {
    return retry_answer{.keep_trying = n < 5};
  };
  const auto call = kit::sd::retry<once, std::string>(
      std::make_shared<fixed>(
          endpoint<once, std::string>([&](once r) { return callee(std::move(r)); })),
      {.callback = goes_on});
  CHECK(loop.start(call.try_call(once{"content"})).error() == errc::internal);
  CHECK(sizes == std::vector<std::size_t>{7});
}

TEST_CASE_FIXTURE(fixture, "sd::retry: with a callback, too, only the uppermost tries again") {
  balancer_retry_options o{.timeout = 10s};
  o.callback = [](std::uint32_t, const error&) { return retry_answer{.keep_trying = true}; };
  from = std::make_shared<in_turn>(std::vector<ep>{fails(), works()});
  const auto call = kit::sd::retry<int, std::string>(from, o);
  const auto ctx = kit::with_attempt_number(kit::context(), 1);
  CHECK(loop.start(kit::with_context(ctx, call.try_call(1))).error() == errc::internal);
  CHECK(from->picks == 1);
}

TEST_CASE_FIXTURE(fixture, "sd::retry: a budget counts with a callback, too") {
  balancer_retry_options o{.timeout = 10s};
  o.budget = kit::retry_budget(kit::retry_budget_limits{.ratio = 0, .min_per_second = 0.2});
  o.callback = [](std::uint32_t, const error&) { return retry_answer{.keep_trying = true}; };
  CHECK(call({fails()}, o).error() == errc::internal);
  CHECK(from->picks == 3);
}

TEST_CASE("sd::retry: without a timeout it can't go on until it's over") {
  CHECK_THROWS_AS((kit::sd::retry<int, std::string>(std::make_shared<in_turn>(std::vector<ep>{}),
                                                    {.until_timeout = true})),
                  error);
}
