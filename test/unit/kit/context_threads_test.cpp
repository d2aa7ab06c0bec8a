// Races of cancelling with everything else: for the thread sanitizer to look at.
#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <kit/context.hpp>
#include <kit/detail/cancellation.hpp>

using kit::cancel_source;
using kit::context;
using kit::errc;

namespace {

constexpr int rounds = 2'000;

struct probe : kit::detail::cancel_hook {
  probe() noexcept : cancel_hook(&call) {}
  ~probe() {
    detach();
    alive = false;
  }
  static void call(cancel_hook& hook) noexcept {
    auto& self = static_cast<probe&>(hook);
    if (!self.alive) std::abort();
    ++self.calls;
  }
  int calls = 0;
  bool alive = true;  // not atomic: detach has to order it
};

// Runs both at once, often.
template <class A, class B>
void race(A a, B b) {
  std::atomic<int> ready = 0;
  const auto meet = [&ready](int round) {
    ++ready;
    while (ready < 2 * (round + 1))
      std::this_thread::yield();
  };
  std::jthread other([&] {
    for (int i = 0; i < rounds; ++i) {
      meet(i);
      b();
    }
  });
  for (int i = 0; i < rounds; ++i) {
    meet(i);
    a();
  }
}

}  // namespace

TEST_CASE("a hook that is detached while another thread cancels isn't called after that") {
  for (int i = 0; i < rounds; ++i) {
    cancel_source source;
    std::jthread canceller([&] { source.cancel(); });
    const auto hook = std::make_unique<probe>();
    hook->attach(source.context());
    hook->detach();
    CHECK(hook->calls <= 1);
  }
}

TEST_CASE("one of several cancelling threads decides the cause") {
  for (int i = 0; i < rounds / 4; ++i) {
    const cancel_source source;
    probe hook;
    hook.attach(source.context());
    {
      std::jthread a([&] { source.cancel(errc::canceled); });
      std::jthread b([&] { source.cancel(errc::deadline_exceeded); });
    }
    CHECK(source.context().cancelled());
    CHECK(hook.calls == 1);
  }
}

TEST_CASE("contexts below come and go while the one above is being cancelled") {
  for (int i = 0; i < rounds / 4; ++i) {
    const cancel_source above;
    std::jthread canceller([&] { above.cancel(errc::deadline_exceeded); });
    for (int k = 0; k < 20; ++k) {
      const cancel_source below(above.context());
      probe hook;
      hook.attach(below.context().with(k));
    }
  }
}

TEST_CASE("handles of one context are copied and dropped on two threads") {
  auto shared = context().with(std::make_shared<int>(1));
  const auto copy_and_drop = [&shared] {
    const context copy = shared;
    const context inner = copy.with(2);
    if (inner.get<std::shared_ptr<int>>() == nullptr) std::abort();
  };
  race(copy_and_drop, copy_and_drop);
}

TEST_CASE("the stop token is asked for while another thread cancels") {
  for (int i = 0; i < rounds / 4; ++i) {
    const cancel_source source;
    std::atomic<int> calls = 0;
    std::jthread canceller([&] { source.cancel(); });
    {
      const std::stop_callback callback(source.context().stop_token(), [&] { ++calls; });
      canceller.join();
    }
    CHECK(calls == 1);
  }
}
