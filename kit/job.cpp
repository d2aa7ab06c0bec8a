#include <kit/job.hpp>

#include <exception>
#include <memory>
#include <utility>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>

#include <kit/asio_compat.hpp>
#include <kit/detail/cancellation.hpp>
#include <kit/detail/loop.hpp>
#include <kit/detail/runner.hpp>
#include <kit/parked.hpp>
#include <kit/this_context.hpp>

namespace kit {
namespace {

// A job on a coroutine of its own where several threads may run the loop: everything about it,
// cancelling too, happens on its strand.
class spawned final : public std::enable_shared_from_this<spawned> {
 public:
  spawned(asio::any_io_executor ex, context ctx, job& work)
      : executor_(std::move(ex)), context_(std::move(ctx)), work_(work) {}

  // From any thread, while it lives.
  void cancel() {
    asio::dispatch(executor_, [weak = weak_from_this()] {
      const auto s = weak.lock();
      if (s && !s->done_) s->signal_.emit(asio::cancellation_type::terminal);
    });
  }

  // Calls `handler` on its own executor when the job is done.
  template <class Handler>
  void start(Handler handler) {
    auto completed = [s = shared_from_this(),
                      h = std::move(handler)](std::exception_ptr failure) mutable {
      if (!s->done_) s->finish(std::move(failure));  // cancelled before it began
      asio::dispatch(std::move(h));
    };
    asio::co_spawn(bind_context(executor_, context_), run(shared_from_this()),
                   asio::bind_cancellation_slot(signal_.slot(), std::move(completed)));
  }

 private:
  struct stop_hook : detail::cancel_hook {
    explicit stop_hook(spawned* s) noexcept : cancel_hook(&call), self(s) {}
    static void call(cancel_hook& hook) noexcept { static_cast<stop_hook&>(hook).self->cancel(); }
    spawned* self;
  };

  // Finishes here: the loop may end before the completion handler is called.
  static asio::awaitable<void> run(std::shared_ptr<spawned> s) {
    s->stop_.attach(s->context_);
    std::exception_ptr failure;
    try {
      co_await s->work_.run();
    } catch (...) {
      failure = std::current_exception();
    }
    s->finish(std::move(failure));
  }

  void finish(std::exception_ptr failure) noexcept {
    done_ = true;
    stop_.detach();
    work_.done(std::move(failure));
  }

  asio::any_io_executor executor_;
  context context_;
  job& work_;
  asio::cancellation_signal signal_;
  bool done_ = false;
  stop_hook stop_{this};
};

}  // namespace

asio::any_io_executor on_strand(const asio::any_io_executor& ex) {
  auto bare = without_context(ex);
  if (target_of<asio::strand<asio::any_io_executor>>(bare) ||
      target_of<asio::strand<asio::io_context::executor_type>>(bare)) {
    return bare;
  }
  return asio::make_strand(bare);
}

asio::any_io_executor serialized(const asio::any_io_executor& ex) {
  auto bare = without_context(ex);
  return one_thread_loop(bare) ? bare : on_strand(bare);
}

void launch(const asio::any_io_executor& ex, context ctx, job& work) {
  if (auto* home = detail::loop::of(ex); home && home->runs_here()) {
    home->start(std::move(ctx), work);
  } else {
    std::make_shared<spawned>(on_strand(ex), std::move(ctx), work)->start([] {});
  }
}

namespace detail {

bool child_job::start() {
  auto* home = loop::of(executor_);
  if (!home || !home->runs_here()) return false;
  runner_ = home->start(std::move(context_), work_);
  return !runner_;
}

void child_job::cancel() {
  if (runner_) runner_->cancel();
}

asio::awaitable<void> child_job::join() noexcept {
  return suspend([this](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (runner_) {
      if (slot.is_connected()) slot.assign([r = runner_](asio::cancellation_type) { r->cancel(); });
      runner_->notify(std::move(handler));
    } else {
      const auto s = std::make_shared<spawned>(on_strand(executor_), std::move(context_), work_);
      if (slot.is_connected()) {
        // Not held by the slot, which may live longer than the loop and its strands.
        slot.assign([weak = std::weak_ptr(s)](asio::cancellation_type) {
          if (const auto live = weak.lock()) live->cancel();
        });
      }
      s->start(std::move(handler));
    }
  });
}

}  // namespace detail
}  // namespace kit
