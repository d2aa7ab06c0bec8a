#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>

#include <kit/context.hpp>
#include <kit/detail/context_executor.hpp>
#include <kit/job.hpp>
#include <kit/parked.hpp>

namespace kit::detail {

class runner_pool;

/// A coroutine thread that runs one job after another, each in its own context. It takes a tenth of
/// the time that `co_spawn` takes to start one. Belongs to one loop and is used on its thread only.
class runner final : public running_job, public std::enable_shared_from_this<runner> {
 public:
  runner(runner_pool& pool, asio::io_context::executor_type ex) : pool_(pool), executor_(ex) {}

  void cancel() override { signal_.emit(asio::cancellation_type::terminal); }

  /// Suspends a coroutine of the same loop until the job is done.
  parked& waiter() noexcept { return waiter_; }

 private:
  friend class runner_pool;

  struct on_stop {
    runner* self;
    std::uint64_t entry;
    void operator()() const;
  };

  void spawn();
  void enter(context ctx);
  void start(context ctx, job& work);
  void finish(std::exception_ptr failure) noexcept;
  static asio::awaitable<void> loop(runner& self);

  runner_pool& pool_;
  asio::io_context::executor_type executor_;
  context_slot slot_;
  asio::cancellation_signal signal_;
  std::optional<std::stop_callback<on_stop>> stop_;
  job* job_ = nullptr;
  std::uint64_t entered_ = 0;  // tells a late cancellation that its context has gone
  parked self_;
  parked waiter_;
};

/// The runners of one loop. Only for loops run by one thread: an `io_context` made with concurrency
/// hint 1.
class runner_pool : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;

  explicit runner_pool(asio::execution_context& owner);

  /// The pool of that executor's loop; null when the loop may be run by several threads, isn't
  /// running on this one, or the executor isn't a plain one.
  static runner_pool* find(const asio::any_io_executor& ex);

  /// Runs the job on a coroutine of its own until it first suspends; null when it is done by then.
  /// On the loop's thread only.
  runner* start(kit::context ctx, job& work);

 private:
  friend class runner;
  static constexpr std::size_t max_idle = 256;

  void shutdown() override;
  /// Keeps the runner for later, or says no when there are enough.
  bool keep(runner& idle);
  void forget(runner& done);

  const bool one_thread_;
  const asio::io_context::executor_type executor_;
  std::vector<std::shared_ptr<runner>> all_;
  std::vector<runner*> idle_;
};

}  // namespace kit::detail
