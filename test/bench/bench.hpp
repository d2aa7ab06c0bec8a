#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

// What the micro-benchmarks share. Each is a program of one file, which this replaces the
// allocating functions of.
namespace bench {

/// How often memory was allocated, by `new` or, as Asio does for coroutine frames that its small
/// cache per thread doesn't hold, by `aligned_alloc`. Threads: one.
inline std::uint64_t allocations = 0;

/// The value of `--seconds`, the only option; exits when there is another one.
inline double seconds_option(int count, char** arguments, double seconds) {
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--seconds") == 0 && i + 1 < count) {
      seconds = std::atof(arguments[++i]);
    } else {
      std::printf("usage: %s [--seconds S]   time per line, default %g\n", arguments[0], seconds);
      std::exit(std::strcmp(arguments[i], "--help") == 0 ? 0 : 2);
    }
  }
  return seconds;
}

/// Runs `work` for about `seconds` and prints the best of 50 short rounds: a shared machine
/// disturbs many of them.
template <class Work>
void measure(const char* name, double seconds, std::size_t bytes, Work work) {
  std::size_t calls = 20;
  double best = 1e9;
  std::uint64_t allocated = 0;
  for (int round = 0; round <= 50; ++round) {
    const std::uint64_t before = allocations;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < calls; ++i)
      work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    allocated = (allocations - before) / calls;
    const double each = took.count() / static_cast<double>(calls);
    if (round > 0) best = std::min(best, each);
    calls = static_cast<std::size_t>(seconds / 50 / each) + 1;
  }
  std::printf("%-44s %9.1f ns %6.0f MB/s %6llu allocations\n", name, best * 1e9,
              static_cast<double>(bytes) / best / 1e6, static_cast<unsigned long long>(allocated));
}

}  // namespace bench

// NOLINTBEGIN(misc-definitions-in-headers): replacements can't be inline.
void* operator new(std::size_t size) {
  ++bench::allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++bench::allocations;
  void* p = nullptr;
  return posix_memalign(&p, alignment, size) == 0 ? p : nullptr;
}
// NOLINTEND(misc-definitions-in-headers)
