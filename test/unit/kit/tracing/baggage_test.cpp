#include <kit/tracing/baggage.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>

using kit::tracing::baggage;
using member = baggage::member;

TEST_CASE("baggage: members are read with their properties, and written again") {
  const auto b = baggage::parse(" a = 1 ; p1 ; p2=v , b=%C3%A4%20%25 ,c=");
  CHECK(b.members() == std::vector<member>{{"a", "1", "p1 ; p2=v"}, {"b", "\u00e4 %"}, {"c", ""}});
  CHECK(b.to_string() == "a=1;p1 ; p2=v,b=%C3%A4%20%25,c=");
  CHECK(baggage::parse(b.to_string()) == b);
}

TEST_CASE("baggage: what is malformed is left out, the rest stays") {
  const auto b = baggage::parse("a=1,,=x,no,b c=1,d=\"q\",e=1;\"p\",f=%zz,g=2");
  CHECK(b.members() == std::vector<member>{{"a", "1"}, {"f", "%zz"}, {"g", "2"}});
  CHECK(baggage::parse("").empty());
  CHECK(baggage::parse(",;,=").empty());
}

TEST_CASE("baggage: one member a key, the last one's value") {
  CHECK(baggage::parse("a=1,A=2,a=3").members() == std::vector<member>{{"a", "3"}, {"A", "2"}});
  const auto b = baggage().with("a", "1").with("b", "2").with("a", "x,y");
  CHECK(b.to_string() == "a=x%2Cy,b=2");
  CHECK(b.get("a") == "x,y");
  CHECK_FALSE(b.get("c"));
  CHECK(b.without("a").to_string() == "b=2");
  CHECK(b.get("b") == "2");  // it has not changed
}

TEST_CASE("baggage: has limits") {
  std::string many, large;
  for (int i = 0; i < 100; ++i)
    many += 'k' + std::to_string(i) + "=v,";
  CHECK(baggage::parse(many).members().size() == baggage::max_members);
  for (int i = 0; i < 10; ++i)
    large += 'k' + std::to_string(i) + '=' + std::string(1000, 'v') + ',';
  CHECK(baggage::parse(large).members().size() == 8);

  baggage b;
  for (int i = 0; i < 4; ++i)
    b = b.with('k' + std::to_string(i), std::string(1000, ' '));
  CHECK(b.members().size() == 4);
  CHECK(b.to_string().size() <= baggage::max_bytes);
  CHECK(baggage::parse(b.to_string()).members().size() == 2);  // three bytes a space
}

TEST_CASE("baggage: a wrong key, and wrong properties, are refused") {
  CHECK_THROWS_AS(baggage().with("", "1"), kit::error);
  CHECK_THROWS_AS(baggage().with("a b", "1"), kit::error);
  CHECK_THROWS_AS(baggage().with("a", "1", "p,q"), kit::error);
  CHECK_THROWS_AS(baggage().with("a", "1", "p\r\n"), kit::error);
}

TEST_CASE("baggage: of a context is added to") {
  const auto outer = kit::tracing::with_baggage({}, "a", "1");
  const auto inner = kit::tracing::with_baggage(outer, "b", "2");
  CHECK(inner.get<baggage>()->to_string() == "a=1,b=2");
  CHECK(outer.get<baggage>()->to_string() == "a=1");
}
