#pragma once

#include <cstddef>
#include <thread>
#include <vector>

namespace test {

/// Calls `f(0)` to `f(count - 1)`, each on a thread of its own, and waits for them.
template <class F>
void on_threads(std::size_t count, F f) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i)
    threads.emplace_back([&f, i] { f(i); });
  for (auto& t : threads)
    t.join();
}

}  // namespace test
