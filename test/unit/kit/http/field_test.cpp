#include <kit/http/field.hpp>

#include <string>

#include <doctest/doctest.h>

#include <kit/http/syntax.hpp>

namespace http = kit::http;
using http::field;

TEST_CASE("field: every known name is found in any case, and names itself") {
  for (std::size_t i = 1; i < http::field_count; ++i) {
    const auto f = static_cast<field>(i);
    const std::string name(http::name(f));
    CAPTURE(name);
    CHECK(http::is_token(name));
    CHECK(http::find_field(name) == f);
    std::string upper;
    std::string lower;
    for (char c : name) {
      lower += http::to_lower(c);
      upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    }
    CHECK(http::find_field(upper) == f);
    CHECK(http::find_field(lower) == f);
  }
}

TEST_CASE("field: whatever differs in one byte is another field") {
  for (std::size_t i = 1; i < http::field_count; ++i) {
    const std::string name(http::name(static_cast<field>(i)));
    CAPTURE(name);
    for (std::size_t at = 0; at < name.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string other = name;
        other[at] = static_cast<char>(other[at] ^ (1 << bit));
        const bool same = http::iequals(name, other);
        const auto found = http::find_field(other);
        CHECK((found == static_cast<field>(i)) == same);
        if (!same && found != field::other) CHECK(http::iequals(http::name(found), other));
      }
    }
  }
}

TEST_CASE("field: unknown, empty, short and long names are other") {
  CHECK(http::find_field("") == field::other);
  CHECK(http::find_field("x") == field::other);
  CHECK(http::find_field("X-Custom") == field::other);
  CHECK(http::find_field("Content-Typ") == field::other);
  CHECK(http::find_field("Content-Type ") == field::other);
  CHECK(http::find_field(std::string(1000, 'a')) == field::other);
  CHECK(http::name(field::other) == "");
  CHECK(http::name(static_cast<field>(255)) == "");
}
