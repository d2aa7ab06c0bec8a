#include <kit/metrics/detail/request_exporter.hpp>

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace kit::metrics::detail {
namespace {

// The same content would be refused again. Else the operator, or time, can mend it.
bool is_final(errc code) noexcept {
  return code == errc::invalid_argument || code == errc::failed_precondition ||
         code == errc::out_of_range || code == errc::already_exists || code == errc::unimplemented;
}

}  // namespace

asio::awaitable<result<void>> request_exporter::prepare() {
  co_return result<void>();
}

asio::awaitable<result<void>> request_exporter::flush() {
  result<void> first;
  if (!items_.empty()) {
    first = co_await deliver();
    if (!items_.empty()) co_return first;
  }
  for (auto& b : make())
    items_.push_back({.batch = std::move(b)});
  auto second = items_.empty() ? result<void>() : co_await deliver();
  co_return first ? std::move(second) : std::move(first);
}

asio::awaitable<result<void>> request_exporter::deliver() {
  if (auto ready = co_await prepare(); !ready) {
    add(counted().failures, 1);
    co_return ready;
  }
  delivery d;
  co_await send_all(d);
  std::erase_if(items_, [](const item& i) { return i.state == fate::done; });
  if (d.failure) co_return fail(*std::move(d.failure));
  co_return result<void>();
}

// Returns, or throws that it was cancelled, when none is under way any more.
asio::awaitable<void> request_exporter::send_all(delivery& d) {
  const auto workers = std::min(concurrency_, items_.size());
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
asio::awaitable<void> request_exporter::stop(task_set& tasks) {
  tasks.cancel();
  const auto join = [](task_set& t) -> asio::awaitable<void> { co_await t.join(); };
  co_await asio::co_spawn(
      co_await asio::this_coro::executor, join(tasks),
      asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

asio::awaitable<void> request_exporter::work(delivery& d) {
  while (!d.stopped && d.next < items_.size()) {
    auto& i = items_[d.next++];
    settle(i, co_await send_one(i.batch), d);
  }
}

asio::awaitable<result<void>> request_exporter::send_one(const push_batch& batch) {
  try {
    co_return co_await send(batch);
  } catch (...) {
    co_return fail(to_error(std::current_exception()));
  }
}

void request_exporter::settle(item& i, const result<void>& sent, delivery& d) {
  if (sent) {
    i.state = fate::done;
    add(counted().values_sent, i.batch.values);
    add(counted().bytes_sent, i.batch.content.size());
    return;
  }
  if (sent.error() != errc::canceled) add(counted().failures, 1);  // that isn't the backend's
  if (!d.failure) d.failure = sent.error();
  if (is_final(sent.error().code())) {
    i.state = fate::done;
    add(counted().values_lost, i.batch.values);
  } else {
    d.stopped = true;
  }
}

}  // namespace kit::metrics::detail
