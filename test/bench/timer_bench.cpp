// What arming and disarming a timer costs, with few and many others pending.
// No system call: `strace -c timer_bench` shows none beyond start-up and output.

#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <kit/timer.hpp>

using namespace std::chrono_literals;

namespace {

constexpr int rounds = 2'000'000;

template <class F>
double nanoseconds_each(F f) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i)
    f(i);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / rounds;
}

void ignore(void*, kit::timer_event) {}

void measure(int pending) {
  asio::io_context loop(1);
  auto& wheel = kit::timer_wheel::of(loop);
  const auto start = wheel.now();
  std::deque<kit::timer> others;
  for (int i = 0; i < pending; ++i) {
    others.emplace_back(wheel, &ignore, nullptr).arm(start + 60s + i * 1ms);
  }
  kit::timer t(wheel, &ignore, nullptr);
  const auto pair = nanoseconds_each([&](int i) {
    t.arm(start + 70s + (i & 1023) * 1ms);
    t.disarm();
  });
  const auto push_back = nanoseconds_each([&](int i) {
    others[static_cast<std::size_t>(i) * 7919 % others.size()].arm(start + 70s + (i & 1023) * 1ms);
  });
  const auto from_now = nanoseconds_each([&](int) { t.arm_after(100s); });
  std::printf(
      "%7d pending: arm + disarm %5.1f ns, arm again %5.1f ns, with reading the time %5.1f ns\n",
      pending, pair, push_back, from_now);
}

void measure_asio() {
  asio::io_context loop(1);
  asio::steady_timer t(loop);
  const auto start = std::chrono::steady_clock::now();
  const auto each = nanoseconds_each([&](int i) {
    t.expires_at(start + 60s + (i & 1023) * 1ms);
    t.async_wait([](const std::error_code&) {});
    if (i % 100 == 0) loop.poll();
  });
  std::printf("asio::steady_timer, alone: set again %5.1f ns\n", each);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--asio") == 0) {
    measure_asio();
    return 0;
  }
  if (argc > 1) {
    std::puts("usage: timer_bench [--asio]\nArms and disarms kit::timer, or an Asio timer.");
    return std::strcmp(argv[1], "--help") == 0 ? 0 : 2;
  }
  for (int pending : {1, 1'000, 100'000})
    measure(pending);
  return 0;
}
