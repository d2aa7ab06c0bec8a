#include <kit/setting.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>

namespace {

// As wide as to be written in several steps.
struct wide {
  std::int64_t a = 0, b = 0, c = 0;
  std::int32_t d = 0;
};

struct limit {
  int most = 1;
};
void require_valid(const limit& l) {
  if (l.most < 1) throw kit::error(kit::errc::invalid_argument, "limit::most: at least 1");
}

}  // namespace

TEST_CASE("setting: copies are the same setting") {
  const kit::setting<int> one(1);
  const auto same = one;
  same.set(2);
  CHECK(one.get() == 2);
  CHECK(kit::setting<limit>().get().most == 1);
  const kit::setting<std::chrono::nanoseconds> wait = std::chrono::seconds(1);
  CHECK(wait.get() == std::chrono::seconds(1));
}

TEST_CASE("setting: a wrong value is refused, and the old one stays") {
  const kit::setting<limit> s(limit{3});
  try {
    s.set({0});
    FAIL("it was taken");
  } catch (const kit::error& e) {
    CHECK(e == kit::error(kit::errc::invalid_argument, "limit::most: at least 1"));
  }
  CHECK(s.get().most == 3);
  CHECK_THROWS_AS(kit::setting<limit>(limit{-1}), kit::error);
}

TEST_CASE("setting: a value is seen whole, however many write and read") {
  const kit::setting<wide> s(wide{});
  std::atomic<bool> mixed = false, stop = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t; i < 20'000; i += 2)
        s.set({i, 2 * i, 3 * i, 4 * i});
    });
    threads.emplace_back([&] {
      while (!stop) {
        const auto v = s.get();
        if (v.b != 2 * v.a || v.c != 3 * v.a || v.d != 4 * v.a) mixed = true;
      }
    });
  }
  threads[0].join();
  threads[2].join();
  stop = true;
  threads[1].join();
  threads[3].join();
  CHECK_FALSE(mixed);
}
