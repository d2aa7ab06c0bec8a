#include <kit/detail/runner.hpp>

#include <algorithm>
#include <utility>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/co_spawn.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>

#include <kit/asio_compat.hpp>

namespace kit::detail {

void runner::start(context ctx, job& work) {
  job_ = &work;
  enter(std::move(ctx));
  self_.resume();
}

void runner::enter(context ctx) {
  ++entered_;
  stop_.reset();
  slot_.current = std::move(ctx);
  auto token = slot_.current.stop_token();
  if (token.stop_possible()) stop_.emplace(std::move(token), on_stop{this, entered_});
}

void runner::on_stop::operator()() const {
  if (self->executor_.running_in_this_thread()) {
    self->cancel();
    return;
  }
  asio::post(self->executor_, [r = self->weak_from_this(), entry = entry] {
    const auto live = r.lock();
    if (live && live->entered_ == entry) live->cancel();
  });
}

// Runs up to the first suspension in `loop`, as this is the loop's thread.
void runner::spawn() {
  asio::any_io_executor ex = context_executor<asio::io_context::executor_type>(executor_, slot_);
  asio::co_spawn(
      ex, loop(*this),
      asio::bind_cancellation_slot(signal_.slot(), [self = shared_from_this()](std::exception_ptr) {
        self->pool_.forget(*self);
        // The coroutine's frames are still to unwind.
        asio::post(self->executor_, [self] {});
      }));
}

asio::awaitable<void> runner::loop(runner& self) {
  self.slot_.sealed = true;
  do {
    co_await suspend([&self](auto handler) { self.self_.store(std::move(handler)); });
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
  } while (self.pool_.keep(self));
}

void runner::finish(std::exception_ptr failure) noexcept {
  enter({});
  std::exchange(job_, nullptr)->done(std::move(failure));
  if (waiter_) waiter_.resume();
}

asio::execution_context::id runner_pool::id;

runner_pool::runner_pool(asio::execution_context& owner)
    : service(owner),
      one_thread_(run_by_one_thread(owner)),
      executor_(static_cast<asio::io_context&>(owner).get_executor()) {}

runner_pool* runner_pool::find(const asio::any_io_executor& ex) {
  using plain = asio::io_context::executor_type;
  const plain* loop = target_of<plain>(ex);
  if (!loop) {
    const auto* wrapped = target_of<context_executor<plain>>(ex);
    if (wrapped) loop = &wrapped->inner();
  }
  if (!loop || !loop->running_in_this_thread()) return nullptr;
  auto& pool = asio::use_service<runner_pool>(loop->context());
  return pool.one_thread_ ? &pool : nullptr;
}

runner* runner_pool::start(kit::context ctx, job& work) {
  runner* r;
  if (idle_.empty()) {
    all_.push_back(std::make_shared<runner>(*this, executor_));
    r = all_.back().get();
    r->spawn();
  } else {
    r = idle_.back();
    idle_.pop_back();
  }
  r->start(std::move(ctx), work);
  return r->job_ ? r : nullptr;
}

bool runner_pool::keep(runner& idle) {
  if (idle_.size() >= max_idle) return false;
  idle_.push_back(&idle);
  return true;
}

void runner_pool::forget(runner& done) {
  std::erase_if(all_, [&](const auto& r) { return r.get() == &done; });
}

void runner_pool::shutdown() {
  idle_.clear();
  for (const auto& r : all_) {
    r->self_.drop();
    r->waiter_.drop();
  }
}

}  // namespace kit::detail
