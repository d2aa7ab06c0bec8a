#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <thread>

#include <kit/context.hpp>

namespace kit::detail {

class cancel_hook;

/// Held for a few instructions only, never while foreign code runs.
class spin_lock {
 public:
  void lock() noexcept {
    while (taken_.exchange(true, std::memory_order_acquire))
      std::this_thread::yield();
  }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> taken_{false};
};

/// What a `cancel_hook` is attached to: a scope's cancellation.
class cancellation {
 public:
  cancellation() = default;
  cancellation(const cancellation&) = delete;
  cancellation& operator=(const cancellation&) = delete;

  errc cause() const noexcept { return cause_.load(std::memory_order_acquire); }
  /// The first call wins; runs the hooks, then the stop callbacks. Must outlive the call.
  void cancel(errc why) noexcept;
  std::stop_token token();
  /// Whether anybody has asked for the token.
  bool has_token() const noexcept { return source_.has_value(); }

 private:
  friend class cancel_hook;

  std::atomic<errc> cause_{errc::ok};
  spin_lock lock_;
  cancel_hook* first_ = nullptr;                // to be called
  std::atomic<cancel_hook*> calling_{nullptr};  // being called
  std::thread::id calling_thread_;              // by which thread; with lock_ held
  std::optional<std::stop_source> source_;      // once asked for
};

/// A function to be called when a context is cancelled: like `std::stop_callback`, but allocates
/// nothing, and can be attached again and again.
/// Threads: one may attach and detach while any other cancels.
class cancel_hook {
 public:
  /// Runs on the thread that cancels, or inside `attach` where that has been done before. May
  /// detach or destroy the hook if that is its owner's thread.
  using function = void (*)(cancel_hook& self) noexcept;

  explicit cancel_hook(function f) noexcept : function_(f) {}
  cancel_hook(const cancel_hook&) = delete;
  cancel_hook& operator=(const cancel_hook&) = delete;
  ~cancel_hook() { detach(); }

  /// Null is never cancelled. What it is attached to must stay until `detach`.
  void attach(cancellation* to) noexcept;
  void attach(const context& ctx) noexcept;
  /// After it the function won't be called, and isn't running on another thread.
  void detach() noexcept {
    if (to_) leave();
  }

 private:
  friend class cancellation;
  void leave() noexcept;

  function function_;
  cancellation* to_ = nullptr;
  cancel_hook* next_ = nullptr;
  cancel_hook** link_ = nullptr;  // what points here; null when not to be called
};

/// A link that can be cancelled, by itself or by one above it.
class cancel_node final : public context_node {
 public:
  cancel_node(const context_node* parent, time_point limit);

  /// Its cancellation, which isn't part of what is immutable.
  detail::cancellation& scope() const noexcept { return scope_; }

 private:
  struct forward : cancel_hook {
    explicit forward(const cancel_node* n) noexcept : cancel_hook(&call), node(n) {}
    static void call(cancel_hook& self) noexcept;
    const cancel_node* node;
  };

  mutable detail::cancellation scope_;
  forward from_parent_{this};
};

inline void cancel_hook::attach(const context& ctx) noexcept {
  const auto* node = cancel_node_of(ctx);
  attach(node ? &node->scope() : nullptr);
}

}  // namespace kit::detail
