#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

namespace kit {

/// Holds one suspended coroutine (or any completion handler `void()`), to be resumed by a call.
/// Destroying it, or `drop`, destroys the coroutine. Threads: none of it is synchronized.
class parked {
 public:
  parked() noexcept = default;
  parked(const parked&) = delete;
  parked& operator=(const parked&) = delete;
  ~parked() { drop(); }

  explicit operator bool() const noexcept { return ops_; }

  template <class Handler>
  void store(Handler handler) {
    using box = std::conditional_t<sizeof(Handler) <= sizeof(space_), Handler, boxed<Handler>>;
    new (&space_) box(std::move(handler));
    ops_ = &ops_of<box>;
  }

  /// Resumes on this thread, inside the call. The coroutine may be parked again meanwhile.
  void resume() { std::exchange(ops_, nullptr)->resume(&space_); }

  void drop() noexcept {
    if (ops_) std::exchange(ops_, nullptr)->drop(&space_);
  }

 private:
  struct operations {
    void (*resume)(void*);
    void (*drop)(void*) noexcept;
  };

  template <class Handler>
  struct boxed {
    explicit boxed(Handler h) : handler(std::make_unique<Handler>(std::move(h))) {}
    void operator()() { std::move (*handler)(); }
    std::unique_ptr<Handler> handler;
  };

  template <class Box>
  static Box take(void* space) noexcept {
    Box* stored = std::launder(static_cast<Box*>(space));
    Box moved(std::move(*stored));
    stored->~Box();
    return moved;
  }
  template <class Box>
  static constexpr operations ops_of{[](void* space) {
                                       Box handler = take<Box>(space);
                                       std::move(handler)();
                                     },
                                     [](void* space) noexcept { take<Box>(space); }};

  const operations* ops_ = nullptr;
  alignas(std::max_align_t) std::byte space_[4 * sizeof(void*)];
};

/// Suspends the calling coroutine into what `f(handler)` does with its completion handler, which
/// is `void()`. It runs when the coroutine is suspended, and may resume it.
template <class F>
asio::awaitable<void> suspend(F f) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [f = std::move(f)](auto handler) mutable { f(std::move(handler)); }, asio::use_awaitable);
}

}  // namespace kit
