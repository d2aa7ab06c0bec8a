#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/random.hpp>
#include <transports/http/detail/admission.hpp>

using kit::http::detail::admission;
using answer = admission::answer;

namespace {

struct call final : admission::ticket {
  void admitted() override { ++times; }
  int times = 0;
};

}  // namespace

TEST_CASE("admission: up to the limit of a host, then in order") {
  admission a({.per_host = 2, .total = 10, .waiting = 2});
  call c[6];
  CHECK(a.enter(c[0], "h") == answer::admitted);
  CHECK(a.enter(c[1], "h") == answer::admitted);
  CHECK(a.enter(c[2], "h") == answer::waiting);
  CHECK(a.enter(c[3], "h") == answer::waiting);
  CHECK(a.enter(c[4], "h") == answer::refused);
  CHECK(a.enter(c[5], "other") == answer::admitted);
  CHECK(a.running() == 3);
  CHECK(a.waiting() == 2);
  a.leave(c[1]);
  CHECK(c[2].times == 1);
  CHECK(c[3].times == 0);
  a.leave(c[3]);  // gives up
  a.leave(c[3]);  // once is enough
  a.leave(c[0]);
  a.leave(c[2]);
  CHECK(c[3].times == 0);
  CHECK(a.running() == 1);
  CHECK(a.waiting() == 0);
}

TEST_CASE("admission: hosts take turns at the limit of all, and a full one holds up nobody") {
  admission a({.per_host = 1, .total = 2, .waiting = 10});
  call a1, a2, b1, b2, c1;
  CHECK(a.enter(a1, "a") == answer::admitted);
  CHECK(a.enter(b1, "b") == answer::admitted);
  CHECK(a.enter(a2, "a") == answer::waiting);
  CHECK(a.enter(c1, "c") == answer::waiting);
  CHECK(a.enter(b2, "b") == answer::waiting);
  a.leave(b1);
  CHECK(a2.times == 0);  // its host is full
  CHECK(c1.times == 1);
  a.leave(c1);
  CHECK(b2.times == 1);
  a.leave(a1);
  CHECK(a2.times == 1);
}

TEST_CASE("admission: a host that multiplexes takes more, and doesn't count for the limit of all") {
  admission a({.per_host = 1, .total = 1, .waiting = 100, .streams = 10});
  call first, others[12], elsewhere;
  CHECK(a.enter(first, "h") == answer::admitted);
  for (auto& c : others)
    CHECK(a.enter(c, "h") == answer::waiting);
  CHECK(a.enter(elsewhere, "e") == answer::waiting);
  a.multiplexes(first, true);
  CHECK(std::count_if(std::begin(others), std::end(others),
                      [](const call& c) { return c.times == 1; }) == 9);
  CHECK(elsewhere.times == 1);
  a.leave(others[0]);
  CHECK(others[9].times == 1);
  CHECK(others[10].times == 0);
}

TEST_CASE("admission: random calls keep to a simple model") {
  kit::random_source random(7);
  const admission::limits limits{.per_host = 3, .total = 5, .waiting = 6};
  admission a(limits);
  struct entry {
    std::unique_ptr<call> c;
    std::string host;
    bool running;
  };
  std::vector<entry> all;
  const auto count = [&](const std::string& host, bool running) {
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const entry& e) {
      return e.running == running && (host.empty() || e.host == host);
    }));
  };
  for (int step = 0; step < 20'000; ++step) {
    if (all.empty() || random.chance(0.55)) {
      entry e{std::make_unique<call>(), std::string(1, static_cast<char>('a' + random.below(3))),
              false};
      const bool room = count(e.host, true) < limits.per_host && count("", true) < limits.total &&
                        count(e.host, false) == 0;
      const auto expected = room                                ? answer::admitted
                            : count("", false) < limits.waiting ? answer::waiting
                                                                : answer::refused;
      const auto got = a.enter(*e.c, e.host);
      REQUIRE(got == expected);
      e.running = got == answer::admitted;
      if (got != answer::refused) all.push_back(std::move(e));
    } else {
      const auto gone = all.begin() + static_cast<std::ptrdiff_t>(random.below(all.size()));
      a.leave(*gone->c);
      all.erase(gone);
    }
    for (auto& e : all) {
      if (e.c->times > 0) e.running = true;
      REQUIRE(e.c->times <= 1);
    }
    REQUIRE(a.running() == count("", true));
    REQUIRE(a.waiting() == count("", false));
    for (const std::string host : {"a", "b", "c"}) {
      REQUIRE(count(host, true) <= limits.per_host);
      // Nobody waits for nothing.
      REQUIRE((count(host, false) == 0 || count(host, true) == limits.per_host ||
               count("", true) == limits.total));
    }
  }
}
