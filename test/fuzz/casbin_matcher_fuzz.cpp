// Any expression, as a matcher and as what a rule has for eval: it is refused, or requests get an
// answer, which is the same whether rules are found by an index or all tried.
//
// An input is two bytes that choose the request's values, and the expression.
#include <kit/error.hpp>
#include <middleware/auth/casbin/enforcer.hpp>

#include "fuzz.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace {

namespace casbin = kit::casbin;
using casbin::value;

casbin::model model_of(std::string_view matcher) {
  casbin::model m;
  m.add("r", "a, b").add("p", "x, y").add("g", "_, _").add("g2", "_, _, _");
  m.add("e", "some(where (p.eft == allow))").add("m", matcher);
  return m;
}

const casbin::policy& some_rules() {
  static const casbin::policy p = casbin::policy()
                                      .add("p", {"alice", "/x/*"})
                                      .add("p", {"admin", "/x/:id/{y}"})
                                      .add("p", {"10.0.0.0/8", "a+[bc]*"})
                                      .add("p", {"", "("})
                                      .add("p", {"alice", "7"})
                                      .add("g", {"alice", "admin"})
                                      .add("g", {"admin", "alice"})
                                      .add("g2", {"alice", "admin", "/x/*"});
  return p;
}

value choose(std::size_t which) {
  static const std::vector<value> all{
      "alice",
      "admin",
      "/x/7",
      "10.0.0.7",
      "aab",
      "",
      value(),
      7,
      -0.5,
      1e300,
      true,
      value::list{"alice", 1, "admin"},
      value::object{{"a", "alice"}, {"n", 18}, {"o", value::object{{"a", "admin"}}}}};
  return all[which % all.size()];
}

bool build(std::optional<casbin::enforcer>& out, const std::string& matcher,
           const casbin::policy& p) {
  try {
    out.emplace(model_of(matcher), p);
    return true;
  } catch (const kit::error& e) {
    FUZZ_REQUIRE(e == kit::errc::invalid_argument);
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  const std::vector<value> request{choose(in.below(256)), choose(in.below(256))};
  const std::string text(in.rest().substr(0, 4096));
  if (std::all_of(text.begin(), text.end(), [](char c) { return c == ' '; })) return 0;

  std::optional<casbin::enforcer> by_eval;
  if (build(by_eval, "eval(p.x)", casbin::policy().add("p", {text, "/x/*"}))) {
    (void)by_eval->try_enforce(request);
  }
  std::optional<casbin::enforcer> indexed;
  std::optional<casbin::enforcer> trying_all;
  try {
    (void)model_of(text);
  } catch (const kit::error&) {
    return 0;  // white space of other kinds
  }
  if (!build(indexed, text, some_rules())) return 0;
  // As the condition of a choice it has no index; a pattern that is none comes to light late.
  if (!build(trying_all, "(" + text + ") ? true : false", some_rules())) return 0;
  const auto expected = trying_all->try_enforce(request);
  const auto found = indexed->try_enforce(request);
  if (expected) FUZZ_REQUIRE(found.has_value() && *found == *expected);
  return 0;
}
