// The enforcer against one that tries every rule.
#include <middleware/auth/casbin/enforcer.hpp>

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../../../../support/naive_casbin.hpp"

namespace casbin = kit::casbin;

namespace {

class generator {
 public:
  explicit generator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }
  std::string one_of(std::string_view letters) {
    return std::string(1, letters[below(letters.size())]);
  }
  test::naive_policy policy() {
    test::naive_policy p;
    for (auto n = 1 + below(12); n > 0; --n) {
      const char* effects[] = {"allow", "deny", "allow", "other"};
      p.rules.push_back({one_of("abcd"), one_of("xyz"), one_of("rw"), effects[below(4)]});
    }
    for (auto n = below(6); n > 0; --n)
      p.links.emplace_back(one_of("abcd"), one_of("abcd"));
    return p;
  }
  test::naive_request request() { return {one_of("abcde"), one_of("xyzu"), one_of("rwx")}; }

 private:
  std::mt19937 random_;
};

casbin::policy policy_of(const test::naive_policy& p) {
  casbin::policy out;
  for (const auto& r : p.rules)
    out.add("p", {r.sub, r.obj, r.act, r.eft});
  for (const auto& [user, role] : p.links)
    out.add("g", {user, role});
  return out;
}

}  // namespace

TEST_CASE("casbin enforcer: decides as one that tries every rule") {
  generator random(7);
  std::size_t allowed = 0;
  std::size_t judged = 0;
  for (const auto& m : test::naive_matchers()) {
    for (const auto& e : test::naive_effects()) {
      CAPTURE(m.text);
      CAPTURE(e.text);
      casbin::model model;
      model.add("r", "sub, obj, act").add("p", "sub, obj, act, eft").add("g", "_, _");
      model.add("e", e.text).add("m", m.text);
      for (int i = 0; i < 60; ++i) {
        const auto naive = random.policy();
        const casbin::enforcer enforcer(model, policy_of(naive));
        for (int k = 0; k < 20; ++k) {
          const auto q = random.request();
          const bool expected = test::naive_allows(naive, q, m, e);
          if (enforcer.enforce({q.sub, q.obj, q.act}) != expected) {
            FAIL_CHECK(q.sub << ' ' << q.obj << ' ' << q.act << " should be " << expected);
          }
          allowed += expected ? 1U : 0U;
          ++judged;
        }
      }
    }
  }
  CHECK(judged == 9 * 4 * 60 * 20);
  CHECK(allowed > judged / 10);
  CHECK(allowed < judged * 9 / 10);
}
