#include <kit/periodic.hpp>

#include <exception>
#include <string>
#include <utility>

#include <asio/cancellation_type.hpp>
#include <asio/this_coro.hpp>

#include <kit/monitor.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

namespace kit {
namespace {

void check(const periodic_options& o) {
  const auto refuse = [](const char* what) {
    throw error(errc::invalid_argument, std::string("periodic_options::") + what);
  };
  if (o.period <= duration::zero()) refuse("period: must be positive");
  if (o.drain_timeout < duration::zero()) refuse("drain_timeout: must not be negative");
}

// The first time after `now` that is a number of whole periods away from `due`.
time_point next_after(time_point due, duration period, time_point now) noexcept {
  due = saturating_add(due, period);
  if (due > now) return due;
  return saturating_add(due, ((now - due) / period + 1) * period);
}

}  // namespace

asio::awaitable<void> run_periodically(std::function<asio::awaitable<void>()> work,
                                       periodic_options options) {
  check(options);
  const auto report = [&options](const error& e) {
    if (options.on_error) options.on_error(e);
  };
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto state = co_await asio::this_coro::cancellation_state;
  auto& wheel = timer_wheel::of(co_await asio::this_coro::executor);
  auto due = wheel.now();
  while (state.cancelled() == asio::cancellation_type::none) {
    due = next_after(due, options.period, wheel.now());
    const auto woken = co_await wait_until(due);
    // It may have been cancelled between the timer's end and this.
    if (woken == wake::cancelled || state.cancelled() != asio::cancellation_type::none) break;
    try {
      co_await work();
    } catch (...) {
      if (state.cancelled() == asio::cancellation_type::none) {
        report(to_error(std::current_exception()));
      }
    }
  }
  if (options.drain_timeout == duration::zero()) co_return;
  const auto last = co_await drain_within(options.drain_timeout, work());
  if (!last) report(last.error());
}

asio::awaitable<result<void>> drain_within(duration limit, asio::awaitable<void> work) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  co_await asio::this_coro::throw_if_cancelled(true);
  try {
    co_await with_timeout(limit, std::move(work));
  } catch (...) {
    co_return fail(to_error(std::current_exception()));
  }
  co_return result<void>();
}

}  // namespace kit
