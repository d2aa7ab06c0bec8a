#pragma once

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
/// `Inner` is `io_context::executor_type`, where the whole fits into the small buffer of
/// `any_io_executor`, or `any_io_executor` for strands, thread pools and the rest. Properties are
/// kept as bits and don't change the type, so that `any_io_executor::target` always finds it.
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

  context_executor(const context_executor& other) noexcept : context_executor(other, other.bits_) {}
  context_executor(context_executor&& other) noexcept
      : bits_(std::exchange(other.bits_, 0)), inner_(std::move(other.inner_)) {
    if (bits_ & is_tracked) {
      new (&work_) work_type(std::move(*other.work()));
      other.work()->~work_type();
    }
  }
  context_executor& operator=(context_executor other) noexcept {
    this->~context_executor();
    return *new (this) context_executor(std::move(other));
  }
  ~context_executor() {
    if (bits_ & is_tracked) work()->~work_type();
    context_node::release(node());
  }

  kit::context context() const noexcept {
    if (bits_ & in_slot) return slot()->current;
    acquire();
    return make_context(node());
  }
  const Inner& inner() const noexcept { return inner_; }
  bool refers_to_slot() const noexcept { return bits_ & in_slot; }

  friend bool operator==(const context_executor& a, const context_executor& b) noexcept {
    return a.identity() == b.identity() && a.inner_ == b.inner_;
  }
  friend bool operator!=(const context_executor& a, const context_executor& b) noexcept {
    return !(a == b);
  }

  template <class F>
  void execute(F&& f) const {
    namespace ex = asio::execution;
    if (!(bits_ & never)) {
      ex::execute(asio::prefer(inner_, ex::blocking.possibly), std::forward<F>(f));
    } else if (bits_ & continuation) {
      ex::execute(
          asio::prefer(asio::require(inner_, ex::blocking.never), ex::relationship.continuation),
          std::forward<F>(f));
    } else {
      ex::execute(asio::require(inner_, ex::blocking.never), std::forward<F>(f));
    }
  }

  asio::execution_context& query(asio::execution::context_t) const noexcept {
    return asio::query(inner_, asio::execution::context);
  }
  asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
    if (bits_ & never) return asio::execution::blocking.never;
    return asio::execution::blocking.possibly;
  }

  context_executor require(asio::execution::blocking_t::never_t) const {
    return {*this, bits_ | never};
  }
  context_executor require(asio::execution::blocking_t::possibly_t) const {
    return {*this, bits_ & ~never};
  }
  context_executor require(asio::execution::relationship_t::continuation_t) const {
    return {*this, bits_ | continuation};
  }
  context_executor require(asio::execution::relationship_t::fork_t) const {
    return {*this, bits_ & ~continuation};
  }
  context_executor require(asio::execution::outstanding_work_t::tracked_t) const {
    return {*this, bits_ | is_tracked};
  }
  context_executor require(asio::execution::outstanding_work_t::untracked_t) const {
    return {*this, bits_ & ~is_tracked};
  }

 private:
  using work_type = std::decay_t<decltype(asio::prefer(std::declval<const Inner&>(),
                                                       asio::execution::outstanding_work.tracked))>;

  // The low bits of a node's or slot's address are free.
  static constexpr std::uintptr_t in_slot = 1, never = 2, continuation = 4, is_tracked = 8;
  static constexpr std::uintptr_t flags = in_slot | never | continuation | is_tracked;
  static_assert(alignof(context_node) > flags && alignof(context_slot) > flags);

  static std::uintptr_t address_of(const void* p) noexcept {
    return reinterpret_cast<std::uintptr_t>(p);
  }

  context_executor(const context_executor& other, std::uintptr_t bits)
      : bits_(bits), inner_(other.inner_) {
    if (bits_ & in_slot) {
      if (slot()->sealed) {
        bits_ = address_of(node_of(slot()->current)) | (bits_ & flags & ~in_slot);
      } else {
        bits_ &= ~is_tracked;  // an idle coroutine must not keep the loop running
      }
    }
    acquire();
    if (bits_ & is_tracked) {
      new (&work_) work_type(asio::prefer(inner_, asio::execution::outstanding_work.tracked));
    }
  }

  std::uintptr_t identity() const noexcept {
    return bits_ & in_slot ? address_of(node_of(slot()->current)) : bits_ & ~flags;
  }
  const context_slot* slot() const noexcept {
    return reinterpret_cast<const context_slot*>(bits_ & ~flags);
  }
  const context_node* node() const noexcept {
    return bits_ & in_slot ? nullptr : reinterpret_cast<const context_node*>(bits_ & ~flags);
  }
  void acquire() const noexcept {
    if (const auto* n = node()) n->acquire();
  }
  work_type* work() noexcept { return std::launder(reinterpret_cast<work_type*>(&work_)); }

  std::uintptr_t bits_;
  Inner inner_;
  alignas(work_type) std::byte work_[sizeof(work_type)];
};

}  // namespace kit::detail
