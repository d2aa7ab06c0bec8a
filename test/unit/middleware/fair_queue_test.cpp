#include <middleware/fair_queue.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/metadata.hpp>
#include <kit/random.hpp>

using kit::criticality;
using kit::middleware::fair_queue;

namespace {

struct named : fair_queue::waiter {
  explicit named(std::string n) : name(std::move(n)) {}
  std::string name;
};

struct fixture {
  std::vector<std::unique_ptr<named>> all;
  fair_queue queue;

  // The name of who has no room.
  std::string push(const std::string& name, const std::string& tenant = {},
                   criticality of = criticality::standard, std::size_t capacity = 100) {
    all.push_back(std::make_unique<named>(name));
    auto* const out = queue.push(*all.back(), of, tenant, capacity);
    return out ? static_cast<named*>(out)->name : "";
  }
  std::string order() {
    std::string names;
    while (auto* w = queue.pop())
      names += static_cast<named*>(w)->name + " ";
    return names;
  }
};

constexpr auto sheddable = criticality::sheddable, standard = criticality::standard,
               critical = criticality::critical;

}  // namespace

TEST_CASE_FIXTURE(fixture, "fair_queue: of one tenant, in the order they came") {
  push("1");
  push("2");
  push("3");
  CHECK(queue.size() == 3);
  CHECK(order() == "1 2 3 ");
  CHECK(queue.size() == 0);
  CHECK_FALSE(queue.pop());
}

TEST_CASE_FIXTURE(fixture, "fair_queue: critical ones first, tenants of a class by turns") {
  for (int i = 0; i < 4; ++i)
    push("a" + std::to_string(i), "a");
  push("b0", "b");
  push("s", "b", sheddable);
  push("b1", "b");
  push("c", "a", critical);
  CHECK(queue.ahead_of(critical) == 1);
  CHECK(queue.ahead_of(sheddable) == 8);
  CHECK(order() == "c a0 b0 a1 b1 a2 a3 s ");
}

TEST_CASE_FIXTURE(fixture, "fair_queue: when it is full, who is worth least makes room") {
  SUBCASE("a lower class") {
    push("s", "", sheddable, 2);
    push("n", "", standard, 2);
    CHECK(push("n2", "", standard, 2) == "s");
    CHECK(push("s2", "", sheddable, 2) == "s2");
    CHECK(push("c", "", critical, 2) == "n2");
    CHECK(push("c2", "", critical, 2) == "n");
    CHECK(push("c3", "", critical, 2) == "c3");
    CHECK(order() == "c c2 ");
  }
  SUBCASE("the tenant that has most waiting, its last") {
    for (const char* n : {"a0", "a1", "a2"})
      CHECK(push(n, "a", standard, 3) == "");
    CHECK(push("a3", "a", standard, 3) == "a3");
    CHECK(push("b0", "b", standard, 3) == "a2");
    CHECK(push("b1", "b", standard, 3) == "b1");  // they would only change places
    CHECK(push("c0", "c", standard, 3) == "a1");
    CHECK(order() == "a0 b0 c0 ");
  }
  SUBCASE("its own last one, of a lower class") {
    push("s", "a", sheddable, 1);
    CHECK(push("n", "a", standard, 1) == "s");
    CHECK(order() == "n ");
  }
  SUBCASE("nobody, where nobody may wait") {
    CHECK(push("n", "", critical, 0) == "n");
    CHECK(queue.size() == 0);
  }
}

TEST_CASE_FIXTURE(fixture, "fair_queue: one that is taken out isn't queued any more") {
  push("1");
  push("2");
  push("3");
  queue.remove(*all[1]);
  queue.remove(*all[1]);
  CHECK_FALSE(all[1]->queued());
  CHECK(all[0]->queued());
  CHECK(order() == "1 3 ");
}

// Against a list that is searched.
TEST_CASE("fair_queue: random comings and goings") {
  kit::random_source random(8);
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    fixture f;
    struct entry {
      named* w;
      std::size_t of;
      std::string tenant;
    };
    std::vector<entry> model;  // in the order they came
    std::array<std::vector<std::string>, 3> turns;
    const std::size_t capacity = 1 + random.below(8);
    const auto waiting = [&](std::size_t of, const std::string& tenant) {
      return std::ranges::count_if(
          model, [&](const entry& e) { return e.of == of && e.tenant == tenant; });
    };
    const auto drop = [&](const fair_queue::waiter* w) {
      const auto at = std::ranges::find_if(model, [&](const entry& e) { return e.w == w; });
      REQUIRE(at != model.end());
      const auto gone = *at;
      model.erase(at);
      if (waiting(gone.of, gone.tenant) == 0) std::erase(turns[gone.of], gone.tenant);
    };
    for (int i = 0; i < 100; ++i) {
      const auto of = random.below(3);
      switch (random.below(4)) {
        case 0:
        case 1: {
          const std::string tenant(1, static_cast<char>('a' + random.below(3)));
          f.all.push_back(std::make_unique<named>(std::to_string(i)));
          auto* const w = f.all.back().get();
          const bool full = model.size() >= capacity;
          auto* const out = f.queue.push(*w, static_cast<criticality>(of), tenant, capacity);
          CHECK((out != nullptr) == full);
          if (out && out != w) {
            const auto at = std::ranges::find_if(model, [&](const entry& e) { return e.w == out; });
            REQUIRE(at != model.end());
            CHECK(at->of <= of);
            for (const auto& e : model)
              CHECK(e.of >= at->of);
            if (at->of == of) CHECK(waiting(of, at->tenant) > waiting(of, tenant) + 1);
            drop(out);
          }
          if (out == w) break;
          if (waiting(of, tenant) == 0) turns[of].push_back(tenant);
          model.push_back({w, of, tenant});
          break;
        }
        case 2: {
          auto* const w = f.queue.pop();
          CHECK((w == nullptr) == model.empty());
          if (!w) break;
          std::size_t top = 2;
          while (turns[top].empty())
            --top;
          const auto tenant = turns[top].front();
          std::ranges::rotate(turns[top], turns[top].begin() + 1);
          const auto first = std::ranges::find_if(
              model, [&](const entry& e) { return e.of == top && e.tenant == tenant; });
          CHECK(first->w == w);
          drop(w);
          break;
        }
        default:
          if (model.empty()) break;
          auto* const w = model[random.below(model.size())].w;
          f.queue.remove(*w);
          drop(w);
      }
      CHECK(f.queue.size() == model.size());
    }
    while (f.queue.pop()) {
    }
  }
}

TEST_CASE("criticality: travels in the metadata") {
  CHECK(kit::criticality_of({}) == standard);
  CHECK(kit::criticality_of(kit::with_criticality({}, sheddable)) == sheddable);
  const auto ctx = kit::context().with(kit::metadata{{"Criticality", "critical"}, {"a", "b"}});
  CHECK(kit::criticality_of(ctx) == critical);
  CHECK(kit::criticality_of(kit::with_criticality(ctx, standard)) == standard);
  CHECK(kit::with_criticality(ctx, standard).metadata().get("a") == "b");
  CHECK(kit::criticality_of(kit::context().with(kit::metadata{{"criticality", "vital"}})) ==
        standard);
  CHECK(name(standard) == "default");
}
