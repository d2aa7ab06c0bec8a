#include <middleware/detail/waiting_call.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

#include <asio/error.hpp>

#include <kit/timer.hpp>

namespace kit::middleware::detail {

waiting_call::waiting_call(const call& c, duration max_wait) : since_(c.now()) {
  const auto deadline = c.context().deadline().value_or(time_point::max());
  limit_ = std::min(deadline, saturating_add(since_, max_wait));
  for_deadline_ = limit_ == deadline;
}

bool waiting_call::decide(fate how) {
  auto was = fate::open;
  if (!is_.compare_exchange_strong(was, how)) return false;
  const auto lock = changed_.lock();
  changed_.notify_one();
  return true;
}

asio::awaitable<waiting_call::fate> waiting_call::wait(const call& c,
                                                       std::shared_ptr<waiting_call> w) {
  auto lock = w->changed_.lock();
  while (w->is() == fate::open) {
    const auto woken = co_await w->changed_.wait(std::move(lock), w->limit());
    lock = w->changed_.lock();
    if (woken != wake::notified && w->is() == fate::open) break;
  }
  const auto is = w->is();
  if (is == fate::open && c.timers().now() < w->limit()) {
    throw std::system_error(asio::error::operation_aborted);
  }
  co_return is;
}

}  // namespace kit::middleware::detail
