// Roles: how they lead to each other, in domains, and by patterns.
#include <middleware/auth/casbin/enforcer.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <middleware/auth/casbin/detail/roles.hpp>

namespace casbin = kit::casbin;
using casbin::detail::named;
using casbin::detail::no_symbol;
using casbin::detail::role_graph;
using casbin::detail::role_rules;
using casbin::detail::symbols;
using kit::errc;

namespace {

struct fixture {
  explicit fixture(role_rules rules = {}) : graph(names, std::move(rules)) {}

  fixture& link(std::string_view user, std::string_view role) {
    graph.link(names.add(user), names.add(role), no_symbol);
    return *this;
  }
  fixture& link(std::string_view user, std::string_view role, std::string_view domain) {
    graph.link(names.add(user), names.add(role), names.add(domain));
    return *this;
  }
  named of(std::string_view text) const { return {text, names.find(text)}; }
  bool has(std::string_view user, std::string_view role) const {
    return graph.includes(graph.reach(of(user), std::nullopt), of(user), of(role));
  }
  bool has(std::string_view user, std::string_view role, std::string_view domain) const {
    return graph.includes(graph.reach(of(user), of(domain)), of(user), of(role));
  }

  symbols names;
  role_graph graph;
};

std::string numbered(int i) {
  return "r" + std::to_string(i);
}

}  // namespace

TEST_CASE("casbin roles: one leads to the next, and everybody to himself") {
  fixture f;
  f.link("alice", "admin").link("admin", "editor").link("bob", "editor");
  CHECK(f.has("alice", "admin"));
  CHECK(f.has("alice", "editor"));
  CHECK(f.has("bob", "editor"));
  CHECK_FALSE(f.has("bob", "admin"));
  CHECK_FALSE(f.has("editor", "alice"));
  CHECK(f.has("alice", "alice"));
  CHECK(f.has("stranger", "stranger"));
  CHECK_FALSE(f.has("stranger", "admin"));
}

TEST_CASE("casbin roles: ten links in a row, as in Go casbin") {
  fixture f;
  for (int i = 0; i < 20; ++i)
    f.link(numbered(i), numbered(i + 1));
  CHECK(f.has("r0", "r10"));
  CHECK_FALSE(f.has("r0", "r11"));
  CHECK(f.has("r1", "r11"));
  fixture three(role_rules{.max_depth = 3});
  for (int i = 0; i < 5; ++i)
    three.link(numbered(i), numbered(i + 1));
  CHECK(three.has("r0", "r3"));
  CHECK_FALSE(three.has("r0", "r4"));
}

TEST_CASE("casbin roles: a circle is no problem, nor many ways to the same role") {
  fixture f(role_rules{.max_depth = 1'000'000});
  f.link("a", "b").link("b", "c").link("c", "a").link("c", "c");
  CHECK(f.has("a", "c"));
  CHECK(f.has("c", "b"));
  CHECK_FALSE(f.has("a", "d"));
  fixture wide(role_rules{.max_depth = 100});
  for (int i = 0; i < 60; ++i) {  // 2^60 ways
    wide.link(numbered(i), numbered(i) + "x").link(numbered(i), numbered(i) + "y");
    wide.link(numbered(i) + "x", numbered(i + 1)).link(numbered(i) + "y", numbered(i + 1));
  }
  CHECK(wide.has("r0", "r50"));
  CHECK_FALSE(wide.has("r50", "r0"));
}

TEST_CASE("casbin roles: each domain has its own") {
  fixture f;
  f.link("alice", "admin", "d1").link("admin", "editor", "d1").link("alice", "guest", "d2");
  CHECK(f.has("alice", "editor", "d1"));
  CHECK_FALSE(f.has("alice", "editor", "d2"));
  CHECK(f.has("alice", "guest", "d2"));
  CHECK_FALSE(f.has("alice", "guest", "d3"));
  CHECK(f.has("alice", "alice", "d3"));
}

TEST_CASE("casbin roles: users that are patterns give their roles to those that they mean") {
  fixture f(role_rules{.matches = casbin::key_match2});
  f.link("/book/:id", "books").link("books", "things").link("/book/1", "first");
  CHECK(f.has("/book/1", "books"));
  CHECK(f.has("/book/1", "first"));
  CHECK(f.has("/book/2", "things"));
  CHECK_FALSE(f.has("/book/2", "first"));
  CHECK_FALSE(f.has("/pen/1", "books"));
  CHECK(f.has("/book/2", "/book/:id"));
}

TEST_CASE("casbin roles: a role that is a pattern stands for those that it means") {
  fixture f(role_rules{.matches = casbin::key_match});
  f.link("alice", "team-*").link("team-red", "painter");
  CHECK(f.has("alice", "team-red"));
  CHECK(f.has("alice", "team-blue"));
  CHECK(f.has("alice", "painter"));
  CHECK_FALSE(f.has("alice", "gang-red"));
  CHECK_FALSE(f.has("team-*", "alice"));
}

TEST_CASE("casbin roles: domains that are patterns") {
  fixture f(role_rules{.domain_matches = casbin::key_match});
  f.link("alice", "admin", "*").link("bob", "admin", "eu-*").link("admin", "editor", "eu-1");
  CHECK(f.has("alice", "admin", "anywhere"));
  CHECK(f.has("alice", "editor", "eu-1"));
  CHECK_FALSE(f.has("alice", "editor", "eu-2"));
  CHECK(f.has("bob", "editor", "eu-1"));
  CHECK_FALSE(f.has("bob", "admin", "us-1"));
}

TEST_CASE("casbin roles: levels, from those that have no role") {
  fixture f;
  f.link("alice", "admin").link("admin", "root").link("alice", "root").link("bob", "root");
  const auto levels = f.graph.levels();
  const auto level = [&](std::string_view name) {
    return levels.at(role_graph::key(no_symbol, f.names.find(name)));
  };
  CHECK(level("root") == 0);
  CHECK(level("admin") == 1);
  CHECK(level("bob") == 1);
  CHECK(level("alice") == 2);
  f.link("root", "alice");
  CHECK_THROWS_AS(f.graph.levels(), kit::error);
}

TEST_CASE("casbin roles: patterns by options of the enforcer") {
  casbin::model m;
  m.add("r", "sub, obj").add("p", "sub, obj").add("g", "_, _").add("g2", "_, _");
  m.add("e", "some(where (p.eft == allow))").add("m", "g(r.sub, p.sub) && g2(r.obj, p.obj)");
  casbin::policy p;
  p.add("p", {"reader", "books"}).add("g", {"alice", "reader"}).add("g2", {"/books/*", "books"});
  CHECK_FALSE(casbin::enforcer(m, p).enforce({"alice", "/books/7"}));
  const casbin::enforcer e(m, p, {.role_patterns = {{"g2", casbin::key_match}}});
  CHECK(e.enforce({"alice", "/books/7"}));
  CHECK_FALSE(e.enforce({"alice", "/pens/7"}));
  CHECK_FALSE(e.enforce({"bob", "/books/7"}));
  const casbin::enforcer broken(m, p, {.role_patterns = {{"g2", [](auto, auto) -> bool {
                                                            throw kit::error(errc::internal, "no");
                                                          }}}});
  CHECK(broken.try_enforce({"alice", "/books/7"}).error() == kit::error(errc::internal, "no"));
  CHECK_THROWS_AS(casbin::enforcer(m, p, {.role_patterns = {{"g3", casbin::key_match}}}),
                  kit::error);
  CHECK_THROWS_AS(casbin::enforcer(m, p, {.domain_patterns = {{"g", casbin::key_match}}}),
                  kit::error);
}
