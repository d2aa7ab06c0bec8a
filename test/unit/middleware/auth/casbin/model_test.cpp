#include <middleware/auth/casbin/model.hpp>

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include <kit/error.hpp>

using kit::errc;
using kit::casbin::model;

namespace {

constexpr const char* acl = R"([request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
)";

std::string with(std::string text, std::string_view what, std::string_view instead) {
  text.replace(text.find(what), what.size(), instead);
  return text;
}

kit::error problem(const std::string& text) {
  const auto parsed = model::parse(text);
  REQUIRE_FALSE(parsed.has_value());
  return parsed.error();
}

kit::error problem_of_add(std::string_view key, std::string_view text) {
  model m;
  m.add("r", "sub");
  try {
    m.add(key, text);
  } catch (const kit::error& e) {
    return e;
  }
  FAIL("nothing was thrown");
  return errc::unknown;
}

}  // namespace

TEST_CASE("casbin model: definitions with their lines") {
  const auto m = model::parse(acl).value();
  REQUIRE(m.definitions().size() == 4);
  CHECK(m.find("r")->text == "sub, obj, act");
  CHECK(m.find("r")->line == 2);
  CHECK(m.find("m")->line == 8);
  CHECK(m.find("g") == nullptr);
  CHECK_FALSE(m.empty());
}

TEST_CASE("casbin model: several definitions of a section") {
  const auto m = model::parse(std::string(acl) + R"([role_definition]
g = _, _
g2 = _, _, _
[matchers]
m2 = r2.sub == 'x'
[request_definition]
r2 = sub
)");
  REQUIRE(m.has_value());
  CHECK(m->find("g2")->text == "_, _, _");
  CHECK(m->find("m2")->line == 13);
}

TEST_CASE("casbin model: comments, blank lines, CRLF, lines that go on, a byte order mark") {
  const auto m =
      model::parse(
          "\xef\xbb\xbf# first\r\n[request_definition]\r\nr = sub, obj ; who\r\n\r\n"
          "[policy_definition]\np=sub,obj # and what\n"
          "[policy_effect]\n; which\n  e = some( where(p.eft==allow) )\n"
          "[matchers]\nm = r.sub == p.sub && \\\n   r.obj in ('a#b', \"c;d\", 'e\\'#f') \\\n"
          " && true # the end")
          .value();
  CHECK(m.find("r")->text == "sub, obj");
  CHECK(m.find("p")->text == "sub,obj");
  CHECK(m.find("m")->text == "r.sub == p.sub && r.obj in ('a#b', \"c;d\", 'e\\'#f') && true");
  CHECK(m.find("m")->line == 11);
}

TEST_CASE("casbin model: a line that goes on ends at an empty one, and at the end") {
  CHECK(model::parse(with(acl, "r.act == p.act\n", "true \\\n\n"))
            .value()
            .find("m")
            ->text.ends_with("&& true"));
  CHECK(model::parse(with(acl, "r.act == p.act\n", "true \\")).has_value());
}

TEST_CASE("casbin model: built in code, as from the text") {
  model m;
  CHECK(m.empty());
  m.add("r", "sub, obj, act")
      .add("p", "sub, obj, act")
      .add("e", "some(where (p.eft == allow))")
      .add("m", "r.sub == p.sub");
  CHECK(m.check().has_value());
  CHECK(m.find("p")->line == 0);
}

TEST_CASE("casbin model: says where it is wrong") {
  CHECK(problem("[nonsense]\n").message() ==
        "casbin model: line 1: 'nonsense' is no section that is known");
  CHECK(problem("r = sub\n").message() ==
        "casbin model: line 1: 'r' stands before the first section");
  CHECK(problem("[matchers]\n\nhello\n").message() ==
        "casbin model: line 3: expected 'key = ...', got 'hello'");
  CHECK(problem("[matchers]\nr = sub\n").message() ==
        "casbin model: line 2: 'r' doesn't belong into [matchers]");
  CHECK(problem(with(acl, "p = sub", "p = sub, sub")).message() ==
        "casbin model: policy_definition, 'p' at line 4: 'sub' stands there twice");
  CHECK(problem(with(acl, "r = sub", "r = a-b")).message() ==
        "casbin model: request_definition, 'r' at line 2: 'a-b' is no name of a field");
  CHECK(problem(with(acl, "allow", "maybe")).message() ==
        "casbin model: policy_effect, 'e' at line 6: 'some(where (p.eft == maybe))' is no effect "
        "that is known");
  CHECK(problem(with(acl, "m = ", "m1 = ")).message().find("the key must be") !=
        std::string_view::npos);
  CHECK(problem(std::string(acl) + "m = true\n") == errc::already_exists);
  CHECK(problem(std::string(acl) + "m2 =\n").message() ==
        "casbin model: matchers, 'm2' at line 9: the matcher is empty");
  CHECK(problem(std::string(acl) + "[role_definition]\ng = _\n").message() ==
        "casbin model: role_definition, 'g' at line 10: expected '_, _' or '_, _, _', got '_'");
}

TEST_CASE("casbin model: each section must be there, but for roles") {
  for (const auto* section :
       {"request_definition", "policy_definition", "policy_effect", "matchers"}) {
    CAPTURE(section);
    const std::string text = acl;
    const auto start = text.find('[' + std::string(section));
    const auto end = text.find('[', start + 1);
    const auto e = problem(text.substr(0, start) + (end == text.npos ? "" : text.substr(end)));
    CHECK(e == errc::invalid_argument);
    CHECK(e.message().find(section) != std::string_view::npos);
  }
  CHECK(problem("").message() == "casbin model: section [request_definition] with 'r' is missing");
}

TEST_CASE("casbin model: what is added must be right") {
  CHECK(problem_of_add("x", "a") == errc::invalid_argument);
  CHECK(problem_of_add("", "a") == errc::invalid_argument);
  CHECK(problem_of_add("r", "sub") == errc::already_exists);
  CHECK(problem_of_add("r01", "sub") == errc::invalid_argument);
  CHECK(problem_of_add("p", "") == errc::invalid_argument);
  CHECK(problem_of_add("p", "a,,b") == errc::invalid_argument);
  CHECK(problem_of_add("g", "_, x") == errc::invalid_argument);
  CHECK(problem_of_add("g", "_, _, _, _") == errc::invalid_argument);
  CHECK(problem_of_add("e", "deny") == errc::invalid_argument);
  CHECK(problem_of_add("m", "  ") == errc::invalid_argument);
}

TEST_CASE("casbin model: has limits") {
  CHECK(model::parse(acl, {.max_bytes = 100}).error() == errc::resource_exhausted);
  CHECK(model::parse(acl, {.max_definitions = 3}).error() == errc::resource_exhausted);
  CHECK(model::parse(acl, {.max_definitions = 4}).has_value());
}

TEST_CASE("casbin model: from a file") {
  const auto path = std::filesystem::temp_directory_path() / "cokit-casbin-model.conf";
  std::ofstream(path) << acl;
  CHECK(model::load(path.string()).value().definitions().size() == 4);
  CHECK(model::load(path.string(), {.max_bytes = 10}).error() == errc::resource_exhausted);
  std::filesystem::remove(path);
  CHECK(model::load(path.string()).error() == errc::not_found);
  CHECK(model::load(std::filesystem::temp_directory_path().string()).error() == errc::not_found);
}
