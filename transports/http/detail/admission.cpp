#include <transports/http/detail/admission.hpp>

#include <iterator>

namespace kit::http::detail {
namespace {

// Hosts without a call that are remembered, for what is known of them.
constexpr std::size_t max_idle_hosts = 256;

}  // namespace

admission::answer admission::enter(ticket& t, std::string_view origin) {
  auto found = hosts_.find(origin);
  if (found == hosts_.end()) {
    found = hosts_.try_emplace(std::string(origin)).first;
    found->second.self = found;
  }
  auto& h = found->second;
  if (h.queue.empty() && has_room(h)) {
    t.at_ = &h;
    run(t);
    return answer::admitted;
  }
  if (waiting_ >= limits_.waiting) {
    forget(h);
    return answer::refused;
  }
  if (h.queue.empty()) queues_.push_back(&h);
  h.queue.push_back(&t);
  t.at_ = &h;
  t.place_ = std::prev(h.queue.end());
  ++waiting_;
  return answer::waiting;
}

void admission::leave(ticket& t) {
  auto* h = t.at_;
  if (!h) return;
  t.at_ = nullptr;
  if (t.running_) {
    t.running_ = false;
    --h->running;
    if (!h->multiplexes) --running_;
  } else {
    h->queue.erase(t.place_);
    --waiting_;
    if (h->queue.empty()) queues_.remove(h);
  }
  forget(*h);
  if (waiting_ > 0) admit();
}

void admission::forget(host& h) noexcept {
  if (h.running == 0 && h.queue.empty() && hosts_.size() > max_idle_hosts) hosts_.erase(h.self);
}

void admission::multiplexes(const ticket& t, bool does) {
  auto* h = t.at_;
  if (!h || h->multiplexes == does) return;
  h->multiplexes = does;
  if (does) {
    running_ -= h->running;
  } else {
    running_ += h->running;
  }
  if (waiting_ > 0) admit();
}

bool admission::has_room(const host& h) const noexcept {
  if (h.multiplexes) return h.running < limits_.per_host * limits_.streams;
  return h.running < limits_.per_host && running_ < limits_.total;
}

void admission::run(ticket& t) noexcept {
  t.running_ = true;
  ++t.at_->running;
  if (!t.at_->multiplexes) ++running_;
}

// One of each host in turn, as long as one finds room.
void admission::admit() {
  for (auto left = queues_.size(); left > 0 && !queues_.empty(); --left) {
    auto* h = queues_.front();
    queues_.splice(queues_.end(), queues_, queues_.begin());
    if (admit_next(*h)) left = queues_.size() + 1;
  }
}

bool admission::admit_next(host& h) {
  if (!has_room(h)) return false;
  auto* t = h.queue.front();
  h.queue.pop_front();
  --waiting_;
  if (h.queue.empty()) queues_.remove(&h);
  run(*t);
  t->admitted();
  return true;
}

}  // namespace kit::http::detail
