#include <middleware/auth/casbin/enforcer.hpp>

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>

namespace casbin = kit::casbin;
using casbin::enforcer;
using casbin::model;
using casbin::policy;
using casbin::rule;
using casbin::value;
using kit::errc;

namespace {

constexpr std::string_view allow_override = "some(where (p.eft == allow))";
constexpr std::string_view deny_override = "!some(where (p.eft == deny))";
constexpr std::string_view allow_and_deny =
    "some(where (p.eft == allow)) && !some(where (p.eft == deny))";

model acl(std::string_view effect = allow_override, std::string_view fields = "sub, obj, act") {
  model m;
  m.add("r", "sub, obj, act").add("p", fields).add("e", effect);
  m.add("m", "r.sub == p.sub && r.obj == p.obj && r.act == p.act");
  return m;
}

model rbac(std::string_view effect = allow_override, std::string_view fields = "sub, obj, act") {
  model m;
  m.add("r", "sub, obj, act").add("p", fields).add("g", "_, _").add("e", effect);
  m.add("m", "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act");
  return m;
}

policy csv(std::string_view text) {
  return policy::parse(text).value();
}

kit::error problem(const model& m, std::string_view rules) {
  try {
    const enforcer e(m, csv(rules));
  } catch (const kit::error& e) {
    return e;
  }
  FAIL("nothing was thrown");
  return errc::unknown;
}

struct person {
  std::string name;
  int age = 0;
};

}  // namespace

TEST_CASE("casbin enforcer: without rules nothing is allowed, unless nothing has to be") {
  CHECK_FALSE(enforcer(acl()).enforce({"alice", "data1", "read"}));
  CHECK_FALSE(enforcer(acl()).enforce({"", "", ""}));
  CHECK(enforcer(acl(deny_override)).enforce({"alice", "data1", "read"}));
  CHECK_FALSE(enforcer(acl(allow_and_deny)).enforce({"alice", "data1", "read"}));
}

TEST_CASE("casbin enforcer: the rule that decided") {
  const enforcer e(rbac(allow_and_deny, "sub, obj, act, eft"), csv(R"(# rules
p, admin, data1, read, allow
p, alice, data1, read, allow
p, alice, data1, write, allow
p, admin, data1, write, deny
g, alice, admin)"));
  const auto read = e.explain({"alice", "data1", "read"}).value();
  CHECK(read.allowed());
  CHECK(*read.rule() == rule{"p", {"admin", "data1", "read", "allow"}});
  CHECK(read.rule()->line == 2);
  CHECK(read.index() == std::size_t{0});
  const auto write = e.explain({"alice", "data1", "write"}).value();
  CHECK_FALSE(write.allowed());
  CHECK(write.rule()->line == 5);
  CHECK(write.index() == std::size_t{3});
  const auto other = e.explain({"bob", "data1", "read"}).value();
  CHECK_FALSE(other.allowed());
  CHECK_FALSE(other.rule().has_value());
  CHECK_FALSE(other.index().has_value());
  CHECK(e.explain({"bob"}).error() == errc::invalid_argument);
}

TEST_CASE("casbin enforcer: a decision keeps the policy that it was made by") {
  enforcer e(acl(), csv("p, alice, data1, read"));
  const auto before = e.explain({"alice", "data1", "read"}).value();
  e.set_policy({});
  CHECK_FALSE(e.enforce({"alice", "data1", "read"}));
  CHECK(*before.rule() == rule{"p", {"alice", "data1", "read"}});
}

TEST_CASE("casbin enforcer: priorities, explicit ones first, and then as the rules stand") {
  const auto m = rbac("priority(p.eft) || deny", "priority, sub, obj, act, eft");
  const enforcer e(m, csv(R"(p, 10, alice, data1, read, deny
p, 2, alice, data1, read, allow
p, 2, alice, data1, read, deny
p, -1, alice, data1, read, unsure)"));
  const auto d = e.explain({"alice", "data1", "read"}).value();
  CHECK(d.allowed());
  CHECK(d.index() == std::size_t{1});
  CHECK(problem(m, "p, 1, a, b, c, allow\np, high, a, b, c, allow").message() ==
        "casbin policy: line 2: the priority 'high' is no integer");
  CHECK(problem(m, "p, 99999999999999999999, a, b, c, allow") == errc::invalid_argument);
}

TEST_CASE("casbin enforcer: subjectPriority: whose own rule it is comes before his roles'") {
  const auto m = rbac("subjectPriority(p.eft) || deny", "sub, obj, act, eft");
  const policy p = csv(R"(p, root, data1, read, deny
p, admin, data1, read, deny
p, editor, data1, read, deny
p, subscriber, data1, read, deny
p, jane, data1, read, allow
p, alice, data1, read, allow
g, admin, root
g, editor, admin
g, subscriber, admin
g, jane, editor
g, alice, subscriber)");
  const enforcer e(m, p);
  CHECK(e.enforce({"jane", "data1", "read"}));
  CHECK(e.enforce({"alice", "data1", "read"}));
  CHECK_FALSE(e.enforce({"editor", "data1", "read"}));
  CHECK(problem(m, "g, a, b\ng, b, a").message().find("go in a circle") != std::string_view::npos);
  CHECK(problem(acl("subjectPriority(p.eft) || deny"), "").message() ==
        "casbin model: subjectPriority needs a role definition 'g'");
  auto both = m;
  both.add("e2", "priority(p.eft) || deny");
  CHECK(problem(both, "") == errc::invalid_argument);
}

TEST_CASE("casbin enforcer: subjectPriority with domains") {
  model m;
  m.add("r", "sub, obj, dom, act").add("p", "sub, obj, dom, act, eft").add("g", "_, _, _");
  m.add("e", "subjectPriority(p.eft) || deny");
  m.add("m", "g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act");
  const enforcer e(m, csv(R"(p, admin, data1, domain1, write, deny
p, alice, data1, domain1, write, allow
p, admin, data2, domain2, write, deny
p, bob, data2, domain2, write, allow
g, alice, admin, domain1
g, bob, admin, domain2)"));
  CHECK(e.enforce({"alice", "data1", "domain1", "write"}));
  CHECK(e.enforce({"bob", "data2", "domain2", "write"}));
  CHECK_FALSE(e.enforce({"alice", "data2", "domain2", "write"}));
}

TEST_CASE("casbin enforcer: eval computes what a rule has") {
  model m;
  m.add("r", "sub, obj, act").add("p", "sub_rule, obj, act").add("e", allow_override);
  m.add("m", "eval(p.sub_rule) && r.obj == p.obj && r.act == p.act");
  const enforcer e(m, csv(R"_(p, r.sub.age > 18, /data1, read
p, "r.sub.age < 60 && r.sub.name in ('Ann', ""Bob"")", /data2, write
p, r.sub.name =~ p.act, /data3, n+
p, , /data4, read)_"));
  CHECK(e.enforce({person{"Ann", 19}, "/data1", "read"}));
  CHECK_FALSE(e.enforce({person{"Ann", 18}, "/data1", "read"}));
  CHECK(e.enforce({person{"Bob", 18}, "/data2", "write"}));
  CHECK_FALSE(e.enforce({person{"Cid", 18}, "/data2", "write"}));
  CHECK(e.enforce({person{"Ann", 1}, "/data3", "n+"}));
  CHECK(e.try_enforce({person{"Ann", 1}, "/data4", "read"}).error() ==
        kit::error(errc::failed_precondition, "casbin: a rule's expression is empty"));
  CHECK(e.try_enforce({"Ann", "/data1", "read"}).error() == errc::failed_precondition);
  CHECK(problem(m, "p, r.sub.age >, a, b").message() ==
        "casbin policy: line 1: the expression 'r.sub.age >': expected a value, got the end at "
        "byte 12");
  CHECK(problem(m, "p, eval(p.sub_rule), a, b").message().find("can't have eval at byte 1") !=
        std::string_view::npos);
  CHECK(problem(m, "p, f(1), a, b").message().find("unknown function 'f'") !=
        std::string_view::npos);
}

TEST_CASE("casbin enforcer: what a rule has for eval is for its own definitions") {
  model m;
  m.add("r", "sub").add("r2", "sub").add("p", "rule").add("p2", "x").add("e", allow_override);
  m.add("m", "eval(p.rule)");
  CHECK(problem(m, "p, p2.x == 'a'").message().find("fields of another definition") !=
        std::string_view::npos);
  const enforcer e(m, csv("p, r2.sub == 'a'"));
  CHECK(e.try_enforce({"a"}).error() == errc::failed_precondition);
  CHECK(e.enforce({"a"}, {.request = "r2"}));
}

TEST_CASE("casbin enforcer: several definitions, chosen by the request") {
  model m = acl();
  m.add("r2", "sub, obj")
      .add("p2", "who, eft")
      .add("e2", deny_override)
      .add("m2", "r2.sub == p2.who");
  const enforcer e(m, csv("p, alice, data1, read\np2, bob, deny"));
  const casbin::definitions two{.request = "r2", .rule = "p2", .effect = "e2", .matcher = "m2"};
  CHECK(e.enforce({"alice", "data1", "read"}));
  CHECK(e.enforce({"alice", "data1"}, two));
  CHECK_FALSE(e.enforce({"bob", "data1"}, two));
  CHECK(e.explain({"bob", "data1"}, two)->rule()->type == "p2");
  CHECK(e.explain({"bob", "data1"}, two)->index() == std::size_t{1});
  CHECK(e.try_enforce({"a", "b"}, {.request = "r2"}).error() ==
        kit::error(errc::invalid_argument, "casbin: the matcher 'm' is for other definitions"));
  for (const casbin::definitions& none :
       {casbin::definitions{.request = "r3"}, casbin::definitions{.rule = "p3"},
        casbin::definitions{.effect = "e3"}, casbin::definitions{.matcher = "m3"}}) {
    CHECK(e.try_enforce({"a", "b", "c"}, none).error() == errc::invalid_argument);
  }
}

TEST_CASE("casbin enforcer: a request has as many values as the model says") {
  const enforcer e(acl(), csv("p, alice, data1, read"));
  CHECK(e.try_enforce({"alice", "data1"}).error() ==
        kit::error(errc::invalid_argument,
                   "casbin: a request has 2 values, the model says 3: sub, obj, act"));
  CHECK(e.try_enforce(std::vector<value>{}).error() == errc::invalid_argument);
  CHECK_THROWS_AS((void)e.enforce({"alice"}), kit::error);
}

TEST_CASE("casbin enforcer: values of other kinds than text equal no field of a rule") {
  const enforcer e(acl(), csv("p, 1, data1, read"));
  CHECK(e.enforce({"1", "data1", "read"}));
  CHECK_FALSE(e.enforce({1, "data1", "read"}));
  CHECK_FALSE(e.enforce({value(), "data1", "read"}));
  const enforcer r(rbac(), csv("p, 1, data1, read"));
  CHECK(r.try_enforce({1, "data1", "read"}).error() ==
        kit::error(errc::failed_precondition, "casbin: roles are texts, not number"));
}

TEST_CASE("casbin enforcer: an error has the rule that it came up at") {
  model m;
  m.add("r", "n").add("p", "n").add("e", allow_override).add("m", "1 / r.n > 0 && p.n == 'x'");
  const auto r = enforcer(m, csv("p, x")).try_enforce({0});
  REQUIRE_FALSE(r.has_value());
  CHECK(r.error() == kit::error(errc::failed_precondition, "casbin: division by zero"));
  REQUIRE(r.error().get<rule>() != nullptr);
  CHECK(*r.error().get<rule>() == rule{"p", {"x"}});
}

TEST_CASE("casbin enforcer: a policy that doesn't fit the model says where") {
  CHECK(problem(acl(), "p, alice, data1").message() ==
        "casbin policy: line 1: 'p' has 2 fields, the model says 3");
  CHECK(problem(acl(), "\np, a, b, c, d") == errc::invalid_argument);
  CHECK(problem(acl(), "g, alice, admin").message() ==
        "casbin policy: line 1: the model has no definition 'g'");
  CHECK(problem(rbac(), "g, alice, admin, d").message() ==
        "casbin policy: line 1: 'g' has 3 fields, the model says 2");
  CHECK(problem(acl(), "e, a").message().find("no definition 'e'") != std::string_view::npos);
  try {
    const enforcer e(acl(), policy().add("p", {"a", "b", "c"}).add("p", {"a"}));
    FAIL("nothing was thrown");
  } catch (const kit::error& e) {
    CHECK(e.message() == "casbin policy: rule 2: 'p' has 1 fields, the model says 3");
  }
  CHECK_THROWS_AS(enforcer{model{}}, kit::error);
}

TEST_CASE("casbin enforcer: a rule whose pattern is none is refused, if it needs that") {
  model m;
  m.add("r", "sub, act").add("p", "sub, act").add("e", allow_override);
  auto lax = m;
  m.add("m", "r.sub == p.sub && regexMatch(r.act, p.act)");
  CHECK(problem(m, "p, a, GET\np, b, (GET")
            .message()
            .find("casbin policy: line 2: '(GET' is no pattern") == 0);
  lax.add("m", "r.sub == p.sub && (r.act == p.act || r.act =~ p.act)");
  const enforcer e(lax, csv("p, a, (GET"));
  CHECK(e.enforce({"a", "(GET"}));
  CHECK(e.try_enforce({"a", "GET"}).error() == errc::failed_precondition);
  CHECK_FALSE(e.enforce({"b", "GET"}));
}

TEST_CASE("casbin enforcer: has limits on expressions and patterns") {
  const auto fails = [](const model& m, const policy& p, casbin::enforcer_options o) {
    try {
      const enforcer e(m, p, std::move(o));
      return false;
    } catch (const kit::error& e) {
      CHECK(e == errc::invalid_argument);
      return true;
    }
  };
  CHECK(fails(acl(), {}, {.max_expression_nodes = 9}));
  CHECK_FALSE(fails(acl(), {}, {.max_expression_nodes = 10}));
  CHECK(fails(acl(), {}, {.max_expression_depth = 2}));
  CHECK_FALSE(fails(acl(), {}, {.max_expression_depth = 3}));
  model m;
  m.add("r", "a").add("p", "a").add("e", allow_override).add("m", "r.a =~ p.a");
  const policy p = csv("p, \"(a|b|c){1,100}[a-z]{100}\"");
  CHECK(fails(m, p, {.max_pattern_bytes = 2000}));
  CHECK_FALSE(fails(m, p, {}));
}

TEST_CASE("casbin enforcer: rules are found by what is equal, whatever else is asked") {
  model m;
  m.add("r", "sub, obj, act").add("p", "sub, obj, act").add("g", "_, _").add("e", allow_override);
  const policy p =
      csv("p, admin, d1, read\np, alice, d2, read\np, staff, d3, w\ng, alice, admin\n"
          "g, alice, staff");
  const auto with = [&](std::string_view matcher) {
    auto all = m;
    return enforcer(all.add("m", matcher), p).explain({"alice", "d1", "read"}).value().index();
  };
  CHECK(with("r.sub == 'alice' && p.obj == r.obj") == std::size_t{0});
  CHECK(with("p.obj == 'd2'") == std::size_t{1});
  CHECK(with("g(r.sub, p.sub) && r.act != p.act") == std::size_t{2});
  CHECK(with("p.act == 'w' && g(r.sub, p.sub)") == std::size_t{2});
  CHECK(with("(p.act == 'w' || p.act == r.act) && g(r.sub, p.sub) && p.sub != 'admin'") ==
        std::size_t{1});
  CHECK(with("r.sub == p.sub || p.act == 'w'") == std::size_t{1});
  CHECK(with("p.act == 'w' || r.obj == p.obj") == std::size_t{0});
  CHECK(with("p.act == 'w' || r.sub == 'alice'") == std::size_t{0});
  CHECK(with("p.act == 'w' || r.sub == 'bob'") == std::size_t{2});
  CHECK(with("g(p.sub, r.sub)") == std::size_t{1});
  CHECK(with("p.act == 'x' && g(r.sub, p.sub)") == std::nullopt);
  CHECK(with("keyMatch(r.obj, p.obj)") == std::size_t{0});
}

TEST_CASE("casbin enforcer: roles found for many users, more than are kept") {
  model m;
  m.add("r", "sub").add("p", "sub").add("g", "_, _").add("e", allow_override);
  m.add("m", "g(p.sub, r.sub) && p.sub != r.sub");
  policy p;
  for (int i = 0; i < 100; ++i)
    p.add("p", {"u" + std::to_string(i)});
  p.add("g", {"u99", "admin"});
  CHECK(enforcer(m, p).explain({"admin"}).value().index() == std::size_t{99});
  CHECK_FALSE(enforcer(m, p).enforce({"other"}));
}

TEST_CASE("casbin enforcer: a policy that is refused changes nothing") {
  enforcer e(acl(), csv("p, alice, data1, read"));
  CHECK_THROWS_AS(e.set_policy(csv("p, alice")), kit::error);
  CHECK(e.enforce({"alice", "data1", "read"}));
  e.set_policy(csv("p, bob, data1, read"));
  CHECK_FALSE(e.enforce({"alice", "data1", "read"}));
  CHECK(e.enforce({"bob", "data1", "read"}));
}

TEST_CASE("casbin enforcer: requests see one policy or the other while it changes") {
  // By each of the two the rule for `a` decides. The rules of one with the links of the other would
  // have that for `b` deny.
  const auto m = rbac(allow_and_deny, "sub, obj, act, eft");
  const policy one =
      csv("p, a, d, read, allow\np, b, d, read, deny\ng, alice, a\ng, bob, b\n"
          "g, bob, a");
  const policy two =
      csv("p, b, d, read, allow\np, a, d, read, deny\ng, alice, a\ng, bob, b\n"
          "g, alice, b");
  enforcer e(m, one);
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        const auto d = e.explain({"alice", "d", "read"});
        const auto by = d ? d->rule() : std::nullopt;
        const auto* eft = d && d->allowed() ? "allow" : "deny";
        if (by != rule{"p", {"a", "d", "read", eft}}) ++wrong;
      }
    });
  }
  for (int i = 0; i < 300; ++i)
    e.set_policy(i % 2 == 0 ? two : one);
  stop = true;
  for (auto& t : threads)
    t.join();
  CHECK(wrong == 0);
  CHECK(e.enforce({"alice", "d", "read"}));
}
