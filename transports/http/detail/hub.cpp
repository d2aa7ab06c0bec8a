#include <transports/http/detail/hub.hpp>

#include <utility>

namespace kit::http::detail {

void hub::add(connection_base& c) {
  const std::lock_guard lock(mutex_);
  c.place_ = connections_.size();
  connections_.push_back(&c);
}

void hub::remove(connection_base& c) {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    connections_[c.place_] = connections_.back();
    connections_[c.place_]->place_ = c.place_;
    connections_.pop_back();
    call = std::exchange(on_left_, nullptr);
  }
  if (call) call();
}

std::size_t hub::size() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

void hub::for_each(void (connection_base::*what)()) {
  std::vector<std::shared_ptr<connection_base>> all;
  {
    const std::lock_guard lock(mutex_);
    all.reserve(connections_.size());
    for (auto* c : connections_) {
      if (auto live = c->weak_from_this().lock()) all.push_back(std::move(live));
    }
  }
  for (const auto& c : all)
    (c.get()->*what)();
}

void hub::on_next_left(std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  on_left_ = std::move(call);
}

}  // namespace kit::http::detail
