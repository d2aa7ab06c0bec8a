#include <kit/jwt/claims.hpp>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using kit::jwt::claims;
using kit::jwt::wall_time;
using namespace std::chrono_literals;

namespace json = kit::json;

namespace {

claims read(std::string_view text) {
  return json::decode<claims>(text).value();
}
std::string refusal(std::string_view text) {
  const auto r = json::decode<claims>(text);
  return r ? "" : std::string(r.error().message());
}
std::string written(const claims& c) {
  return json::encode(c).value();
}

struct mine {
  std::string user;
  std::vector<std::string> roles;
};

}  // namespace

TEST_CASE("jwt::claims: the registered ones") {
  const auto c = read(
      R"({"iss":"me","sub":"alice","aud":["a","b"],"exp":2,"nbf":1.5,"iat":-3,"jti":"x","user":"u"})");
  CHECK(c.iss == "me");
  CHECK(c.sub == "alice");
  CHECK(c.aud == std::vector<std::string>{"a", "b"});
  CHECK(c.exp == wall_time(2s));
  CHECK(c.nbf == wall_time(1500ms));
  CHECK(c.iat == wall_time(-3s));
  CHECK(c.jti == "x");
  CHECK(read(R"({"aud":"a"})").aud == std::vector<std::string>{"a"});
  CHECK(read(R"({"aud":[]})").aud.empty());
  const auto none = read("{}");
  CHECK(none == claims{.all = none.all});
}

TEST_CASE("jwt::claims: one's own [auth/jwt:9]") {
  const auto c = read(R"({"sub":"alice","user":"go-kit","roles":["a","b"],"n":{"x":[1]}})");
  CHECK(c.as<mine>().value().user == "go-kit");
  CHECK(c.as<mine>().value().roles.size() == 2);
  CHECK(c.member("n")->text() == R"({"x":[1]})");
  CHECK(c.member("sub")->as<std::string>().value() == "alice");
  CHECK_FALSE(c.member("m"));
  CHECK_FALSE(claims{}.member("sub"));
  const auto map = c.as<std::map<std::string, json::raw>>().value();
  CHECK(map.size() == 4);
  CHECK(map.at("user").text() == "\"go-kit\"");
  CHECK_FALSE(read(R"({"user":7})").as<mine>());
}

TEST_CASE("jwt::claims: registered ones have their types") {
  for (const std::string bad :
       {R"({"iss":7})", R"({"sub":null})", R"({"aud":7})", R"({"aud":[7]})", R"({"aud":null})",
        R"({"aud":[["a"]]})", R"({"exp":"1"})", R"({"exp":null})", R"({"nbf":"x"})",
        R"({"nbf":{}})", R"({"iat":true})", R"({"jti":[]})", "[]", "\"x\"", "7", "null", "", "{",
        "{}{}"}) {
    CAPTURE(bad);
    CHECK(refusal(bad) != "");
  }
  CHECK(refusal(R"({"exp":"1"})").find("$.exp") != std::string::npos);
}

TEST_CASE("jwt::claims: no name stands there twice") {
  CHECK(refusal(R"({"exp":1,"exp":2})").find("twice") != std::string::npos);
  CHECK(refusal(R"({"a":1,"b":2,"a":1})").find("twice") != std::string::npos);
  CHECK(refusal(R"({"\u0065xp":1,"exp":2})").find("twice") != std::string::npos);
  CHECK(refusal(R"({"a":{"exp":1},"exp":2})") == "");
}

TEST_CASE("jwt::claims: strict UTF-8") {
  CHECK(refusal("{\"sub\":\"\xff\"}") != "");
  CHECK(refusal("{\"x\":\"\xc3\x28\"}") != "");
  CHECK(refusal(R"({"sub":"\ud800"})") != "");
  CHECK(read("{\"sub\":\"\xc3\xa9\"}").sub == "\xc3\xa9");
}

TEST_CASE("jwt::claims: times past the range of the clock are its ends") {
  for (const std::string large :
       {"1e18", "1e300", "9300000000", "9223372036", "18446744073709551616"}) {
    CAPTURE(large);
    CHECK(read(R"({"exp":)" + large + "}").exp == wall_time::max());
    CHECK(read(R"({"exp":-)" + large + "}").exp == wall_time::min());
  }
  CHECK(read(R"({"exp":9223372035.5})").exp == wall_time(9223372035500ms));
  CHECK(read(R"({"exp":1700000000.25})").exp == wall_time(1700000000250ms));
  CHECK(read(R"({"exp":-0.5})").exp == wall_time(-500ms));
  CHECK(read(R"({"exp":1.7e9})").exp == wall_time(1700000000s));
  CHECK(read(R"({"exp":0.9999999})").exp == wall_time(1s));
}

TEST_CASE("jwt::claims: written, registered ones first") {
  CHECK(written({}) == "{}");
  CHECK(written({.iss = "me",
                 .sub = "alice",
                 .aud = {"a"},
                 .exp = wall_time(1700000060s),
                 .nbf = wall_time(1500ms),
                 .iat = wall_time(0s),
                 .jti = "x",
                 .all = json::raw::parse(R"({"user":"u","sub":"not this","n":[1, 2]})").value()}) ==
        R"({"iss":"me","sub":"alice","aud":"a","exp":1700000060,"nbf":1.5,"iat":0,"jti":"x",)"
        R"("user":"u","n":[1,2]})");
  CHECK(written({.aud = {"a", "b"}}) == R"({"aud":["a","b"]})");
  CHECK_FALSE(json::encode(claims{.all = json::raw::parse("[]").value()}));
  CHECK_FALSE(json::encode(claims{.sub = "\xff"}));
}

TEST_CASE("jwt::claims: the ends of the clock can be written") {
  CHECK(written({.exp = wall_time::max()}) == R"({"exp":9223372036.854776})");
  CHECK(written({.exp = wall_time::min()}) == R"({"exp":-9223372036.854776})");
  CHECK(read(R"({"exp":9223372036.854776})").exp == wall_time::max());
  CHECK(read(R"({"exp":-9223372036.854776})").exp == wall_time::min());
}

TEST_CASE("jwt::claims: come back as they were written") {
  const std::string text = R"({"sub":"alice","exp":1700000000.25,"user":"u"})";
  CHECK(written(read(text)) == text);
  const auto once = read(text);
  CHECK(read(written(once)) == once);
}
