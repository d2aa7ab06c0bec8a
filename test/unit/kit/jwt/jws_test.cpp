#include <kit/jwt/jws.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/base64.hpp>

#include "keys.hpp"
#include "pems.hpp"

using kit::errc;
using kit::jwt::algorithm;
using kit::jwt::failure;
using kit::jwt::key;
using kit::jwt::key_set;
using kit::jwt::sign_jws;
using kit::jwt::verify_jws;
using test::failure_of;
using test::pems_of;
using test::secret_of;

namespace {

std::string url(std::string_view text) {
  return kit::base64::encode_url(std::as_bytes(std::span(text.data(), text.size())));
}

/// A token with that header, signed by `k`.
std::string token_with(std::string_view head, const key& k, std::string_view payload = "{}") {
  const auto text = url(head) + '.' + url(payload);
  return text + '.' + url(k.sign(text).value());
}

failure refusal(std::string_view token, const key_set& keys) {
  const auto r = verify_jws(token, keys);
  REQUIRE_FALSE(r);
  CHECK(r.error() == errc::unauthenticated);
  return failure_of(r.error());
}

std::string cause_of(const kit::error& e) {
  return e.cause() ? kit::to_error(e.cause()).what() : "";
}

}  // namespace

TEST_CASE("jwt::jws: signed and verified, any payload") {
  const auto k = secret_of('a', "one");
  for (const auto& payload : {std::string(), std::string("{}"), std::string("\0\xff", 2)}) {
    const auto token = sign_jws(payload, k, "JWT").value();
    CHECK(verify_jws(token, k).value() == payload);
  }
  const auto parsed = kit::jwt::jws::parse(sign_jws("x", k, "at+jwt").value()).value();
  CHECK(parsed.head().alg == algorithm::hs256);
  CHECK(parsed.head().kid == "one");
  CHECK(parsed.head().typ == "at+jwt");
  CHECK_FALSE(parsed.head().critical);
  CHECK(parsed.payload() == "x");
}

TEST_CASE("jwt::jws: each changed byte is noticed") {
  const std::string all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n";
  for (const auto& k : {secret_of('a', "one"), key::from_jwk(test::ed25519_private)}) {
    const key_set keys(k);
    const auto token = sign_jws(R"({"sub":"alice"})", k).value();
    REQUIRE(verify_jws(token, keys));
    for (std::size_t i = 0; i < token.size(); ++i) {
      for (const char c : all) {
        auto changed = token;
        changed[i] = c;
        if (changed != token && verify_jws(changed, keys)) FAIL_CHECK("byte " << i << ": " << c);
      }
      const auto less = token.substr(0, i) + token.substr(i + 1);
      if (less != token && verify_jws(less, keys)) FAIL_CHECK("without byte " << i);
      if (verify_jws(token.substr(0, i), keys)) FAIL_CHECK("cut at " << i);
    }
    CHECK_FALSE(verify_jws(token + 'A', keys));
    CHECK_FALSE(verify_jws(token + "AA", keys));
    CHECK(refusal(token + ".", keys) == failure::malformed);
    CHECK(refusal('.' + token, keys) == failure::malformed);
    CHECK(refusal(' ' + token, keys) == failure::malformed);
    CHECK(refusal(token + '\n', keys) == failure::malformed);
  }
}

TEST_CASE("jwt::jws: malformed, and the cause says why") {
  const auto k = secret_of('a');
  const auto why = [&](std::string_view token) {
    const auto r = verify_jws(token, k);
    REQUIRE_FALSE(r);
    CHECK(failure_of(r.error()) == failure::malformed);
    CHECK(r.error().message() == "JWT is malformed");
    return cause_of(r.error());
  };
  CHECK(why("") == "not three parts");
  CHECK(why("a.b") == "not three parts");
  CHECK(why("malformed.jwt.token") == "not in base64url");
  CHECK(why("a.b.c.d") == "not in base64url");
  CHECK(why("..") == "header: $: unexpected end of text at byte 0");
  CHECK(why(token_with("{}", k)) == "header: no alg");
  CHECK(why(token_with(R"({"alg":""})", k)) == "header: no alg");
  CHECK(why(token_with(R"({"alg":7})", k)) ==
        "header: $.alg: expected string, got number at byte 7");
  CHECK(why(token_with(R"({"alg":null})", k)).starts_with("header: $.alg: expected string"));
  CHECK(why(token_with(R"({"alg":"HS256","kid":7})", k)).starts_with("header: $.kid"));
  CHECK(why(token_with(R"({"alg":"HS256","typ":[]})", k)).starts_with("header: $.typ"));
  CHECK(why(token_with(R"({"alg":"HS256","alg":"HS256"})", k)).find("twice") != std::string::npos);
  CHECK(why(token_with(R"({"alg":"HS256","x":1,"x":2})", k)).find("twice") != std::string::npos);
  CHECK(why(token_with(R"({"alg":"HS256","\u0078":1,"x":2})", k)).find("twice") !=
        std::string::npos);
  CHECK(why(token_with(R"(["HS256"])", k)).starts_with("header: $: expected object"));
  CHECK(why(token_with(R"({"alg":"HS256"} x)", k)) != "");
  CHECK(why(token_with("{\"alg\":\"HS256\",\"x\":\"\xff\"}", k)) != "");
  CHECK(why(token_with("\xef\xbb\xbf{\"alg\":\"HS256\"}", k)) != "");
  const auto deep = R"({"alg":"HS256","x":)" + std::string(50, '[') + std::string(50, ']') + "}";
  CHECK(why(token_with(deep, k)) != "");
}

TEST_CASE("jwt::jws: white space in the header's JSON is fine") {
  const auto k = secret_of('a');
  CHECK(verify_jws(token_with(" {\r\n \"alg\" : \"HS256\" }\t", k), k));
}

TEST_CASE("jwt::jws: the length is limited") {
  const auto k = secret_of('a');
  const auto token = sign_jws(std::string(100, 'x'), k).value();
  CHECK(verify_jws(token, k, token.size()));
  CHECK(failure_of(verify_jws(token, k, token.size() - 1).error()) == failure::malformed);
  const auto large = sign_jws(std::string(20'000, 'x'), k).value();
  CHECK(refusal(large, k) == failure::malformed);
  CHECK(verify_jws(large, k, 40'000));
}

TEST_CASE("jwt::jws: none is never accepted, however it is written [auth/jwt:4]") {
  const auto k = secret_of('a');
  for (const std::string alg : {"none", "None", "NONE", "nOnE", "hs256", "HS256 ", "HS257"}) {
    const auto head = R"({"alg":")" + alg + "\"}";
    CHECK(refusal(url(head) + "." + url("{}") + ".", k) == failure::unexpected_algorithm);
    CHECK(refusal(token_with(head, k), k) == failure::unexpected_algorithm);
  }
}

TEST_CASE("jwt::jws: extensions in crit are not understood (RFC 7515 4.1.11)") {
  const auto k = secret_of('a');
  for (const std::string crit : {R"(["x"])", "[]", R"(["b64"])", "null", "7"}) {
    const auto head = R"({"alg":"HS256","b64":false,"x":1,"crit":)" + crit + "}";
    CHECK(refusal(token_with(head, k), k) == failure::critical_extension);
  }
}

TEST_CASE("jwt::jws: a token signed with the text of a public key (RFC 8725 2.1)") {
  for (const std::string_view kind : {"RSA-2048", "P-256"}) {
    const auto& pem = pems_of(kind).spki;
    const auto alg = kind == "P-256" ? algorithm::es256 : algorithm::rs256;
    const auto attacker = key::secret(pem, algorithm::hs256);
    const auto forged = sign_jws("{}", attacker).value();
    CHECK(refusal(forged, key::from_pem(pem, {.algorithm = alg})) == failure::unexpected_algorithm);
    // Also beside a key that HMAC is right for.
    const key_set both(std::vector{key::from_pem(pem, {.algorithm = alg}), secret_of('a')});
    CHECK(refusal(forged, both) == failure::bad_signature);
  }
}

TEST_CASE("jwt::jws: a key is used with its own algorithm only") {
  const auto& pem = pems_of("RSA-2048");
  const auto signed_by = [&](algorithm a) {
    return sign_jws("{}", key::from_pem(pem.pkcs8, {.algorithm = a})).value();
  };
  const auto rs256 = key::from_pem(pem.spki, {.algorithm = algorithm::rs256});
  CHECK(verify_jws(signed_by(algorithm::rs256), rs256));
  for (const auto other : {algorithm::rs384, algorithm::rs512, algorithm::ps256}) {
    CHECK(refusal(signed_by(other), rs256) == failure::unexpected_algorithm);
  }
}

TEST_CASE("jwt::jws: the header names one algorithm, the signature is of another") {
  const auto small = secret_of('a');
  const auto large = key::secret(std::string(64, 'b'), algorithm::hs512);
  const key_set both(std::vector{small, large});
  CHECK(verify_jws(token_with(R"({"alg":"HS256"})", small), both));
  CHECK(refusal(token_with(R"({"alg":"HS512"})", small), both) == failure::bad_signature);
}

TEST_CASE("jwt::jws: keys that the header brings along are the sender's") {
  const auto attacker = key::from_jwk(test::ed25519_private);
  const auto ours = key::from_pem(pems_of("ED25519").spki);
  const auto head =
      R"({"alg":"EdDSA","jku":"https://evil/","jwk":)" + std::string(test::ed25519_public) + "}";
  CHECK(refusal(token_with(head, attacker), ours) == failure::bad_signature);
}

TEST_CASE("jwt::jws: which keys are tried, by kid and algorithm") {
  const auto a = secret_of('a', "a");
  const auto b = secret_of('b', "b");
  const auto nameless = secret_of('c');
  const key_set keys(std::vector{a, b});
  CHECK(verify_jws(sign_jws("x", b).value(), keys));
  CHECK(refusal(sign_jws("x", secret_of('a', "b")).value(), keys) == failure::bad_signature);
  CHECK(refusal(sign_jws("x", secret_of('a', "c")).value(), keys) == failure::unknown_key);
  // Without a kid any may be the one.
  CHECK(verify_jws(sign_jws("x", secret_of('b')).value(), keys));
  CHECK(refusal(sign_jws("x", nameless).value(), keys) == failure::bad_signature);
  // A key without kid is one for any.
  const key_set open(std::vector{a, nameless});
  CHECK(verify_jws(sign_jws("x", secret_of('c', "z")).value(), open));
  CHECK(verify_jws(sign_jws("x", secret_of('c', "a")).value(), open));
  CHECK(refusal(sign_jws("x", a).value(), key_set()) == failure::unknown_key);
  CHECK(refusal(sign_jws("x", nameless).value(), key_set()) == failure::unknown_key);
  // A key that is for signing only counts as none.
  const auto signs = key::from_jwk(R"({"kty":"oct","alg":"HS256","key_ops":["sign"],)"
                                   R"("k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"})");
  CHECK(refusal(sign_jws("x", signs).value(), signs) == failure::unknown_key);
  // The kid is right, the algorithm isn't.
  const auto ed = key::from_jwk(test::ed25519_private, {.id = "a"});
  CHECK(refusal(sign_jws("x", ed).value(), keys) == failure::unexpected_algorithm);
}

TEST_CASE("jwt::jws: the token of RFC 8037 A.4") {
  const std::string token =
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcv"
      "Mg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
  CHECK(verify_jws(token, key::from_jwk(test::ed25519_public)).value() ==
        "Example of Ed25519 signing");
  CHECK(sign_jws("Example of Ed25519 signing", key::from_jwk(test::ed25519_private)).value() ==
        token);
}
