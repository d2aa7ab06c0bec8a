// What a decision of casbin's enforcer costs, by the size of the policy and what its matcher needs:
// nanoseconds of this thread's CPU time, and allocations, for each request.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <middleware/auth/casbin/enforcer.hpp>

#include "measure.hpp"

namespace {

namespace casbin = kit::casbin;
using casbin::value;

casbin::model model_of(std::string_view matcher) {
  casbin::model m;
  m.add("r", "sub, obj, act").add("p", "sub, obj, act").add("g", "_, _");
  m.add("e", "some(where (p.eft == allow))").add("m", matcher);
  return m;
}

std::string numbered(std::string_view what, std::size_t i) {
  return std::string(what) + std::to_string(i);
}

// `users` users and a tenth as many roles; each rule is of a role, each user has one.
casbin::policy rules(std::size_t count, std::string_view object, std::string_view behind) {
  casbin::policy p;
  for (std::size_t i = 0; i < count; ++i) {
    p.add("p", {numbered("role", i / 10), numbered(object, i) + std::string(behind),
                i % 2 == 0 ? "read" : "write"});
  }
  for (std::size_t i = 0; i < count; ++i)
    p.add("g", {numbered("user", i), numbered("role", i / 10)});
  return p;
}

void measure(const char* what, const casbin::enforcer& e, const std::vector<value>& request,
             int calls, bool expected) {
  bench::print(what, bench::median_of_rounds(calls, [&](int n) {
                 for (int i = 0; i < n; ++i) {
                   const auto allowed = e.try_enforce(request);
                   if (!allowed || *allowed != expected) std::abort();
                 }
               }));
}

void measure_policy(std::size_t count) {
  std::printf("%zu rules\n", count);
  const auto last = count - 2;  // which allows to read
  const value user = numbered("user", last);
  const value role = numbered("role", last / 10);
  const value object = numbered("data", last);
  const value path = numbered("/data/", last) + "/x";

  const casbin::enforcer acl(model_of("r.sub == p.sub && r.obj == p.obj && r.act == p.act"),
                             rules(count, "data", ""));
  measure("ACL, allowed", acl, {role, object, "read"}, 100'000, true);
  measure("ACL, denied", acl, {role, object, "write"}, 100'000, false);
  const casbin::enforcer rbac(model_of("g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"),
                              rules(count, "data", ""));
  measure("RBAC, allowed", rbac, {user, object, "read"}, 100'000, true);
  measure("RBAC, denied", rbac, {user, object, "write"}, 100'000, false);
  const casbin::enforcer paths(
      model_of("g(r.sub, p.sub) && keyMatch2(r.obj, p.obj) && regexMatch(r.act, p.act)"),
      rules(count, "/data/", "/:id"));
  measure("RBAC, keyMatch2 and regexMatch, allowed", paths, {user, path, "read"}, 50'000, true);
  measure("RBAC, keyMatch2 and regexMatch, denied", paths, {user, path, "write"}, 50'000, false);
  const casbin::enforcer no_index(model_of("keyMatch2(r.obj, p.obj) && regexMatch(r.act, p.act)"),
                                  rules(count, "/data/", "/:id"));
  measure("keyMatch2 alone: all rules tried, denied", no_index, {user, path, "write"}, 100, false);
}

}  // namespace

int main() {
  for (const std::size_t count : {10U, 1000U, 10'000U})
    measure_policy(count);
}
