#include <kit/http/method.hpp>

#include <string>
#include <type_traits>

#include <doctest/doctest.h>

#include <kit/error.hpp>

using kit::http::method;

static_assert(sizeof(method) <= 24);
static_assert(std::is_trivially_copyable_v<method>);

TEST_CASE("method: every registered one is found by its name") {
  for (int i = 1; i <= method::version_control; ++i) {
    const method m(static_cast<method::id>(i));
    CAPTURE(m.name());
    const auto found = method::parse(m.name());
    REQUIRE(found);
    CHECK(found->known() == i);
    CHECK(*found == m);
  }
  CHECK(method(method::del).name() == "DELETE");
  CHECK(method().name() == "GET");
}

TEST_CASE("method: names are case-sensitive") {
  CHECK(method::parse("get")->known() == method::custom);
  CHECK_FALSE(*method::parse("get") == method::get);
}

TEST_CASE("method: any other token is kept and compared as text") {
  const auto frob = method::parse("FROB");
  REQUIRE(frob);
  CHECK(frob->name() == "FROB");
  CHECK(*frob == method("FROB"));
  CHECK_FALSE(*frob == method("FROBS"));
  CHECK_FALSE(*frob == method::get);
  CHECK_FALSE(*frob == method::custom);
  CHECK(method::parse(std::string(method::max_custom, 'A'))->name().size() == method::max_custom);
}

TEST_CASE("method: what is no token or too long is refused") {
  for (const char* bad : {"", "A B", "GET ", "G\xc9T", "G(T"}) {
    CAPTURE(bad);
    CHECK_FALSE(method::parse(bad));
    CHECK_THROWS_AS(method{bad}, kit::error);
  }
  CHECK_FALSE(method::parse(std::string(method::max_custom + 1, 'A')));
}

TEST_CASE("method: safe and idempotent as RFC 9110 9.2 says") {
  for (const char* m : {"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "QUERY"}) {
    CAPTURE(m);
    CHECK(method(m).is_safe());
    CHECK(method(m).is_idempotent());
  }
  for (const char* m : {"PUT", "DELETE"}) {
    CAPTURE(m);
    CHECK_FALSE(method(m).is_safe());
    CHECK(method(m).is_idempotent());
  }
  for (const char* m : {"POST", "PATCH", "CONNECT", "LOCK", "FROB"}) {
    CAPTURE(m);
    CHECK_FALSE(method(m).is_safe());
    CHECK_FALSE(method(m).is_idempotent());
  }
}
