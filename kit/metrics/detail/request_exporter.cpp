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

#include <kit/classify.hpp>
#include <kit/timer.hpp>

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
  std::exception_ptr cancelled;
  try {
    co_await send_all(d);
  } catch (...) {
    cancelled = std::current_exception();
  }
  std::erase_if(items_, [](const item& i) { return i.state == fate::done; });
  if (cancelled) std::rethrow_exception(cancelled);
  if (d.failure) co_return fail(*std::move(d.failure));
  co_return result<void>();
}

// Returns, or throws that it was cancelled, when none is under way any more.
asio::awaitable<void> request_exporter::send_all(delivery& d) {
  task_set tasks(asio::make_strand(co_await asio::this_coro::executor));
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  for (std::size_t i = 0; i < std::min(how_.concurrency, items_.size()); ++i)
    if (!tasks.try_spawn("push", work(d))) break;
  std::exception_ptr cancelled;
  try {
    co_await tasks.join();
  } catch (const std::system_error&) {
    cancelled = std::current_exception();
  }
  if (cancelled) {
    d.stopped = true;
    co_await finish(tasks);
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (cancelled) std::rethrow_exception(cancelled);
}

// Waits in coroutines of their own, which are not cancelled as the caller is: at first for those
// under way to end, until it is cancelled once more, then for those that were cut off.
asio::awaitable<void> request_exporter::finish(task_set& tasks) const {
  const auto join = [](task_set& t, duration limit) -> asio::awaitable<void> {
    co_await t.join(limit);
  };
  const auto ex = co_await asio::this_coro::executor;
  try {
    co_await asio::co_spawn(ex, join(tasks, options().drain_timeout), asio::use_awaitable);
  } catch (const std::system_error&) {  // cancelled
  }
  tasks.cancel();
  co_await asio::co_spawn(
      ex, join(tasks, duration::max()),
      asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

asio::awaitable<void> request_exporter::work(delivery& d) {
  while (!d.stopped && d.next < items_.size()) {
    auto& i = items_[d.next++];
    settle(i, co_await try_to_send(i.batch, d), d);
  }
}

asio::awaitable<result<void>> request_exporter::try_to_send(const push_batch& batch,
                                                            const delivery& d) {
  backoff waits(how_.backoff, how_.random.split());
  for (std::size_t n = 1;; ++n) {
    auto sent = co_await send_once(batch);
    if (sent || n == how_.max_attempts || !classify::may_repeat(sent.error())) co_return sent;
    const duration wanted = sent.error().retry_after().value_or(std::chrono::milliseconds{0});
    if (d.stopped || wanted > how_.backoff.max) co_return sent;
    co_await sleep_for(std::max(waits.next(), wanted));
    if (d.stopped) co_return sent;
  }
}

asio::awaitable<result<void>> request_exporter::send_once(const push_batch& batch) {
  try {
    co_return co_await send(batch);
  } catch (...) {
    co_return fail(to_error(std::current_exception()));
  }
}

void request_exporter::settle(item& i, const result<void>& sent, delivery& d) {
  std::size_t lost = 0;
  if (!sent) {
    const auto& e = sent.error();
    if (e != errc::canceled) add(counted().failures, 1);  // that isn't the backend's
    if (!d.failure) d.failure = e;
    const auto* part = e.get<refused_part>();
    if (!part && !is_final(e.code())) {
      d.stopped = true;
      return;
    }
    lost = part ? std::min(part->values, i.batch.values) : i.batch.values;
  }
  i.state = fate::done;
  add(counted().values_lost, lost);
  add(counted().values_sent, i.batch.values - lost);
  if (lost < i.batch.values) add(counted().bytes_sent, i.batch.content.size());
}

}  // namespace kit::metrics::detail
