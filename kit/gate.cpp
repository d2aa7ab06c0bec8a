#include <kit/gate.hpp>

#include <system_error>

#include <asio/error.hpp>
#include <asio/this_coro.hpp>

#include <kit/error.hpp>
#include <kit/monitor.hpp>
#include <kit/timer.hpp>

namespace kit {

struct gate::state {
  monitor changed;  // guards the rest
  std::size_t inside = 0;
  bool closed = false;
};

gate::holder::~holder() {
  if (!state_) return;
  const auto lock = state_->changed.lock();
  if (--state_->inside == 0) state_->changed.notify_all();
}

gate::gate() : state_(std::make_shared<state>()) {}

gate::~gate() {
  const auto lock = state_->changed.lock();
  state_->closed = true;
}

gate::holder gate::enter() {
  auto inside = try_enter();
  if (!inside) throw error(errc::unavailable, "the gate is closed");
  return inside;
}

gate::holder gate::try_enter() {
  const auto lock = state_->changed.lock();
  if (state_->closed) return {};
  ++state_->inside;
  return holder(state_);
}

bool gate::closed() const {
  const auto lock = state_->changed.lock();
  return state_->closed;
}

std::size_t gate::size() const {
  const auto lock = state_->changed.lock();
  return state_->inside;
}

asio::awaitable<bool> gate::close(duration limit) {
  {
    const auto lock = state_->changed.lock();
    state_->closed = true;
  }
  return wait_empty(state_, limit);
}

asio::awaitable<bool> gate::wait_empty(std::shared_ptr<state> s, duration limit) {
  const auto now = timer_wheel::of(co_await asio::this_coro::executor).now();
  const auto until = saturating_add(now, limit);
  auto lock = s->changed.lock();
  while (s->inside > 0) {
    const auto w = co_await s->changed.wait(std::move(lock), until);
    if (w == wake::cancelled) throw std::system_error(asio::error::operation_aborted, "gate");
    lock = s->changed.lock();
    if (w == wake::timed_out) break;
  }
  co_return s->inside == 0;
}

}  // namespace kit
