#pragma once

#include <cstddef>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>

#include <kit/context.hpp>
#include <kit/detail/context_executor.hpp>
#include <kit/job.hpp>
#include <kit/timer.hpp>

namespace kit::detail {

class runner;

/// What Cokit keeps about one `io_context`: its timer wheel at hand, and, where one thread runs it
/// (concurrency hint 1), coroutines that wait for the next job. Lives in the io_context.
class loop final : public asio::execution_context::service {
 public:
  using executor_type = asio::io_context::executor_type;

  static asio::execution_context::id id;

  explicit loop(asio::execution_context& owner);

  /// Of the io_context behind an executor that is its own, maybe with a context; null for a strand
  /// and all else. Only on the first way in a look-up: where the executor carries a context, no.
  static loop* of(const asio::any_io_executor& ex);
  static loop& of(asio::io_context& io) { return asio::use_service<loop>(io); }

  const executor_type& executor() const noexcept { return executor_; }
  timer_wheel& wheel() const noexcept { return wheel_; }

  /// Whether this is the one thread that runs the loop, so that `start` may be called.
  bool runs_here() const noexcept { return one_thread_ && executor_.running_in_this_thread(); }

  /// Runs the job on a coroutine of its own until it first suspends; null when it is done by then.
  runner* start(kit::context ctx, job& work);

 private:
  friend class runner;
  static constexpr std::size_t max_idle = 256;

  void shutdown() override;
  /// Keeps the runner for later, or says no when there are enough.
  bool keep(runner& r);
  void forget(runner& r) noexcept;

  const executor_type executor_;
  timer_wheel& wheel_;
  const bool one_thread_;
  std::vector<runner*> idle_;  // each held by its own coroutine
};

/// Holds the executor of an io_context.
struct loop_handle {
  loop* home;

  const loop::executor_type& executor() const noexcept { return home->executor(); }
  friend bool operator==(loop_handle, loop_handle) = default;
};

using on_loop = context_executor<loop_handle>;
using on_other = context_executor<any_handle>;

}  // namespace kit::detail
