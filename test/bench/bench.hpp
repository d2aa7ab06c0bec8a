#pragma once

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
