#include <middleware/auth/casbin/policy.hpp>

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include <kit/error.hpp>

using kit::errc;
using kit::casbin::policy;
using kit::casbin::rule;
using kit::casbin::to_csv;

namespace {

kit::error problem(std::string_view text) {
  const auto parsed = policy::parse(text);
  REQUIRE_FALSE(parsed.has_value());
  return parsed.error();
}

}  // namespace

TEST_CASE("casbin policy: rules with their lines") {
  const auto p =
      policy::parse("# who\n\np, alice, data1, read\r\n  g,alice,admin  \n\np2,\n").value();
  REQUIRE(p.rules().size() == 3);
  CHECK(p.rules()[0] == rule{"p", {"alice", "data1", "read"}});
  CHECK(p.rules()[0].line == 3);
  CHECK(p.rules()[1] == rule{"g", {"alice", "admin"}});
  CHECK(p.rules()[1].line == 4);
  CHECK(p.rules()[2] == rule{"p2", {""}});
  CHECK(policy::parse("").value().empty());
  CHECK(policy::parse("\xef\xbb\xbfp, a").value().rules()[0].type == "p");
}

TEST_CASE("casbin policy: white space around fields doesn't count, unless in quotes") {
  const auto p = policy::parse("p ,\talice , a b ,\" c \" , \"\"").value();
  CHECK(p.rules()[0] == rule{"p", {"alice", "a b", " c ", ""}});
}

TEST_CASE("casbin policy: quoted fields") {
  const auto p = policy::parse(R"_(p, "r.sub.Name == ""bob"" && f(1, 2)", "#", a#b)_").value();
  CHECK(p.rules()[0] == rule{"p", {R"(r.sub.Name == "bob" && f(1, 2))", "#", "a#b"}});
}

TEST_CASE("casbin policy: says where it is wrong") {
  CHECK(problem("p, a\n\np, b\"c\n").message() ==
        "casbin policy: line 3: byte 5: a quote inside of a field that isn't quoted");
  CHECK(problem("p, \"a").message() ==
        "casbin policy: line 1: byte 6: the closing quote is missing");
  CHECK(problem("p, \"a\" b").message() ==
        "casbin policy: line 1: byte 8: expected a comma behind the closing quote");
  CHECK(problem(", a").message() ==
        "casbin policy: line 1: the first field must be p, g or the like");
  CHECK(problem("p, \"a\nb\"") == errc::invalid_argument);
}

TEST_CASE("casbin policy: built in code") {
  policy p;
  p.add("p", {"alice", "data1", "read"}).add("g", {"alice", "admin"}).add("g", {"alice", "admin"});
  CHECK(p.rules().size() == 3);
  CHECK(p.remove("g", {"alice", "admin"}) == 2);
  CHECK(p.remove("g", {"alice", "admin"}) == 0);
  CHECK(p.remove("p", {"alice"}) == 0);
  CHECK(p.rules().size() == 1);
}

TEST_CASE("casbin policy: a rule as a line, which reads back as it was") {
  CHECK(to_csv({"p", {"alice", "data1", "read"}}) == "p, alice, data1, read");
  CHECK(to_csv({"p", {"", "a,b", "say \"x\"", " c", "#d", "e#"}}) ==
        R"(p, "", "a,b", "say ""x""", " c", "#d", e#)");
  const rule all{"p", {"", "a,b", "\"", " c ", "\td", "#d", "e#f", "\xc3\xa4", "'"}};
  CHECK(policy::parse(to_csv(all)).value().rules().at(0) == all);
  const rule marked{"\xef\xbb\xbfp", {"a"}};  // as if the text had a byte order mark
  CHECK(policy::parse(to_csv(marked)).value().rules().at(0) == marked);
}

TEST_CASE("casbin policy: has limits") {
  CHECK(policy::parse("p, a", {.max_bytes = 3}).error() == errc::resource_exhausted);
  CHECK(policy::parse("p, a\np, b", {.max_rules = 1}).error() == errc::resource_exhausted);
  CHECK(policy::parse("p, a, b", {.max_fields = 1}).error() == errc::resource_exhausted);
  CHECK(policy::parse("p, a, b", {.max_fields = 2}).has_value());
  CHECK(policy::parse("p, abc", {.max_field_bytes = 2}).error() == errc::resource_exhausted);
}

TEST_CASE("casbin policy: from a file") {
  const auto path = std::filesystem::temp_directory_path() / "cokit-casbin-policy.csv";
  std::ofstream(path) << std::string(100'000, '#') << "\np, alice\n";
  CHECK(policy::load(path.string()).value().rules().size() == 1);
  CHECK(policy::load(path.string(), {.max_bytes = 1000}).error() == errc::resource_exhausted);
  std::filesystem::remove(path);
  CHECK(policy::load(path.string()).error() == errc::not_found);
}
