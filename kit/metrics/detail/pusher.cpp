#include <kit/metrics/detail/pusher.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/periodic.hpp>

namespace kit::metrics::detail {
namespace {

// The same content would be refused again. Else the operator, or time, can mend it.
bool is_final(errc code) noexcept {
  return code == errc::invalid_argument || code == errc::failed_precondition ||
         code == errc::out_of_range || code == errc::already_exists || code == errc::unimplemented;
}

}  // namespace

void validate(const push_options& o) {
  const auto refuse = [](const char* what) {
    throw error(errc::invalid_argument, std::string("push_options::") + what);
  };
  if (o.interval <= duration::zero()) refuse("interval: must be positive");
  if (o.drain_timeout < duration::zero()) refuse("drain_timeout: must not be negative");
}

pusher::pusher(parts p, push_options options)
    : parts_(std::move(p)), options_((validate(options), std::move(options))) {}

asio::awaitable<void> pusher::run() {
  return run_periodically([this] { return round(); }, {.period = options_.interval,
                                                       .drain_timeout = options_.drain_timeout,
                                                       .on_error = options_.on_error});
}

asio::awaitable<void> pusher::round() {
  if (const auto done = co_await flush(); !done) throw done.error();
}

asio::awaitable<result<void>> pusher::flush() {
  result<void> first;
  if (!items_.empty()) {
    first = co_await deliver();
    if (!items_.empty()) co_return first;
  }
  for (auto& b : parts_.make())
    items_.push_back({.batch = std::move(b)});
  auto second = items_.empty() ? result<void>() : co_await deliver();
  co_return first ? std::move(second) : std::move(first);
}

asio::awaitable<result<void>> pusher::deliver() {
  if (parts_.prepare) {
    if (auto ready = co_await parts_.prepare(); !ready) {
      failures_.fetch_add(1, relaxed);
      co_return ready;
    }
  }
  delivery d;
  co_await send_all(d);
  std::erase_if(items_, [](const item& i) { return i.state == fate::done; });
  if (d.failure) co_return fail(*std::move(d.failure));
  co_return result<void>();
}

// Returns, or throws that it was cancelled, when none is under way any more.
asio::awaitable<void> pusher::send_all(delivery& d) {
  const auto workers = std::min(parts_.concurrency, items_.size());
  if (workers <= 1) co_return co_await work(d);
  task_set tasks(asio::make_strand(co_await asio::this_coro::executor));
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  for (std::size_t i = 0; i < workers; ++i)
    if (!tasks.try_spawn("push", work(d))) break;
  std::exception_ptr cancelled;
  try {
    co_await tasks.join();
  } catch (const std::system_error&) {
    cancelled = std::current_exception();
  }
  if (cancelled) co_await stop(tasks);
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (cancelled) std::rethrow_exception(cancelled);
}

// In a coroutine of its own, which is not cancelled as the caller is.
asio::awaitable<void> pusher::stop(task_set& tasks) {
  tasks.cancel();
  const auto join = [](task_set& t) -> asio::awaitable<void> { co_await t.join(); };
  co_await asio::co_spawn(
      co_await asio::this_coro::executor, join(tasks),
      asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

asio::awaitable<void> pusher::work(delivery& d) {
  while (!d.stopped && d.next < items_.size()) {
    auto& i = items_[d.next++];
    settle(i, co_await send_one(i.batch), d);
  }
}

asio::awaitable<result<void>> pusher::send_one(const push_batch& batch) {
  try {
    co_return co_await parts_.send(batch);
  } catch (...) {
    co_return fail(to_error(std::current_exception()));
  }
}

void pusher::settle(item& i, const result<void>& sent, delivery& d) {
  if (sent) {
    i.state = fate::done;
    sent_.fetch_add(i.batch.values, relaxed);
    bytes_.fetch_add(i.batch.content.size(), relaxed);
    return;
  }
  failures_.fetch_add(1, relaxed);
  if (!d.failure) d.failure = sent.error();
  if (is_final(sent.error().code())) {
    i.state = fate::done;
    add_lost(i.batch.values);
  } else {
    d.stopped = true;
  }
}

push_stats pusher::stats() const noexcept {
  return {.values_sent = sent_.load(relaxed),
          .values_lost = lost_.load(relaxed),
          .bytes_sent = bytes_.load(relaxed),
          .failures = failures_.load(relaxed)};
}

}  // namespace kit::metrics::detail
