// Any text as a policy: it is refused, or each rule can be written down and read again, and of
// those that fit a model the enforcer decides as one that tries every rule. Its fields are texts
// and patterns, too.
//
// An input is two bytes that choose matcher and effect, and the text.
#include <kit/codec/utf8.hpp>
#include <kit/error.hpp>
#include <middleware/auth/casbin/enforcer.hpp>

#include "../support/naive_casbin.hpp"
#include "fuzz.hpp"

#include <optional>
#include <string>
#include <vector>

namespace {

namespace casbin = kit::casbin;

void read_again(const casbin::rule& r) {
  const auto again = casbin::policy::parse(casbin::to_csv(r));
  FUZZ_REQUIRE(again.has_value() && again->rules().size() == 1);
  FUZZ_REQUIRE(again->rules()[0] == r);
}

void try_as_it_is(const casbin::model& m, const casbin::policy& p) {
  try {
    const casbin::enforcer e(m, p);
    (void)e.try_enforce({"a", "b", "c"});
  } catch (const kit::error& e) {
    FUZZ_REQUIRE(e == kit::errc::invalid_argument);
  }
}

// Nothing where the pattern, or the text, is none.
template <class F, class... Texts>
std::optional<bool> matches(F function, const Texts&... texts) {
  try {
    return function(texts...);
  } catch (const kit::error& e) {
    FUZZ_REQUIRE(e == kit::errc::invalid_argument);
    return std::nullopt;
  }
}

void match_fields(const std::string& text, const std::string& pattern) {
  (void)matches(casbin::key_match, text, pattern);
  (void)matches(casbin::ip_match, text, pattern);
  (void)matches(casbin::glob_match, text, pattern);
  (void)matches(casbin::regex_match, text, pattern);
  // An empty group changes nothing, but takes a regular expression.
  const auto before_star = pattern.substr(0, pattern.size() - (pattern.ends_with("/*") ? 2 : 0));
  const bool plain = before_star.find_first_of("\\.+*?()|[]{}^$") == pattern.npos &&
                     kit::is_utf8(pattern) && kit::is_utf8(text);
  const auto by_regex = matches(casbin::key_match2, text, "()" + pattern);
  FUZZ_REQUIRE(!plain || matches(casbin::key_match2, text, pattern) == by_regex);
  for (auto* f : {casbin::key_match3, casbin::key_match4, casbin::key_match5})
    (void)matches(f, text, pattern);
  for (auto* f : {casbin::key_get2, casbin::key_get3})
    (void)matches([f](auto&... t) { return f(t..., "id").empty(); }, text, pattern);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  // Without the one for which patterns would have to be read.
  const auto& matcher = test::naive_matchers()[in.below(test::naive_matchers().size() - 1)];
  const auto& effect = test::naive_effects()[in.below(test::naive_effects().size())];
  const fuzz::tight text(in.rest());
  const auto parsed = casbin::policy::parse(text.view(), {.max_rules = 30});
  if (!parsed) return 0;

  casbin::model m;
  m.add("r", "sub, obj, act").add("p", "sub, obj, act, eft").add("g", "_, _");
  m.add("e", effect.text).add("m", matcher.text);
  try_as_it_is(m, *parsed);

  casbin::policy fitting;
  test::naive_policy naive;
  for (const auto& r : parsed->rules()) {
    read_again(r);
    if (r.fields.size() > 1) match_fields(r.fields[0], r.fields[1]);
    if (r.type == "p" && r.fields.size() == 4) {
      naive.rules.push_back({r.fields[0], r.fields[1], r.fields[2], r.fields[3]});
    } else if (r.type == "g" && r.fields.size() == 2) {
      naive.links.emplace_back(r.fields[0], r.fields[1]);
    } else {
      continue;
    }
    fitting.add(r.type, r.fields);
  }
  if (naive.rules.empty()) return 0;
  const casbin::enforcer e(m, fitting);
  for (std::size_t i = 0; i < naive.rules.size(); ++i) {
    const auto& a = naive.rules[i];
    const auto& b = naive.rules[(i * 7 + 3) % naive.rules.size()];
    const auto& user = naive.links.empty() ? b.sub : naive.links[i % naive.links.size()].first;
    for (const auto& q :
         {test::naive_request{a.sub, b.obj, a.act}, test::naive_request{user, a.obj, b.act}}) {
      FUZZ_REQUIRE(e.enforce({q.sub, q.obj, q.act}) ==
                   test::naive_allows(naive, q, matcher, effect));
    }
  }
  return 0;
}
