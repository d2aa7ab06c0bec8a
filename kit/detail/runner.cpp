#include <kit/detail/runner.hpp>

#include <new>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>

#include <kit/detail/loop.hpp>

namespace kit::detail {

bool runner::start(context ctx, job& work) {
  job_ = &work;
  slot_.current = std::move(ctx);
  stop_.attach(slot_.current);
  idle_.resume();
  return job_ != nullptr;
}

void runner::stop_hook::call(cancel_hook& hook) noexcept {
  static_cast<stop_hook&>(hook).self->stopped();
}

// On the thread that cancels.
void runner::stopped() noexcept {
  if (home_.executor().running_in_this_thread()) return cancel();
  asio::post(home_.executor(), [r = weak_from_this(), nr = jobs_] {
    const auto live = r.lock();
    if (live && live->jobs_ == nr) live->cancel();
  });
}

// Runs up to the first suspension in `serve`, as this is the loop's thread.
void runner::spawn() {
  const asio::any_io_executor ex = on_loop(loop_handle{&home_}, slot_);
  asio::co_spawn(ex, serve(*this),
                 asio::bind_cancellation_slot(signal_.slot(), on_exit(shared_from_this())));
  if (!idle_) throw std::bad_alloc();
}

asio::awaitable<void> runner::serve(runner& self) {
  self.slot_.sealed = true;
  do {
    co_await suspend([&self](auto handler) { self.idle_.store(std::move(handler)); });
    std::exception_ptr failure;
    try {
      co_await self.job_->run();
    } catch (...) {
      failure = std::current_exception();
    }
    // The next job starts afresh, whatever this one did to its thread.
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    co_await asio::this_coro::throw_if_cancelled(true);
    self.finish(std::move(failure));
  } while (self.home_.keep(self));
}

void runner::finish(std::exception_ptr failure) noexcept {
  stop_.detach();
  slot_.current = {};
  ++jobs_;
  std::exchange(job_, nullptr)->done(std::move(failure));
  if (!waiter_) return;
  try {
    waiter_.resume();
  } catch (...) {  // what a completion handler throws leaves the loop's run(), not this coroutine
    asio::post(home_.executor(), [e = std::current_exception()] { std::rethrow_exception(e); });
  }
}

void runner::on_exit::operator()(std::exception_ptr) const {
  self->home_.forget(*self);
  // The coroutine's frames, which use the slot, are still to unwind.
  asio::post(self->home_.executor(), [kept = self] {});
}

}  // namespace kit::detail
