#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <kit/clock.hpp>
#include <kit/detail/node_memory.hpp>
#include <kit/error.hpp>
#include <kit/metadata.hpp>

namespace kit {

class cancel_source;
class context;

namespace detail {

class cancel_node;

/// One link of the chain a context is. Immutable but for the reference count and cancellation.
class alignas(16) context_node {
 public:
  explicit context_node(const context_node* parent) noexcept;
  context_node(const context_node&) = delete;
  virtual ~context_node() = default;

  static void* operator new(std::size_t size) { return allocate_node(size); }
  static void operator delete(void* node, std::size_t size) noexcept { free_node(node, size); }

  void acquire() const noexcept { uses_.fetch_add(1, std::memory_order_relaxed); }
  bool unshared() const noexcept { return uses_.load(std::memory_order_acquire) == 1; }
  /// False when the last handle has gone, and the node is being destroyed.
  bool try_acquire() const noexcept;
  static void release(const context_node* node) noexcept {
    if (node && node->uses_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(node);
  }

  /// The value of type `type` in this link itself, or null.
  virtual const void* value(const std::type_info& type) const noexcept;

  const context_node* const parent;
  const cancel_node* cancel = nullptr;  // the nearest scope that can be cancelled
  time_point deadline = time_point::max();

 private:
  static void destroy(const context_node* node) noexcept;

  mutable std::atomic<std::size_t> uses_{1};
};

template <class T>
class value_node final : public context_node {
 public:
  value_node(const context_node* below, T value) : context_node(below), value_(std::move(value)) {}
  const void* value(const std::type_info& type) const noexcept override {
    return type == typeid(T) ? &value_ : nullptr;
  }

 private:
  T value_;
};

context make_context(const context_node* adopted) noexcept;
const context_node* node_of(const context& ctx) noexcept;
const cancel_node* cancel_node_of(const context& ctx) noexcept;

}  // namespace detail

/// What travels with a request beside its parameters: deadline, cancellation, metadata, values by
/// type. Immutable: a change makes a new context that has this one as its parent. It rides on the
/// coroutine's executor; see `kit/this_context.hpp`.
///
/// A small handle; copies are cheap and share. Threads: copies may be used from different threads.
/// Source: Go's package context, with types instead of keys.
class context {
 public:
  /// The background context: no deadline, never cancelled, no values.
  context() noexcept = default;
  context(const context& other) noexcept : node_(other.node_) {
    if (node_) node_->acquire();
  }
  context(context&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  context& operator=(context other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~context() { detail::context_node::release(node_); }

  /// When the work must be done, by the clock of the loop (`timer_wheel::now`); nothing when there
  /// is no limit.
  std::optional<time_point> deadline() const noexcept;

  /// Why the context was cancelled: `ok` while it was not, `deadline_exceeded` when its time ran
  /// out, else `canceled`.
  errc cause() const noexcept;
  bool cancelled() const noexcept { return cause() != errc::ok; }

  /// Signalled when the context is cancelled, for whatever reason. Register with
  /// `std::stop_callback`; the callback runs on the thread that cancels, after what waits in the
  /// context was cancelled.
  /// Errors: `std::bad_alloc`.
  std::stop_token stop_token() const;

  /// The nearest value of that type on the way to the root, or null. Valid as long as this context.
  template <class T>
  const T* get() const noexcept;

  /// This context and a value that hides an outer one of the same type.
  template <class T>
  context with(T value) const;

  /// The values alone: no deadline, and not cancelled with this one. For work that must outlast the
  /// request.
  context without_cancel() const;

  /// The metadata in this context; empty when none was set.
  const kit::metadata& metadata() const noexcept;

  /// Whether both are the same context, not whether they hold equal values.
  friend bool operator==(const context& a, const context& b) noexcept { return a.node_ == b.node_; }

 private:
  explicit context(const detail::context_node* adopted) noexcept : node_(adopted) {}
  friend class cancel_source;
  friend context detail::make_context(const detail::context_node*) noexcept;
  friend const detail::context_node* detail::node_of(const context&) noexcept;

  const detail::context_node* node_ = nullptr;
};

/// Makes a context that can be cancelled, and cancels it: at the latest when it is destroyed, so
/// that nothing outlives the work it belongs to. Cancelling reaches every context below.
///
/// The deadline is recorded, never loosened, and not watched here: `kit::with_deadline` and the
/// servers arm the timer. Threads: `cancel` may be called from any thread.
class cancel_source {
 public:
  explicit cancel_source(const kit::context& parent = {}, time_point deadline = time_point::max());
  cancel_source(const cancel_source&) = delete;
  cancel_source& operator=(const cancel_source&) = delete;
  ~cancel_source();

  const kit::context& context() const noexcept { return context_; }

  /// The first call decides the cause, later ones do nothing. `why` is `canceled` or
  /// `deadline_exceeded`. Cancels what waits in the context, and runs the stop callbacks, on this
  /// thread; they may destroy this object.
  void cancel(errc why = errc::canceled) const noexcept;

 private:
  const kit::context context_;
};

template <class T>
const T* context::get() const noexcept {
  for (auto* n = node_; n; n = n->parent) {
    if (const void* v = n->value(typeid(T))) return static_cast<const T*>(v);
  }
  return nullptr;
}

template <class T>
context context::with(T value) const {
  static_assert(std::is_object_v<T> && !std::is_pointer_v<T>,
                "a context outlives the call that made it: give it a value, or a shared_ptr");
  return context(new detail::value_node<T>(node_, std::move(value)));
}

namespace detail {
inline context make_context(const context_node* adopted) noexcept {
  return context(adopted);
}
inline const context_node* node_of(const context& ctx) noexcept {
  return ctx.node_;
}
inline const cancel_node* cancel_node_of(const context& ctx) noexcept {
  const auto* node = node_of(ctx);
  return node ? node->cancel : nullptr;
}
}  // namespace detail

}  // namespace kit
