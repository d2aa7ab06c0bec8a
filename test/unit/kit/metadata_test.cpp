#include <kit/metadata.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/context.hpp>

using kit::metadata;

TEST_CASE("metadata: keys are found whatever their case, and kept in lower case") {
  const metadata m{{"X-Tenant", "a"}};
  CHECK(m.get("x-tenant") == "a");
  CHECK(m.get("X-TENANT") == "a");
  CHECK(m.begin()->first == "x-tenant");
  CHECK_FALSE(m.get("x-tenan"));
  CHECK_FALSE(m.get(""));
}

TEST_CASE("metadata: keeps the order, and every value of a key") {
  metadata m;
  m.add("b", "1");
  m.add("a", "2");
  m.add("B", "3");
  CHECK(m.size() == 3);
  CHECK(m.get("b") == "1");
  CHECK(m.get_all("b") == std::vector<std::string_view>{"1", "3"});
  CHECK(m.get_all("c").empty());
  std::string seen;
  for (const auto& [key, value] : m)
    seen += key + value;
  CHECK(seen == "b1a2b3");
}

TEST_CASE("metadata: set leaves one value, remove says how many there were") {
  metadata m{{"k", "1"}, {"other", "x"}, {"K", "2"}};
  m.set("K", "3");
  CHECK(m.get_all("k") == std::vector<std::string_view>{"3"});
  CHECK(m.remove("k") == 1);
  CHECK(m.remove("k") == 0);
  CHECK(m.size() == 1);
}

TEST_CASE("metadata: keys beyond ASCII are only themselves") {
  const metadata m{{"\xC3\x84", "a"}};
  CHECK(m.get("\xC3\x84") == "a");
  CHECK_FALSE(m.get("\xC3\xA4"));
}

TEST_CASE("metadata: a context without any gives an empty one, an inner one hides an outer one") {
  const kit::context none;
  CHECK(none.metadata().empty());
  const auto outer = none.with(metadata{{"tenant", "a"}, {"trace", "1"}});
  const auto inner = outer.with(1).with(metadata{{"tenant", "b"}});
  CHECK(outer.metadata().get("tenant") == "a");
  CHECK(inner.metadata().get("tenant") == "b");
  CHECK_FALSE(inner.metadata().get("trace"));
}
