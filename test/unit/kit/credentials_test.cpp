#include <kit/credentials.hpp>

#include <string_view>

#include <doctest/doctest.h>

using kit::scheme_value;

TEST_CASE("credentials: two words, the first one the scheme, in any case [auth/jwt:12]") {
  for (const std::string_view text : {"Bearer abc", "bearer abc", "BEARER abc", "bEaReR   abc"}) {
    CAPTURE(text);
    CHECK(scheme_value("bearer", text) == "abc");
  }
  CHECK(scheme_value("Basic", "basic YTpi") == "YTpi");
}

TEST_CASE("credentials: anything else has no value of the scheme [auth/jwt:12]") {
  for (const std::string_view text :
       {"", " ", "abc", "Bearer", "Bearer ", "Bearer  ", " Bearer abc", "Bearer abc def",
        "Bearer abc ", "Basic abc", "Bearerabc", "Bearer\tabc"}) {
    CAPTURE(text);
    CHECK_FALSE(scheme_value("bearer", text));
  }
}

TEST_CASE("credentials: of metadata, the first value counts [auth/jwt:14] [not auth/jwt:D4]") {
  const kit::metadata sent{
      {"Authorization", "Bearer a"}, {"authorization", "Bearer b"}, {"X-API-Key", "k"}};
  CHECK(kit::credentials_in(sent) == kit::credentials{"Bearer a", "k"});
  CHECK(kit::credentials_in({}) == kit::credentials());
}
