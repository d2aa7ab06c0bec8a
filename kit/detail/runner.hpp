#pragma once

#include <cstdint>
#include <exception>
#include <memory>

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>

#include <kit/context.hpp>
#include <kit/detail/cancellation.hpp>
#include <kit/detail/context_executor.hpp>
#include <kit/job.hpp>
#include <kit/parked.hpp>

namespace kit::detail {

class loop;

/// A coroutine thread that runs one job after another, each in its own context. It takes a tenth of
/// the time that `co_spawn` takes to start one. Belongs to one loop and is used on its thread only.
/// Lives as long as its coroutine.
class runner final : public std::enable_shared_from_this<runner> {
 public:
  explicit runner(loop& home) noexcept : home_(home) {}

  /// Creates the coroutine, which then waits for its first job.
  void spawn();
  /// Runs the job until it first suspends. False when it is done by then.
  bool start(context ctx, job& work);
  void cancel() { signal_.emit(asio::cancellation_type::terminal); }
  /// Keeps a suspended coroutine of the same loop, to be resumed when the job is done.
  template <class Handler>
  void notify(Handler handler) {
    waiter_.store(std::move(handler));
  }
  /// Destroys the coroutine, which waits for a job, and with it the runner.
  void drop() noexcept { idle_.drop(); }

 private:
  struct stop_hook : cancel_hook {
    explicit stop_hook(runner* r) noexcept : cancel_hook(&call), self(r) {}
    static void call(cancel_hook& hook) noexcept;
    runner* self;
  };
  // What the coroutine calls at its end, or leaves uncalled when it is destroyed. By then the
  // frames of the job have gone, so that who waits for it, and maybe lent it something, may follow.
  struct on_exit {
    explicit on_exit(std::shared_ptr<runner> r) noexcept : self(std::move(r)) {}
    on_exit(on_exit&&) noexcept = default;
    ~on_exit() {
      if (self) self->waiter_.drop();
    }
    void operator()(std::exception_ptr) const;
    std::shared_ptr<runner> self;
  };

  void stopped() noexcept;
  void finish(std::exception_ptr failure) noexcept;
  static asio::awaitable<void> serve(runner& self);

  loop& home_;
  context_slot slot_;
  asio::cancellation_signal signal_;
  job* job_ = nullptr;
  std::uint64_t jobs_ = 0;  // tells a late cancellation that its job has gone
  stop_hook stop_{this};
  parked idle_;
  parked waiter_;
};

}  // namespace kit::detail
