#include <kit/testing/manual_clock.hpp>

#include <algorithm>

#include <asio/execution_context.hpp>

#include <kit/timer.hpp>

namespace kit::testing {
namespace {

using loop_list = std::shared_ptr<std::vector<asio::io_context*>>;

// Lives in each driven loop and takes it off its clock's list when it ends.
class membership final : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;

  explicit membership(asio::execution_context& owner) : service(owner) {}

  void join(const loop_list& list, asio::io_context& loop) {
    shutdown();
    list_ = list;
    loop_ = &loop;
    list_->push_back(&loop);
  }

 private:
  void shutdown() noexcept override {
    if (list_) std::erase(*list_, loop_);
    list_.reset();
  }

  loop_list list_;
  asio::io_context* loop_ = nullptr;
};

asio::execution_context::id membership::id;

}  // namespace

manual_clock::manual_clock(time_point start)
    : now_(start), loops_(std::make_shared<std::vector<asio::io_context*>>()) {}

manual_clock::~manual_clock() {
  for (auto* loop : *loops_)
    timer_wheel::of(*loop).use_clock(nullptr);
}

void manual_clock::drive(asio::io_context& loop) {
  timer_wheel::of(loop).use_clock(this);
  asio::use_service<membership>(loop).join(loops_, loop);
}

void manual_clock::run() {
  for (bool ran = true; ran;) {
    ran = false;
    for (std::size_t i = 0; i < loops_->size(); ++i) {  // a handler may add a loop
      auto& loop = *(*loops_)[i];
      loop.restart();  // it stops whenever it has run out of work
      if (loop.poll() > 0) ran = true;
    }
  }
}

void manual_clock::advance_to(time_point end) {
  run();
  for (;;) {
    time_point next = end;
    for (auto* loop : *loops_)
      next = std::min(next, timer_wheel::of(*loop).next_due().value_or(end));
    now_.store(std::max(now(), next), std::memory_order_relaxed);
    for (auto* loop : *loops_)
      timer_wheel::of(*loop).fire_due();
    run();
    if (next >= end) break;
  }
}

}  // namespace kit::testing
