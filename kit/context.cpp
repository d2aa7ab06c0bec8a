#include <kit/context.hpp>

#include <algorithm>

namespace kit {
namespace detail {

context_node::context_node(const context_node* parent_node) noexcept : parent(parent_node) {
  if (!parent) return;
  parent->acquire();
  cancel = parent->cancel;
  deadline = parent->deadline;
}

// Iterative: a chain may be long, and each link owns its parent.
void context_node::release(const context_node* node) noexcept {
  while (node && node->uses_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    const context_node* up = node->parent;
    delete node;
    node = up;
  }
}

const void* context_node::value(const std::type_info&) const noexcept {
  return nullptr;
}

cancel_node::cancel_node(const context_node* parent_node, time_point limit)
    : context_node(parent_node) {
  deadline = std::min(deadline, limit);
  const cancel_node* outer = cancel;
  cancel = this;
  if (outer) from_parent_.emplace(outer->token(), forward{this});
}

void cancel_node::cancel_now(errc why) const noexcept {
  errc none = errc::ok;
  if (!cause_.compare_exchange_strong(none, why, std::memory_order_acq_rel)) return;
  acquire();  // a stop callback may drop the last handle
  source_.request_stop();
  release(this);
}

void cancel_node::forward::operator()() const noexcept {
  self->cancel_now(self->parent->cancel->cause());
}

}  // namespace detail

std::optional<time_point> context::deadline() const noexcept {
  if (!node_ || node_->deadline == time_point::max()) return std::nullopt;
  return node_->deadline;
}

errc context::cause() const noexcept {
  return node_ && node_->cancel ? node_->cancel->cause() : errc::ok;
}

std::stop_token context::stop_token() const noexcept {
  return node_ && node_->cancel ? node_->cancel->token() : std::stop_token{};
}

context context::without_cancel() const {
  if (!node_) return {};
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
    : node_(new detail::cancel_node(parent.node_, deadline)), context_(kit::context(node_)) {}

void cancel_source::cancel(errc why) const noexcept {
  node_->cancel_now(why);
}

}  // namespace kit
