#include <kit/jwt/key_set.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "keys.hpp"

using kit::errc;
using kit::jwt::algorithm;
using kit::jwt::key_set;
using test::refusal_of;
using test::secret_of;

namespace {

constexpr std::string_view start = "jwt: the key set can't be used: ";

std::string refusal(const std::string& json, kit::jwt::key_set_options o = {}) {
  const auto text = refusal_of([&] { key_set::parse(json, o); });
  return text.starts_with(start) ? text.substr(start.size()) : text;
}

const std::string ed = std::string(test::ed25519_public);
std::string ed_with(const std::string& more) {
  return ed.substr(0, ed.size() - 1) + "," + more + "}";
}
const std::string oct =
    R"({"kty":"oct","alg":"HS256","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"})";

}  // namespace

TEST_CASE("jwt::key_set: keys of a JWK set, and why others were passed over") {
  const auto set = key_set::parse(R"({"keys":[)" + ed_with(R"("kid":"a","x5c":["ignored"])") + "," +
                                  ed_with(R"("kid":"b","use":"enc")") + R"(,{"kty":"future"},7,)" +
                                  ed_with(R"("kid":"c")") + R"(],"more":1})");
  REQUIRE(set.keys().size() == 2);
  CHECK(set.keys()[0].id() == "a");
  CHECK(set.keys()[1].id() == "c");
  REQUIRE(set.passed_over().size() == 3);
  CHECK(set.passed_over()[0] == "key 1: jwt: the key can't be used: its use is not sig");
  CHECK(set.passed_over()[1] == "key 2: jwt: the key can't be used: its kty is not known");
  CHECK(set.passed_over()[2].starts_with("key 3: jwt: the key can't be used: not a JWK"));
}

TEST_CASE("jwt::key_set: texts that are none") {
  CHECK(refusal("").starts_with("$: "));
  CHECK(refusal("[]").starts_with("$: expected object, got array"));
  CHECK(refusal("{}") == "it has no keys");
  CHECK(refusal(R"({"keys":[]})") == "it has no keys");
  CHECK(refusal(R"({"keys":{}})").starts_with("$.keys: expected array"));
  CHECK(refusal(R"({"keys":[],"keys":[]})") != "");
  CHECK(refusal(R"({"keys":[{"kty":"future"}]})") ==
        "key 0: jwt: the key can't be used: its kty is not known");
  CHECK(refusal("{\"keys\":[\"\xff\"]}") != "");
  CHECK(refusal(R"({"keys":[)" + ed + "]} x") != "");
}

TEST_CASE("jwt::key_set: limits") {
  const auto two = R"({"keys":[)" + ed_with(R"("kid":"a")") + "," + ed + "]}";
  CHECK(refusal(two) == "");
  CHECK(refusal(two, {.max_keys = 1}) == "it has too many keys");
  CHECK(refusal(two, {.max_bytes = two.size()}) == "");
  CHECK(refusal(two, {.max_bytes = two.size() - 1}) != "");
}

TEST_CASE("jwt::key_set: a kid is that of one key, but for keys of different algorithms") {
  const auto a = ed_with(R"("kid":"a")");
  CHECK(refusal(R"({"keys":[)" + a + "," + a + "]}") == "two keys have the same kid");
  CHECK(refusal(R"({"keys":[)" + a + "," + ed_with(R"("kid":"a","alg":"Ed25519")") + "]}") == "");
  CHECK(refusal(R"({"keys":[)" + ed + "," + ed + "]}") == "");
  CHECK(refusal_of([] { key_set(std::vector{secret_of('a', "x"), secret_of('b', "x")}); }) != "");
  CHECK(key_set(std::vector{secret_of('a', "x"), secret_of('b', "y")}).keys().size() == 2);
}

TEST_CASE("jwt::key_set: no secrets beside public keys, and none in what is published") {
  CHECK(refusal(R"({"keys":[)" + oct + "]}") == "");
  CHECK(refusal(R"({"keys":[)" + oct + "," + ed + "]}") == "it has secrets beside public keys");
  const kit::jwt::key_set_options published{.only_public = true};
  CHECK(refusal(R"({"keys":[)" + oct + "]}", published) ==
        "key 0: it should be public, but is secret");
  CHECK(refusal(R"({"keys":[)" + std::string(test::ed25519_private) + "]}", published) ==
        "key 0: it should be public, but is secret");
  CHECK(refusal(R"({"keys":[)" + oct + "," + ed + "]}", published) == "");
}

TEST_CASE("jwt::key_set: what RSA keys are for that don't say it") {
  const auto rsa =
      R"({"keys":[{"kty":"RSA","e":"AQAB","n":")" + std::string(341, '_') + "w\"}," + ed + "]}";
  CHECK(key_set::parse(rsa).passed_over().size() == 1);
  const auto set = key_set::parse(rsa, {.rsa_algorithm = algorithm::ps256});
  REQUIRE(set.keys().size() == 2);
  CHECK(set.keys()[0].algorithm() == algorithm::ps256);
  CHECK(set.keys()[1].algorithm() == algorithm::eddsa);
}

TEST_CASE("jwt::key_set: of a file") {
  const auto path = std::filesystem::temp_directory_path() / "cokit_key_set_test.json";
  std::ofstream(path) << R"({"keys":[)" << ed << "]}";
  CHECK(key_set::load(path.string()).keys().size() == 1);
  CHECK(refusal_of([&] { key_set::load(path.string(), {.max_bytes = 20}); }) != "");
  std::filesystem::remove(path);
  try {
    key_set::load(path.string());
    FAIL("it is not there");
  } catch (const kit::error& e) {
    CHECK(e == errc::not_found);
  }
}
