#include <kit/context.hpp>

#include <kit/detail/cancellation.hpp>

namespace kit {
namespace detail {

context_node::context_node(const context_node* parent_node) noexcept : parent(parent_node) {
  if (!parent) return;
  parent->acquire();
  cancel = parent->cancel;
  deadline = parent->deadline;
}

bool context_node::try_acquire() const noexcept {
  auto n = uses_.load(std::memory_order_relaxed);
  while (n > 0) {
    if (uses_.compare_exchange_weak(n, n + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

// Iterative: a chain may be long, and each link owns its parent.
void context_node::destroy(const context_node* node) noexcept {
  do {
    const context_node* up = node->parent;
    delete node;
    node = up;
  } while (node && node->uses_.fetch_sub(1, std::memory_order_acq_rel) == 1);
}

const void* context_node::value(const std::type_info&) const noexcept {
  return nullptr;
}

}  // namespace detail

std::optional<time_point> context::deadline() const noexcept {
  if (!node_ || node_->deadline == time_point::max()) return std::nullopt;
  return node_->deadline;
}

errc context::cause() const noexcept {
  const auto* node = detail::cancel_node_of(*this);
  return node ? node->scope().cause() : errc::ok;
}

std::stop_token context::stop_token() const {
  const auto* node = detail::cancel_node_of(*this);
  return node ? node->scope().token() : std::stop_token{};
}

context context::without_cancel() const {
  if (!node_ || (!node_->cancel && node_->deadline == time_point::max())) return *this;
  auto* node = new detail::context_node(node_);
  node->cancel = nullptr;
  node->deadline = time_point::max();
  return context(node);
}

const metadata& context::metadata() const noexcept {
  static const kit::metadata none;
  const auto* found = get<kit::metadata>();
  return found ? *found : none;
}

cancel_source::cancel_source(const kit::context& parent, time_point deadline)
    : context_(kit::context(new detail::cancel_node(parent.node_, deadline))) {}

cancel_source::~cancel_source() {
  const auto* node = detail::cancel_node_of(context_);
  if (!node->unshared() || node->scope().has_token()) cancel();  // else nobody would hear of it
}

void cancel_source::cancel(errc why) const noexcept {
  const auto* node = detail::cancel_node_of(context_);
  if (node->scope().cause() != errc::ok) return;
  const kit::context kept = context_;  // a callback may destroy this object
  node->scope().cancel(why);
}

}  // namespace kit
