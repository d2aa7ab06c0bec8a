#include <kit/codec/query.hpp>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace query = kit::query;

namespace {

enum class order : std::uint8_t { ascending, descending };

struct search {
  std::string q = "none";
  int limit = 10;
  double score = 0;
  bool verbose = false;
  order by = order::ascending;
  std::optional<int> page = {};
  std::optional<std::string> cursor = {};
  std::vector<std::string> tag = {"default"};
  std::vector<bool> flag = {};
  friend bool operator==(const search&, const search&) = default;
};

struct lookup {
  std::string id;
  std::uint8_t depth = 1;
  std::string secret = "kept";
  std::vector<int> part = {};
};

struct inner {
  int x = 0;
};
struct nested {
  int a = 0;
  inner b;
};
struct with_map {
  std::map<std::string, int> m;
};
struct hidden {
  int a = 0;
  inner b;
};
struct nothing {};

struct mixed {
  int a = 0;
  inner b;
  int must = 0;
};

}  // namespace

template <>
struct kit::reflect_traits<lookup> {
  static constexpr auto fields =
      kit::fields(kit::field<&lookup::id>("user-id").required(),
                  kit::field<&lookup::depth>().omit_empty(), kit::field<&lookup::secret>().skip());
};
template <>
struct kit::reflect_traits<hidden> {
  static constexpr auto fields = kit::fields(kit::field<&hidden::b>().skip());
};
template <>
struct kit::reflect_traits<mixed> {
  static constexpr auto fields = kit::fields(kit::field<&mixed::must>().required());
};

namespace {

template <class T>
std::string failure(std::string_view text) {
  const auto r = query::decode<T>(text);
  if (r) return "no failure";
  CHECK(r.error() == kit::errc::invalid_argument);
  return std::string(r.error().message());
}

kit::http::path_params path(
    std::initializer_list<std::pair<std::string_view, std::string_view>> params) {
  kit::http::path_params out;
  for (const auto& [name, value] : params)
    out.add(name, value);
  return out;
}

}  // namespace

TEST_CASE("query codec: parameters fill the fields of their names") {
  const auto r = query::decode<search>(
      "q=a+b%26c&limit=-5&score=0.5&verbose&by=descending&page=3&cursor=&tag=x&tag=y+z&flag=1"
      "&flag=false");
  REQUIRE(r.has_value());
  CHECK(*r == search{.q = "a b&c",
                     .limit = -5,
                     .score = 0.5,
                     .verbose = true,
                     .by = order::descending,
                     .page = 3,
                     .cursor = "",
                     .tag = {"x", "y z"},
                     .flag = {true, false}});
}

TEST_CASE("query codec: fields without a parameter keep their defaults") {
  CHECK(query::decode<search>("").value() == search{});
  CHECK(query::decode<nothing>("a=1").has_value());
}

TEST_CASE("query codec: parameters without a field are ignored, whatever they hold") {
  CHECK(query::decode<search>("x=1&Limit=2&%zz=1&other=%zz&&=").value() == search{});
}

TEST_CASE("query codec: an error names the parameter, what was expected, and what came") {
  CHECK(failure<search>("limit=x") == R"(query parameter "limit": expected integer, got "x")");
  CHECK(failure<search>("limit=") == R"(query parameter "limit": expected integer, got "")");
  CHECK(failure<search>("page=x") == R"(query parameter "page": expected integer, got "x")");
  CHECK(failure<search>("score=abc") == R"(query parameter "score": expected number, got "abc")");
  CHECK(failure<search>("by=up") ==
        R"(query parameter "by": expected one of "ascending", "descending", got "up")");
  CHECK(failure<search>("flag=1&flag=x") ==
        R"(query parameter "flag": expected true or false, got "x")");
  CHECK(failure<search>("q=%ff") == R"(query parameter "q": expected valid UTF-8, got "?")");
  CHECK(failure<search>("limit=%zz") == R"(query parameter "limit": malformed percent-encoding)");
}

TEST_CASE("query codec: a long or strange value is not repeated whole") {
  const auto text = failure<search>("limit=" + std::string(10'000, 'a') + "%0d%0a");
  CHECK(text.size() < 200);
  CHECK(failure<search>("limit=a%0d%0ab") ==
        R"(query parameter "limit": expected integer, got "a??b")");
}

TEST_CASE("query codec: a parameter given twice is refused unless its field is a vector") {
  CHECK(failure<search>("limit=1&limit=1") == R"(query parameter "limit": given more than once)");
  CHECK(failure<search>("page=1&page=2") == R"(query parameter "page": given more than once)");
}

TEST_CASE("query codec: traits rename, skip and require") {
  const auto r = query::decode<lookup>("user%2Did=7&secret=stolen&id=8");
  REQUIRE(r.has_value());
  CHECK(r->id == "7");
  CHECK(r->secret == "kept");
  CHECK(failure<lookup>("depth=2") == R"(query parameter "user-id": missing)");
  CHECK(query::decode<lookup>("user-id=").value().id.empty());
}

TEST_CASE("query codec: what has no parameters' form is refused at compile time") {
  CHECK(query::parameters<search>);
  CHECK(query::parameters<nothing>);
  CHECK(query::parameters<hidden>);
  CHECK_FALSE(query::parameters<nested>);
  CHECK_FALSE(query::parameters<with_map>);
  CHECK_FALSE(query::parameters<int>);
}

TEST_CASE("query decoder: the path goes before the query") {
  lookup value;
  query::decoder d(value);
  REQUIRE(d.path(path({{"user-id", "a/b"}, {"other", "x"}})).has_value());
  REQUIRE(d.query("user-id=query&depth=3&part=1&part=2").has_value());
  REQUIRE(d.finish().has_value());
  CHECK(value.id == "a/b");
  CHECK(value.depth == 3);
  CHECK(value.part == std::vector{1, 2});
}

TEST_CASE("query decoder: an error in the path says so") {
  lookup value;
  query::decoder d(value);
  const auto r = d.path(path({{"depth", "300"}}));
  REQUIRE_FALSE(r.has_value());
  CHECK(r.error().message() ==
        R"(path parameter "depth": expected integer from 0 to 255, got "300")");
}

TEST_CASE("query decoder: fields that are no parameters are passed over, but may be missed") {
  mixed value;
  query::decoder d(value);
  REQUIRE(d.query("a=1&b=2").has_value());
  CHECK(value.a == 1);
  CHECK(value.b.x == 0);
  CHECK(d.finish().error().message() == R"(query parameter "must": missing)");
}

TEST_CASE("query codec: what was encoded decodes to the same") {
  const search value{.q = "a b&c=\xc3\xa9",
                     .limit = 0,
                     .score = 1e-7,
                     .verbose = true,
                     .by = order::descending,
                     .cursor = "",
                     .tag = {"", "x+y"},
                     .flag = {false}};
  const auto text = query::encode(value);
  REQUIRE(text.has_value());
  CHECK(*text ==
        "q=a+b%26c%3D%C3%A9&limit=0&score=1e-7&verbose=true&by=descending&cursor=&tag=&tag=x%2By"
        "&flag=false");
  CHECK(query::decode<search>(*text).value() == value);
}

TEST_CASE("query codec: encoding heeds the traits") {
  CHECK(query::encode(lookup{.id = "7", .depth = 0}).value() == "user-id=7");
  CHECK(query::encode(nothing{}).value().empty());
}

TEST_CASE("query codec: a value without a text is an error that names the field") {
  const auto r = query::encode(search{.score = std::numeric_limits<double>::infinity()});
  REQUIRE_FALSE(r.has_value());
  CHECK(r.error() == kit::errc::invalid_argument);
  CHECK(r.error().message() == R"(query parameter "score": infinity)");
  CHECK_FALSE(query::encode(search{.tag = {"\xff"}}).has_value());
}
