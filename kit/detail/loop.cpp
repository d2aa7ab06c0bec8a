#include <kit/detail/loop.hpp>

#include <memory>
#include <utility>

#include <kit/asio_compat.hpp>
#include <kit/detail/runner.hpp>

namespace kit::detail {

asio::execution_context::id loop::id;

loop::loop(asio::execution_context& owner)
    : service(owner),
      executor_(static_cast<asio::io_context&>(owner).get_executor()),
      wheel_(timer_wheel::of(owner)),
      one_thread_(run_by_one_thread(owner)) {}

loop* loop::of(const asio::any_io_executor& ex) {
  if (const auto* carrying = target_of<on_loop>(ex)) return carrying->inner().home;
  if (const auto* plain = target_of<executor_type>(ex)) return &of(plain->context());
  return nullptr;
}

runner* loop::start(kit::context ctx, job& work) {
  runner* r;
  if (idle_.empty()) {
    const auto fresh = std::make_shared<runner>(*this);
    fresh->spawn();
    r = fresh.get();
  } else {
    r = idle_.back();
    idle_.pop_back();
  }
  return r->start(std::move(ctx), work) ? r : nullptr;
}

bool loop::keep(runner& r) {
  if (idle_.size() >= max_idle) return false;
  idle_.push_back(&r);
  return true;
}

void loop::forget(runner& r) noexcept {
  std::erase(idle_, &r);
}

// Jobs under way are destroyed by what they wait for; only those who wait for nothing are ours.
void loop::shutdown() {
  for (auto* r : std::exchange(idle_, {}))
    r->drop();
}

}  // namespace kit::detail
