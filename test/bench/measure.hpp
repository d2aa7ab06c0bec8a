#pragma once

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "bench.hpp"

// How benchmarks of calls measure: this thread's CPU time and its allocations, a call.
namespace bench {

inline double cpu_nanoseconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

struct figures {
  double nanoseconds = 0, allocations = 0;
};

constexpr int rounds = 15;

/// `one_round(n)` makes n calls.
template <class F>
figures median_of_rounds(int calls, F one_round) {
  std::vector<figures> all;
  one_round(calls / 10);
  for (int i = 0; i < rounds; ++i) {
    const auto allocated = allocations;
    const double start = cpu_nanoseconds();
    one_round(calls);
    const double took = cpu_nanoseconds() - start;
    all.push_back({took / calls, static_cast<double>(allocations - allocated) / calls});
  }
  const auto middle = all.begin() + rounds / 2;
  std::nth_element(all.begin(), middle, all.end(),
                   [](auto& a, auto& b) { return a.nanoseconds < b.nanoseconds; });
  return *middle;
}

inline void print(const char* what, figures f) {
  std::printf("%-52s %8.1f ns %7.2f allocations\n", what, f.nanoseconds, f.allocations);
}

}  // namespace bench
