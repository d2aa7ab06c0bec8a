#include <kit/job.hpp>

#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>

#include <kit/asio_compat.hpp>
#include <kit/detail/runner.hpp>
#include <kit/parked.hpp>
#include <kit/this_context.hpp>

namespace kit {
namespace {

// A job on a coroutine of its own where several threads may run the loop: everything about it,
// cancelling too, happens on its strand.
class spawned final : public running_job, public std::enable_shared_from_this<spawned> {
 public:
  spawned(asio::any_io_executor ex, context ctx, job& work)
      : executor_(std::move(ex)), context_(std::move(ctx)), work_(work) {}

  void cancel() override {
    asio::dispatch(executor_, [s = shared_from_this()] {
      if (!s->done_) s->signal_.emit(asio::cancellation_type::terminal);
    });
  }

  // Calls `handler` on its own executor when the job is done.
  template <class Handler>
  void start(Handler handler) {
    asio::co_spawn(bind_context(executor_, context_), run(shared_from_this()),
                   asio::bind_cancellation_slot(signal_.slot(),
                                                [s = shared_from_this(), h = std::move(handler)](
                                                    std::exception_ptr failure) mutable {
                                                  s->done_ = true;
                                                  s->stop_.reset();
                                                  s->work_.done(std::move(failure));
                                                  asio::dispatch(std::move(h));
                                                }));
  }

 private:
  struct on_stop {
    spawned* self;
    void operator()() const { self->cancel(); }
  };

  static asio::awaitable<void> run(std::shared_ptr<spawned> s) {
    s->stop_.emplace(s->context_.stop_token(), on_stop{s.get()});
    co_await s->work_.run();
  }

  asio::any_io_executor executor_;
  context context_;
  job& work_;
  asio::cancellation_signal signal_;
  std::optional<std::stop_callback<on_stop>> stop_;
  bool done_ = false;
};

}  // namespace

asio::any_io_executor on_strand(const asio::any_io_executor& ex) {
  auto bare = without_context(ex);
  if (target_of<asio::strand<asio::any_io_executor>>(bare) ||
      target_of<asio::strand<asio::io_context::executor_type>>(bare)) {
    return bare;
  }
  return asio::make_strand(std::move(bare));
}

running_job* launch(const asio::any_io_executor& ex, context ctx, job& work) {
  if (auto* pool = detail::runner_pool::find(ex)) return pool->start(std::move(ctx), work);
  const auto s = std::make_shared<spawned>(on_strand(ex), std::move(ctx), work);
  s->start([] {});
  return s.get();
}

asio::awaitable<void> run_in_context(context ctx, job& work) {
  const auto ex = co_await asio::this_coro::executor;
  if (auto* pool = detail::runner_pool::find(ex)) {
    detail::runner* r = pool->start(std::move(ctx), work);
    if (!r) co_return;
    co_await suspend([r](auto handler) {
      auto slot = asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.assign([r](asio::cancellation_type) { r->cancel(); });
      r->waiter().store(std::move(handler));
    });
  } else {
    const auto s = std::make_shared<spawned>(on_strand(ex), std::move(ctx), work);
    co_await suspend([&s](auto handler) {
      auto slot = asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.assign([s](asio::cancellation_type) { s->cancel(); });
      s->start(std::move(handler));
    });
  }
}

}  // namespace kit
