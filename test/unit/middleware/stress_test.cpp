#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <kit/chain.hpp>
#include <kit/decision_recorder.hpp>
#include <kit/log/logger.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/random.hpp>
#include <kit/task_set.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <middleware/bulkhead.hpp>
#include <middleware/cache.hpp>
#include <middleware/circuit_breaker.hpp>
#include <middleware/coalesce.hpp>
#include <middleware/concurrency_limit.hpp>
#include <middleware/deadline.hpp>
#include <middleware/explaining.hpp>
#include <middleware/hedge.hpp>
#include <middleware/idempotency.hpp>
#include <middleware/instrumenting.hpp>
#include <middleware/load_shed.hpp>
#include <middleware/rate_limit.hpp>
#include <middleware/recover.hpp>
#include <middleware/retry.hpp>
#include <middleware/timeout.hpp>

// All layers at once, shared by several loops, whose calls fail, take different times and are
// cancelled by whoever, while somebody turns the settings. For ThreadSanitizer above all.

using namespace std::chrono_literals;
using kit::errc;

namespace middleware = kit::middleware;

namespace {

struct request {
  std::uint32_t n = 0;
};
struct response {
  std::uint32_t n = 0;
};
using ep = kit::endpoint<request, response>;

constexpr std::size_t thread_count = 3;
constexpr std::uint32_t calls_each = 4000;
constexpr std::size_t at_a_time = 40;

std::atomic<int> running{0};

asio::awaitable<kit::result<response>> serve(request r) {
  struct inside {
    inside() { ++running; }
    inside(const inside&) = delete;
    ~inside() { --running; }
  } const in;
  if (r.n % 3 != 0) co_await kit::sleep_for(std::chrono::microseconds(r.n % 7 * 300));
  if (r.n % 11 == 0) co_return kit::fail(errc::unavailable, "broken");
  if (r.n % 23 == 0) throw std::runtime_error("thrown");
  co_return response{r.n};
}

// Who is to be cancelled by another thread.
class victims {
 public:
  void add(std::weak_ptr<kit::cancel_source> one) {
    const std::lock_guard lock(mutex_);
    all_.push_back(std::move(one));
  }
  void cancel_some() {
    std::vector<std::weak_ptr<kit::cancel_source>> some;
    {
      const std::lock_guard lock(mutex_);
      some.swap(all_);
    }
    for (const auto& one : some) {
      if (const auto source = one.lock()) source->cancel();
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<kit::cancel_source>> all_;
};

struct stack {
  kit::metrics::registry metrics;
  kit::setting<middleware::token_rate> rate{
      middleware::token_rate{.per_second = 20'000, .burst = 10}};
  kit::setting<middleware::breaker_limits> breaker_limits{
      middleware::breaker_limits{.consecutive_failures = 4, .open_for = 1ms}};
  middleware::bulkhead places{{.limits = middleware::bulkhead_limits{
                                   .max_concurrent = 8, .max_queue = 20, .max_wait = 5ms}}};
  middleware::concurrency_limit adaptive{
      {.by =
           middleware::gradient_options{.range = {.min = 30, .initial = 30}, .measure_every = 100},
       .queue = middleware::concurrency_queue{.max_queue = 20, .max_wait = 5ms}}};
  middleware::instrumenting counted{metrics};
  ep call = sharing(policies());

  ep policies() const {
    const kit::retry_budget budget;
    return kit::chain(
        middleware::recover(kit::log::logger()), middleware::deadline(), middleware::load_shed(),
        middleware::rate_limit(
            {.rate = rate,
             .max_wait = 3ms,
             .key = [](const kit::context&) { return std::string("one"); },
             .cost = [](const kit::call& c) { return c.name().empty() ? 0.0 : 1.0; }}),
        middleware::timeout({.limit = 20ms}),
        middleware::retry({.limits = kit::retry_limits{.first_pause = 1ms, .attempt_timeout = 10ms},
                           .budget = budget}),
        middleware::hedge({.limits = middleware::hedge_limits{.delay = 1ms},
                           .idempotent = true,
                           .budget = budget}),
        middleware::circuit_breaker({.limits = breaker_limits}), places,
        middleware::timeout({.limit = 1ms}))(ep(serve), "policies");
  }
  ep sharing(ep next) const {
    const auto text = [](const request& r) { return std::optional(std::to_string(r.n % 50)); };
    const auto key = [text](const kit::context&, const request& r) {
      return r.n % 2 ? std::optional(middleware::idempotency_key{*text(r), {}}) : std::nullopt;
    };
    return kit::chain(
        middleware::explaining(kit::decision_recorder({.registry = metrics})), counted, adaptive,
        middleware::idempotency(
            middleware::idempotency_options{.key = key, .keep = 2ms, .max_keys = 10}),
        middleware::cache(middleware::cache_options{
            .limits = middleware::cache_limits{.ttl = 1ms, .stale_while_revalidate = 2ms},
            .key = text,
            .max_entries = 20}),
        middleware::coalesce(middleware::coalesce_options{.key = text}))(std::move(next),
                                                                         "sharing");
  }
};

asio::awaitable<void> one_call(const stack& s, victims& others, kit::random_source random,
                               std::atomic<std::uint32_t>& ended) {
  const auto n = random.below(1000);
  const auto fate = random.below(4);
  const auto source = std::make_shared<kit::cancel_source>(
      kit::context(), kit::timer_wheel::of(co_await asio::this_coro::executor).now() + 50ms);
  if (fate == 0) others.add(source);
  auto call = s.call.try_call(request{static_cast<std::uint32_t>(n)});
  call = kit::with_context(source->context(), std::move(call));
  if (fate == 1) call = kit::with_timeout(std::chrono::microseconds(n), std::move(call));
  try {
    (void)co_await std::move(call);
  } catch (const std::system_error&) {
    // was cancelled before it began
  }
  ++ended;
}

asio::awaitable<void> many_calls(const stack& s, victims& others, kit::random_source random,
                                 std::atomic<std::uint32_t>& ended) {
  kit::task_set tasks(co_await asio::this_coro::executor, {.limit = at_a_time});
  for (std::uint32_t i = 0; i < calls_each; ++i)
    co_await tasks.spawn("call", one_call(s, others, random.split(), ended));
  (co_await tasks.join()).rethrow();
}

}  // namespace

TEST_CASE("stress: threads share all layers; calls fail, and are cancelled by whoever") {
  const stack s;
  victims others;
  std::atomic<std::uint32_t> ended{0};
  std::atomic<std::size_t> threads_done{0};
  std::atomic<int> failed{0};
  std::array<asio::io_context, thread_count> loops;  // none goes while another one is at work
  std::array<std::thread, thread_count> threads;
  for (std::size_t i = 0; i < thread_count; ++i) {
    threads[i] = std::thread([&, i] {
      asio::co_spawn(loops[i], many_calls(s, others, kit::random_source(i + 1), ended),
                     [&](std::exception_ptr e) {
                       failed += e != nullptr;
                       ++threads_done;
                     });
      const auto work = asio::make_work_guard(loops[i]);
      while (threads_done < thread_count)
        loops[i].run_one_for(5ms);
    });
  }
  for (std::uint32_t turn = 0; threads_done < thread_count; ++turn) {
    others.cancel_some();
    s.rate.set({.per_second = turn % 2 ? 20'000.0 : 5'000.0, .burst = 10});
    s.breaker_limits.set({.consecutive_failures = 1 + turn % 5, .open_for = 1ms});
    (void)s.metrics.collect();
    std::this_thread::yield();
  }
  for (auto& t : threads)
    t.join();
  CHECK(failed == 0);
  CHECK(ended == thread_count * calls_each);
  CHECK(running == 0);
  CHECK(s.places.in_use() == 0);
  CHECK(s.adaptive.in_use() == 0);
  const auto all = s.metrics.collect();
  CHECK(all.find("service_requests_in_flight")->points.front().value == 0);
}
