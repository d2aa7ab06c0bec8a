#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/execution.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>
#include <asio/require.hpp>

#include <kit/asio_compat.hpp>
#include <kit/context.hpp>

namespace kit::detail {

/// Where a coroutine that serves one request after another keeps the context of the present one.
/// Once sealed, a copy of an executor that refers to a slot takes the context of that moment and
/// refers to the slot no more: children and pending operations keep the context they started with.
struct alignas(16) context_slot {
  context current;
  bool sealed = false;
};

/// An executor that carries a context; all else is the inner executor's business.
///
/// `Inner` holds that one: `loop_handle` an io_context's, where the whole fits into the small
/// buffer of `any_io_executor`, `any_handle` a strand's, a thread pool's, or what else there is.
/// Properties are kept as bits and don't change the type, so that `any_io_executor::target` always
/// finds it.
template <class Inner>
class context_executor {
 public:
  context_executor(Inner inner, const context& ctx) noexcept
      : bits_(address_of(node_of(ctx))), inner_(std::move(inner)) {
    acquire();
  }
  /// Refers to the slot, which must outlive it, until copied after the slot was sealed.
  context_executor(Inner inner, const context_slot& slot) noexcept
      : bits_(address_of(&slot) | in_slot), inner_(std::move(inner)) {}

  context_executor(const context_executor& other) noexcept
      : context_executor(other, other.properties(), other.work_kind()) {}
  context_executor(context_executor&& other) noexcept
      : bits_(std::exchange(other.bits_, 0)), inner_(std::move(other.inner_)) {
    if (kind() == tracked) {
      new (&extra_) work_type(std::move(*other.work()));
      other.work()->~work_type();
    } else if (kind() == from_slot) {
      new (&extra_) context_slot*(*other.origin_place());
    }
  }
  context_executor& operator=(context_executor other) noexcept {
    this->~context_executor();
    return *new (this) context_executor(std::move(other));
  }
  ~context_executor() {
    if (kind() == tracked) work()->~work_type();
    context_node::release(node());
  }

  kit::context context() const noexcept {
    if (kind() == in_slot) return slot()->current;
    acquire();
    return make_context(node());
  }
  /// Whether it holds the context itself, and so for as long as it lives.
  bool holds_context() const noexcept { return kind() != in_slot; }
  /// What it holds, not counted once more: must not be destroyed.
  kit::context lend_context() const noexcept { return make_context(node()); }
  const Inner& inner() const noexcept { return inner_; }

  /// The slot that the executor was copied from; null when it is a copy's copy or doesn't come from
  /// one. So for what `co_await this_coro::executor` has just given: the slot of that coroutine.
  context_slot* origin() const noexcept { return kind() == from_slot ? *origin_place() : nullptr; }

  friend bool operator==(const context_executor& a, const context_executor& b) noexcept {
    return a.identity() == b.identity() && a.inner_ == b.inner_;
  }
  friend bool operator!=(const context_executor& a, const context_executor& b) noexcept {
    return !(a == b);
  }

  template <class F>
  void execute(F&& f) const {
    namespace ex = asio::execution;
    const auto& to = inner_.executor();
    if (!(bits_ & never)) {
      execute_on(asio::prefer(to, ex::blocking.possibly), std::forward<F>(f));
    } else if (bits_ & continuation) {
      execute_on(asio::prefer(asio::require(to, ex::blocking.never), ex::relationship.continuation),
                 std::forward<F>(f));
    } else {
      execute_on(asio::require(to, ex::blocking.never), std::forward<F>(f));
    }
  }

  asio::execution_context& query(asio::execution::context_t) const noexcept {
    return asio::query(inner_.executor(), asio::execution::context);
  }
  asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
    if (bits_ & never) return asio::execution::blocking.never;
    return asio::execution::blocking.possibly;
  }

  context_executor require(asio::execution::blocking_t::never_t) const {
    return {*this, properties() | never, work_kind()};
  }
  context_executor require(asio::execution::blocking_t::possibly_t) const {
    return {*this, properties() & ~never, work_kind()};
  }
  context_executor require(asio::execution::relationship_t::continuation_t) const {
    return {*this, properties() | continuation, work_kind()};
  }
  context_executor require(asio::execution::relationship_t::fork_t) const {
    return {*this, properties() & ~continuation, work_kind()};
  }
  context_executor require(asio::execution::outstanding_work_t::tracked_t) const {
    return {*this, properties(), tracked};
  }
  context_executor require(asio::execution::outstanding_work_t::untracked_t) const {
    return {*this, properties(), plain};
  }

 private:
  using inner_executor = std::decay_t<decltype(std::declval<const Inner&>().executor())>;
  using work_type = std::decay_t<decltype(asio::prefer(std::declval<const inner_executor&>(),
                                                       asio::execution::outstanding_work.tracked))>;

  // The low bits of a node's or slot's address are free. Two of them say which kind it is.
  static constexpr std::uintptr_t plain = 0;       // holds a node
  static constexpr std::uintptr_t tracked = 4;     // holds a node, and counts as work of the loop
  static constexpr std::uintptr_t in_slot = 8;     // refers to a slot; an idle coroutine's, no work
  static constexpr std::uintptr_t from_slot = 12;  // holds a node, and knows the slot it is from
  static constexpr std::uintptr_t kinds = 12, never = 1, continuation = 2, flags = 15;
  static_assert(alignof(context_node) > flags && alignof(context_slot) > flags);

  static std::uintptr_t address_of(const void* p) noexcept {
    return reinterpret_cast<std::uintptr_t>(p);
  }

  // A copy with these properties, `plain` or `tracked`.
  context_executor(const context_executor& other, std::uintptr_t properties,
                   std::uintptr_t wanted_kind)
      : inner_(other.inner_) {
    if (other.kind() != in_slot) {
      bits_ = (other.bits_ & ~flags) | properties | wanted_kind;
    } else if (!other.slot()->sealed) {
      bits_ = address_of(other.slot()) | properties | in_slot;
    } else {
      if (wanted_kind == plain) wanted_kind = from_slot;
      bits_ = address_of(node_of(other.slot()->current)) | properties | wanted_kind;
      if (kind() == from_slot) new (&extra_) context_slot*(other.slot());
    }
    acquire();
    if (kind() == tracked) {
      new (&extra_)
          work_type(asio::prefer(inner_.executor(), asio::execution::outstanding_work.tracked));
    }
  }

  std::uintptr_t kind() const noexcept { return bits_ & kinds; }
  std::uintptr_t work_kind() const noexcept { return kind() == tracked ? tracked : plain; }
  std::uintptr_t properties() const noexcept { return bits_ & (never | continuation); }
  std::uintptr_t identity() const noexcept {
    return kind() == in_slot ? address_of(node_of(slot()->current)) : bits_ & ~flags;
  }
  context_slot* slot() const noexcept { return reinterpret_cast<context_slot*>(bits_ & ~flags); }
  const context_node* node() const noexcept {
    return kind() == in_slot ? nullptr : reinterpret_cast<const context_node*>(bits_ & ~flags);
  }
  void acquire() const noexcept {
    if (const auto* n = node()) n->acquire();
  }
  work_type* work() noexcept { return std::launder(reinterpret_cast<work_type*>(&extra_)); }
  context_slot* const* origin_place() const noexcept {
    return std::launder(reinterpret_cast<context_slot* const*>(&extra_));
  }

  static constexpr std::size_t extra_size = std::max(sizeof(work_type), sizeof(context_slot*));

  std::uintptr_t bits_;
  Inner inner_;
  alignas(work_type) alignas(context_slot*) std::byte extra_[extra_size];
};

/// Holds an executor that isn't an io_context's.
struct any_handle {
  asio::any_io_executor held;

  const asio::any_io_executor& executor() const noexcept { return held; }
  friend bool operator==(const any_handle& a, const any_handle& b) noexcept {
    return a.held == b.held;
  }
};

}  // namespace kit::detail
