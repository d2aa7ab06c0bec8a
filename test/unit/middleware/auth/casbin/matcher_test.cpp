// What matchers compute.
#include <middleware/auth/casbin/enforcer.hpp>

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>

namespace casbin = kit::casbin;
using casbin::value;
using kit::errc;

namespace {

casbin::model model_of(std::string_view matcher) {
  casbin::model m;
  m.add("r", "a, b").add("p", "x, y").add("g", "_, _").add("e", "some(where (p.eft == allow))");
  m.add("m", matcher);
  return m;
}

casbin::enforcer_options options() {
  casbin::enforcer_options o;
  o.functions["twice"] = [](std::span<const value> a) -> kit::result<value> {
    if (a.size() != 1 || !a[0].number()) return kit::fail(errc::out_of_range, "twice what?");
    return 2 * *a[0].number();
  };
  o.functions["five"] = [](std::span<const value>) { return value(5); };
  o.functions["throws"] = [](std::span<const value>) -> value {
    throw std::runtime_error("broken");
  };
  o.functions["list"] = [](std::span<const value> a) {
    return value(value::list(a.begin(), a.end()));
  };
  return o;
}

kit::result<bool> judge(std::string_view matcher, value a = {}, value b = {}) {
  const casbin::enforcer enforcer(model_of(matcher), {}, options());
  return enforcer.try_enforce({std::move(a), std::move(b)});
}

bool holds(std::string_view matcher, value a = {}, value b = {}) {
  CAPTURE(matcher);
  const auto r = judge(matcher, std::move(a), std::move(b));
  if (!r) FAIL_CHECK(r.error().message());
  return r.value_or(false);
}

std::string problem(std::string_view matcher, value a = {}, value b = {}) {
  CAPTURE(matcher);
  const auto r = judge(matcher, std::move(a), std::move(b));
  REQUIRE_FALSE(r.has_value());
  CHECK(r.error() == errc::failed_precondition);
  return std::string(r.error().message());
}

std::string syntax(std::string_view matcher) {
  CAPTURE(matcher);
  try {
    const casbin::enforcer enforcer(model_of(matcher), {}, options());
  } catch (const kit::error& e) {
    CHECK(e == errc::invalid_argument);
    const std::string_view start = "casbin model: matchers, 'm': ";
    REQUIRE(e.message().starts_with(start));
    return std::string(e.message().substr(start.size()));
  }
  FAIL("nothing was thrown");
  return {};
}

}  // namespace

TEST_CASE("casbin matcher: comparisons") {
  CHECK(holds("1 == 1.0 && 1 != 2 && 'a' == \"a\" && true == true && 'a' != 1"));
  CHECK(holds("1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3 && 0x10 == 16"));
  CHECK(holds("'a' < 'b' && 'b' > 'a' && 'a' <= 'a' && 'ab' >= 'a'"));
  CHECK(holds("r.a == 18 && r.b == 'x'", 18, "x"));
  CHECK_FALSE(holds("r.a == r.b", 18, "18"));
  CHECK(holds("r.a == r.b", value::list{1, 2}, value::list{1, 2}));
  CHECK(holds("r.a == r.b", "unknown", "unknown"));
  CHECK_FALSE(holds("r.a == r.b", "unknown", "other"));
  CHECK(problem("1 < 'a'") == "casbin: '<' can't be applied to number and text");
  CHECK(problem("true >= false") == "casbin: '>=' can't be applied to boolean and boolean");
  CHECK(problem("r.a > 18", value::object{}) ==
        "casbin: '>' can't be applied to object and number");
}

TEST_CASE("casbin matcher: && || ! and ?: look at no more than they need") {
  CHECK(holds("true && (false || true) && !false"));
  CHECK(holds("true || 1 / 0 == 1"));
  CHECK_FALSE(holds("false && 1 / 0 == 1"));
  CHECK(holds("false || false || true && true"));
  CHECK(holds("r.a == 'x' ? r.b == 1 : 1 / 0 == 1", "x", 1));
  CHECK(holds("false ? false : false ? false : true"));
  CHECK(holds("!false == true"));
  CHECK(problem("'a' && true") == "casbin: '&&' can't be applied to text");
  CHECK(problem("false || 1") == "casbin: '||' can't be applied to number");
  CHECK(problem("!1 == 1") == "casbin: '!' can't be applied to number");
  CHECK(problem("1 ? true : false") == "casbin: '?' can't be applied to number");
}

TEST_CASE("casbin matcher: arithmetic, with the precedence of govaluate") {
  CHECK(holds("1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && 7 - 2 - 1 == 4 && 8 / 2 / 2 == 2"));
  CHECK(holds("7 % 4 == 3 && -2 ** 2 == 4 && 2 ** 3 ** 2 == 64 && 2 * 3 ** 2 == 18"));
  CHECK(holds("1 << 4 == 16 && 16 >> 2 == 4 && 6 & 3 == 2 && 6 | 3 == 7 && 6 ^ 3 == 5"));
  CHECK(holds("1 + 1 << 2 == 8 && ~0 == -1 && -5 % 3 == -2"));
  CHECK(holds(
      "'a' + 'b' == 'ab' && 'n' + 1 == 'n1' && 1.5 + 'n' == '1.5n' && 'is ' + true == 'is true'"));
  CHECK(problem("1 / 0 == 1") == "casbin: division by zero");
  CHECK(problem("r.a % r.b == 1", 1, 0) == "casbin: division by zero");
  CHECK(problem("1.5 & 1 == 1") == "casbin: '&' is for whole numbers");
  CHECK(problem("1 << 64 == 1").find("'<<' is for whole numbers that aren't negative") !=
        std::string::npos);
  CHECK(problem("1 << -1 == 1").find("whole numbers") != std::string::npos);
  CHECK(problem("r.a >> 1 == 1", 1e300).find("whole numbers") != std::string::npos);
  CHECK(problem("~'a' == 1") == "casbin: '~' can't be applied to text");
  CHECK(problem("-r.a == 1") == "casbin: '-' can't be applied to null");
  CHECK(problem("'a' * 2 == 1") == "casbin: '*' can't be applied to text and number");
  CHECK(problem("'a' + r.a == 'x'", value::list{}) ==
        "casbin: '+' can't be applied to text and list");
}

TEST_CASE("casbin matcher: texts that are made have a limit") {
  const std::string large(600'000, 'x');
  CHECK(problem("r.a + r.a == ''", large) == "casbin: '+' makes a text that is too long");
}

TEST_CASE("casbin matcher: texts, in either quotes, '\\' takes the next character as it is") {
  CHECK(holds(R"(r.a == 'it\'s' && r.b == "a\\b\d")", "it's", R"(a\bd)"));
  CHECK(holds("r.a == ''", ""));
}

TEST_CASE("casbin matcher: in, for tuples and lists") {
  CHECK(holds("r.a in ('a', 'b')", "b"));
  CHECK(holds("r.a in ['a', 'b']", "b"));
  CHECK_FALSE(holds("r.a in ('a', 'b')", "c"));
  CHECK(holds("r.a in ('a')", "a"));
  CHECK(holds("r.a + 1 in (2, 3) && true", 1));
  CHECK(holds("r.a in r.b", "x", value::list{1, "x"}));
  CHECK(holds("r.a in r.b.grants", "x", value::object{{"grants", value::list{"x"}}}));
  CHECK_FALSE(holds("r.a in r.b", "y", value::list{1, "x"}));
  CHECK(holds("2 in list(1, 2)"));
  CHECK(problem("r.a in r.b", "y", "xyz") == "casbin: 'in' needs a list, not text");
  CHECK(problem("r.a in (1, 1 / 0)", 2) == "casbin: division by zero");
}

TEST_CASE("casbin matcher: attributes") {
  const value ann = value::from_json(R"({"Age": 20, "home": {"city": "Rome"}, "x": null})").value();
  CHECK(holds("r.a.Age > 18 && r.a.home.city == 'Rome'", ann));
  CHECK_FALSE(holds("r.a.x == 1", ann));
  CHECK(problem("r.a.name == 'x'", ann) == "casbin: there is no attribute 'name' of object");
  CHECK(problem("r.a.name == 'x'", "Ann") == "casbin: there is no attribute 'name' of text");
  CHECK(problem("r.a.x.y == 'x'", ann) == "casbin: there is no attribute 'y' of null");
}

TEST_CASE("casbin matcher: patterns") {
  CHECK(holds("r.a =~ '^a+$' && r.a !~ 'b'", "aaa"));
  CHECK(holds("regexMatch(r.a, r.b)", "aaa", "a"));
  CHECK(holds("keyMatch(r.a, '/x/*') && keyGet(r.a, '/x/*') == 'y'", "/x/y"));
  CHECK(holds("keyGet2(r.a, '/:id/z', 'id') == r.b", "/y/z", "y"));
  CHECK(holds("keyGet3(r.a, r.b, 'id') == 'y'", "/y/z", "/{id}/z"));
  CHECK(holds("ipMatch(r.a, '10.0.0.0/8') && globMatch(r.b, '/*')", "10.1.1.1", "/x"));
  CHECK(problem("r.a =~ r.b", "a", "(").find("'(' is no pattern") != std::string::npos);
  CHECK(problem("keyGet2(r.a, r.b, 'id') == ''", "a", "(").find("is no pattern") !=
        std::string::npos);
  CHECK(problem("r.a =~ 'x'", 1) == "casbin: patterns are for texts, not for number and text");
  CHECK(problem("keyGet(r.a, 'x') == ''", 1) == "casbin: 'keyGet' is for texts, not for number");
  CHECK(problem("ipMatch(r.a, '10.0.0.0/8')", "bob") == "casbin: 'bob' is no IP address");
  CHECK(syntax("r.a =~ '('").find("'(' is no pattern") == 0);
}

TEST_CASE("casbin matcher: functions of the application, and what they fail with") {
  CHECK(holds("twice(r.a) == 10 && twice(five()) == 10", 5));
  CHECK(holds("five()"));
  CHECK(judge("twice('a') == 1").error() == kit::error(errc::out_of_range, "twice what?"));
  CHECK(judge("throws()").error() == kit::error(errc::unknown, "broken"));
}

TEST_CASE("casbin matcher: functions of the application must have names of their own") {
  for (const auto* name : {"eval", "g", "true", "in", "a-b", ""}) {
    CAPTURE(name);
    casbin::enforcer_options o;
    o.functions[name] = [](std::span<const value>) { return value(true); };
    CHECK_THROWS_AS(casbin::enforcer(model_of("true"), {}, o), kit::error);
  }
  casbin::enforcer_options o;
  o.functions["nothing"] = nullptr;
  CHECK_THROWS_AS(casbin::enforcer(model_of("true"), {}, o), kit::error);
  o.functions = {{"keyMatch", [](std::span<const value>) { return value(true); }}};
  CHECK(casbin::enforcer(model_of("keyMatch('a', 'b')"), {}, o).enforce({1, 2}));
}

TEST_CASE("casbin matcher: gives a boolean or a number") {
  CHECK(holds("1"));
  CHECK_FALSE(holds("0"));
  CHECK(problem("'true'") == "casbin: a matcher gives a boolean or a number, not text");
  CHECK(problem("r.a") == "casbin: a matcher gives a boolean or a number, not null");
}

TEST_CASE("casbin matcher: says at which byte it is wrong") {
  CHECK(syntax("r.a ==") == "expected a value, got the end at byte 7");
  CHECK(syntax("r.a r.b") == "expected an operator, got 'r' at byte 5");
  CHECK(syntax("(r.a == 'x'") == "expected ')', got the end at byte 12");
  CHECK(syntax("r.c == 1") == "'r' has no field 'c' at byte 3");
  CHECK(syntax("r == 1") == "expected '.', got '==' at byte 3");
  CHECK(syntax("r. == 1") == "expected a field, got '==' at byte 4");
  CHECK(syntax("x == 1") == "unknown name 'x' at byte 1");
  CHECK(syntax("p.x.y == 1") == "a rule's fields are texts at byte 4");
  CHECK(syntax("r.a. == 1") == "expected an attribute, got '==' at byte 6");
  CHECK(syntax("r.a.b()") == "attributes can't be called at byte 5");
  CHECK(syntax("f(1)") == "unknown function 'f' at byte 1");
  CHECK(syntax("keyMatch('a')") == "'keyMatch' takes 2 arguments, not 1 at byte 1");
  CHECK(syntax("keyMatch('a', )") == "expected a value, got ')' at byte 15");
  CHECK(syntax("g(r.a, p.x, 'd')") == "'g' takes 2 arguments, not 3 at byte 1");
  CHECK(syntax("'abc") == "the closing quote is missing at byte 1");
  CHECK(syntax("1.2.3 == 1") == "'1.2.3' is no number at byte 1");
  CHECK(syntax("0xg == 1") == "'0xg' is no number at byte 1");
  CHECK(syntax("1 @ 2") == "'@' is unknown at byte 3");
  CHECK(syntax("1 ?? 2") == "expected an operator, got '?\?' at byte 3");
  CHECK(syntax("true ? 1") == "expected ':', got the end at byte 9");
  CHECK(syntax("r.a in ()") == "expected a value, got ')' at byte 9");
  CHECK(syntax("r.a in ('a'") == "expected ')', got the end at byte 12");
  CHECK(syntax("r.a in ['a')") == "expected ']', got ')' at byte 12");
  CHECK(syntax("eval(r.a)") == "eval takes a field of a rule, as in eval(p.sub_rule) at byte 1");
  CHECK(syntax("eval('true')") == "eval takes a field of a rule, as in eval(p.sub_rule) at byte 1");
}

TEST_CASE("casbin matcher: is as long and as deeply nested as it may be") {
  const auto nested = [](std::size_t n) {
    return std::string(n, '(') + "true" + std::string(n, ')');
  };
  CHECK(holds(nested(40)));
  CHECK(syntax(nested(60)).find("nested too deeply") != std::string::npos);
  CHECK(syntax(nested(1'000'000)).find("nested too deeply") != std::string::npos);
  CHECK(syntax(std::string(1'000'000, '!') + "true").find("nested too deeply") !=
        std::string::npos);
  std::string sum = "1";
  for (int i = 0; i < 150; ++i)
    sum += " + 1";
  CHECK(syntax(sum + " > 1").find("nested too deeply") != std::string::npos);
  std::string all = "true";
  for (int i = 0; i < 5000; ++i)
    all += " && true";
  CHECK(holds(all));  // is one operator
  CHECK(syntax(all + " && (" + all + ")").find("too long") != std::string::npos);
  std::string choices;
  for (int i = 0; i < 150; ++i)
    choices += "false ? false : ";
  CHECK(syntax(choices + "true").find("nested too deeply") != std::string::npos);
}

TEST_CASE("casbin matcher: nothing is true of a rule that isn't there, nor false") {
  // Go casbin takes the fields of the missing rule as empty, and allows the first of these.
  CHECK_FALSE(holds("r.a == p.x && r.b == p.y", "", ""));
  CHECK_FALSE(holds("regexMatch(r.a, p.x)", "alice"));
  CHECK_FALSE(holds("!(r.a == p.x)", "alice"));
  CHECK_FALSE(holds("r.a != p.x", "alice"));
  CHECK_FALSE(holds("p.x == p.x ? true : true", "alice"));
  CHECK_FALSE(holds("g(r.a, p.x)", "alice"));
  CHECK_FALSE(holds("r.a in (p.x, 'bob')", "alice"));
  CHECK_FALSE(holds("p.x in ('', 'bob')", "alice"));
  CHECK_FALSE(holds("twice(p.x) == 1 || list(p.x) == 1"));
  CHECK_FALSE(holds("eval(p.x) || r.a < p.x || -p.x == 1"));
  CHECK_FALSE(holds("r.a == p.x && r.a.name == 'x'", "alice"));
  CHECK(holds("r.a == p.x || r.a == 'root'", "root"));
  CHECK(holds("r.a in (p.x, 'root')", "root"));
  CHECK_FALSE(holds("(r.a == p.x || r.a == 'root') && r.b == p.y", "root"));
}
