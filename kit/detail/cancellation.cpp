#include <kit/detail/cancellation.hpp>

#include <algorithm>
#include <mutex>
#include <utility>

namespace kit::detail {

void cancellation::cancel(errc why) noexcept {
  errc none = errc::ok;
  if (!cause_.compare_exchange_strong(none, why, std::memory_order_acq_rel)) return;
  // From here on nothing is linked any more, as `attach` sees the cause under the lock.
  std::unique_lock lock(lock_);
  while (first_) {
    cancel_hook& hook = *first_;
    first_ = std::exchange(hook.next_, nullptr);
    if (first_) first_->link_ = &first_;
    hook.link_ = nullptr;
    calling_thread_ = std::this_thread::get_id();
    calling_.store(&hook, std::memory_order_release);
    lock.unlock();
    hook.function_(hook);  // it may be gone after this
    calling_.store(nullptr, std::memory_order_release);
    calling_.notify_all();
    lock.lock();
  }
  auto source = source_;
  lock.unlock();
  if (source) source->request_stop();
}

std::stop_token cancellation::token() {
  std::unique_lock lock(lock_);
  if (!source_) {
    lock.unlock();
    std::stop_source fresh;  // allocates
    lock.lock();
    if (!source_) source_ = std::move(fresh);
  }
  auto source = *source_;
  lock.unlock();
  if (cause() != errc::ok) source.request_stop();
  return source.get_token();
}

void cancel_hook::attach(cancellation* to) noexcept {
  detach();
  if (!to) return;
  to_ = to;
  {
    std::lock_guard lock(to->lock_);
    if (to->cause() == errc::ok) {
      next_ = to->first_;
      if (next_) next_->link_ = &next_;
      link_ = &to->first_;
      to->first_ = this;
      return;
    }
  }
  function_(*this);
}

void cancel_hook::leave() noexcept {
  auto& to = *std::exchange(to_, nullptr);
  std::unique_lock lock(to.lock_);
  if (link_) {
    *link_ = next_;
    if (next_) next_->link_ = link_;
    link_ = nullptr;
    next_ = nullptr;
    return;
  }
  const bool elsewhere = to.calling_.load(std::memory_order_relaxed) == this &&
                         to.calling_thread_ != std::this_thread::get_id();
  lock.unlock();
  if (elsewhere) {
    to.calling_.wait(this, std::memory_order_acquire);  // until it changes
  }
}

cancel_node::cancel_node(const context_node* parent_node, time_point limit)
    : context_node(parent_node) {
  deadline = std::min(deadline, limit);
  const cancel_node* outer = std::exchange(cancel, this);
  if (outer) from_parent_.attach(&outer->scope());
}

// Where the last handle has just gone on another thread, that thread is in our destructor, waiting
// for this call to end; nobody is left to hear of the cancellation.
void cancel_node::forward::call(cancel_hook& self) noexcept {
  const cancel_node* node = static_cast<forward&>(self).node;
  if (!node->try_acquire()) return;
  node->scope().cancel(node->parent->cancel->scope().cause());
  release(node);
}

}  // namespace kit::detail
