#pragma once

#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

#include <kit/context.hpp>
#include <kit/decision.hpp>
#include <kit/decision_recorder.hpp>

namespace kit {

/// What was decided about one call, by whichever layer: a value in its context, which
/// `middleware::explaining` puts there. `decide` writes it, and whoever wants to tell why the call
/// went as it did reads it:
///
///     if (const auto* log = ctx.get<kit::decision_log>()) {
///       for (const auto& d : log->decisions()) say(d.text());
///     }
///
/// Calls that this one makes are in it, too, unless they have a log of their own.
/// Threads: any.
class decision_log {
 public:
  /// How many are kept; further ones only reach the recorder.
  static constexpr std::size_t max_decisions = 32;

  explicit decision_log(decision_recorder recorder = {}) noexcept
      : recorder_(std::move(recorder)) {}
  decision_log(decision_log&& other) noexcept;
  decision_log& operator=(decision_log&&) = delete;
  ~decision_log();

  /// Errors: `std::bad_alloc`.
  void add(decision d) const;
  /// In the order they were made.
  std::vector<decision> decisions() const;
  /// How many were made.
  std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }

  const decision_recorder& recorder() const noexcept { return recorder_; }

 private:
  struct entry {
    decision made;
    entry* before = nullptr;
  };

  decision_recorder recorder_;
  mutable std::atomic<entry*> last_{nullptr};
  mutable std::atomic<std::size_t> size_{0};
};

}  // namespace kit
