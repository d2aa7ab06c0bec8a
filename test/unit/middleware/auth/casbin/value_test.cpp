#include <middleware/auth/casbin/value.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>

using namespace std::chrono_literals;
using kit::casbin::value;

namespace {

enum class colour { red, green };

struct address {
  std::string city;
};
struct person {
  std::string name;
  int age = 0;
  bool admin = false;
  std::vector<std::string> grants;
  address home;
  std::optional<int> rank;
  std::unique_ptr<address> work;
  colour favourite = colour::red;
  std::string secret;
};

}  // namespace

template <>
struct kit::reflect_traits<person> {
  static constexpr auto fields =
      kit::fields(kit::field<&person::name>("Name"), kit::field<&person::secret>().skip());
};

TEST_CASE("casbin value: scalars") {
  CHECK(value().is_null());
  CHECK(value(nullptr).is_null());
  CHECK(*value(true).boolean());
  CHECK(*value(7).number() == 7);
  CHECK(*value(2.5F).number() == 2.5);
  CHECK(*value(std::uint64_t{1} << 53).number() == 9007199254740992.0);
  CHECK(*value("a").text() == "a");
  CHECK(*value(std::string_view("b")).text() == "b");
  CHECK(*value(colour::green).text() == "green");
  CHECK(*value(1500ms).number() == 1.5);
  CHECK(*value(std::chrono::system_clock::time_point(7s)).number() == 7);
  CHECK(value(std::optional<int>()).is_null());
  CHECK(*value(std::optional(3)).number() == 3);
  CHECK(value(1).text() == nullptr);
  CHECK(value(1).items() == nullptr);
  CHECK(value(1).find("a") == nullptr);
}

TEST_CASE("casbin value: a struct is an object, by reflection") {
  person p;
  p.name = "Ann";
  p.age = 20;
  p.grants = {"read", "write"};
  p.home = {"Rome"};
  p.work = std::make_unique<address>(address{"Ostia"});
  const value v = p;
  REQUIRE(v.type() == value::kind::object);
  CHECK(*v.find("Name") == "Ann");
  CHECK(*v.find("age") == 20);
  CHECK(*v.find("admin") == false);
  CHECK(*v.find("grants") == value(value::list{"read", "write"}));
  CHECK(*v.find("home")->find("city") == "Rome");
  CHECK(v.find("rank")->is_null());
  CHECK(*v.find("work")->find("city") == "Ostia");
  CHECK(*v.find("favourite") == "red");
  CHECK(v.find("name") == nullptr);
  CHECK(v.find("secret") == nullptr);
}

TEST_CASE("casbin value: maps and lists") {
  const value v = std::map<std::string, int>{{"a", 1}, {"b", 2}};
  CHECK(v.attributes()->size() == 2);
  CHECK(*v.find("b") == 2);
  CHECK(value(std::vector<bool>{true, false}).items()->at(0) == true);
  CHECK(value(value::object{{"x", value::list{1, "a"}}}).find("x")->items()->size() == 2);
}

TEST_CASE("casbin value: equal if of one kind, and equal as such") {
  CHECK(value(1) == value(1.0));
  CHECK_FALSE(value(1) == value("1"));
  CHECK_FALSE(value(0) == value(false));
  CHECK(value() == value());
  CHECK(value(value::list{1, "a"}) == value(value::list{1, "a"}));
  CHECK_FALSE(value(value::object{{"a", 1}}) == value(value::object{{"a", 2}}));
}

TEST_CASE("casbin value: from JSON") {
  const auto v = value::from_json(R"({"a": [1, true, null, "x"], "b": {"c": 2.5}})").value();
  CHECK(*v.find("a") == value(value::list{1, true, value(), "x"}));
  CHECK(*v.find("b")->find("c") == 2.5);
  CHECK(value::from_json("{").error() == kit::errc::invalid_argument);
  CHECK(value::from_json("[[1]]", {.max_depth = 1}).error() == kit::errc::invalid_argument);
  CHECK(value::from_json(std::string(100'000, '[')).error() == kit::errc::invalid_argument);
}

TEST_CASE("casbin value: kinds have names") {
  CHECK(name(value::kind::null) == "null");
  CHECK(name(value::kind::object) == "object");
}
