#include <kit/jwt/verifier.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <kit/jwt/sign.hpp>

#include "keys.hpp"
#include "pems.hpp"

using kit::errc;
using kit::jwt::algorithm;
using kit::jwt::claims;
using kit::jwt::failure;
using kit::jwt::key;
using kit::jwt::key_set;
using kit::jwt::sign;
using kit::jwt::verifier;
using kit::jwt::verifier_options;
using test::failure_of;
using test::now;
using test::refusal_of;
using test::secret_of;
using test::verifier_at;
using namespace std::chrono_literals;

namespace {

const key ours = secret_of('a', "kid");

std::string token_of(const claims& c, const key& k = ours, std::string_view typ = "JWT") {
  return sign(c, k, typ).value();
}

failure refusal(const verifier& v, const std::string& token) {
  const auto r = v.verify(token);
  REQUIRE_FALSE(r);
  CHECK(r.error() == errc::unauthenticated);
  CHECK(r.error().message() == kit::jwt::text(failure_of(r.error())));
  return failure_of(r.error());
}

bool accepts(const verifier& v, const claims& c) {
  return v.verify(token_of(c)).has_value();
}

}  // namespace

TEST_CASE("jwt::verifier: the claims of a token that is right") {
  const auto c = verifier_at(ours).verify(
      token_of({.iss = "me", .sub = "alice", .exp = now + 60s, .iat = now}));
  REQUIRE(c);
  CHECK(c->iss == "me");
  CHECK(c->sub == "alice");
  CHECK(c->exp == now + 60s);
}

TEST_CASE("jwt::verifier: another key [auth/jwt:5]") {
  CHECK(refusal(verifier_at(ours), token_of({}, secret_of('b', "kid"))) == failure::bad_signature);
  CHECK(refusal(verifier_at(ours), token_of({}, secret_of('b', "x"))) == failure::unknown_key);
}

TEST_CASE("jwt::verifier: another algorithm; the signature isn't looked at [auth/jwt:4]") {
  const auto hs512 = key::secret(std::string(64, 'a'), algorithm::hs512, {.id = "kid"});
  CHECK(refusal(verifier_at(ours), token_of({}, hs512)) == failure::unexpected_algorithm);
  CHECK(refusal(verifier_at(ours), token_of({.exp = now - 100s}, hs512)) ==
        failure::unexpected_algorithm);
  CHECK(kit::jwt::text(failure::unexpected_algorithm) == "unexpected signing method");
}

TEST_CASE("jwt::verifier: malformed, expired, not yet valid, with Go kit's texts [auth/jwt:6]") {
  const auto v = verifier_at(ours);
  CHECK(refusal(v, "malformed.jwt.token") == failure::malformed);
  CHECK(refusal(v, token_of({.exp = now - 100s})) == failure::expired);
  CHECK(refusal(v, token_of({.nbf = now + 100s})) == failure::not_yet_valid);
  CHECK(kit::jwt::text(failure::missing) ==
        "token up for parsing was not passed through the context");
  CHECK(kit::jwt::text(failure::malformed) == "JWT is malformed");
  CHECK(kit::jwt::text(failure::expired) == "JWT is expired");
  CHECK(kit::jwt::text(failure::not_yet_valid) == "token is not valid yet");
  CHECK(kit::jwt::text(failure::bad_signature).starts_with("JWT was invalid"));
}

TEST_CASE("jwt::verifier: whatever else is wrong has an error of its own [auth/jwt:7]") {
  const auto v = verifier_at(ours);
  CHECK(refusal(v, token_of({.iat = now + 1s})) == failure::issued_in_future);
  CHECK(v.verify(token_of({.iat = now})));
  CHECK(verifier_at(ours, {.leeway = 1s}).verify(token_of({.iat = now + 1s})));
  CHECK(verifier_at(ours, {.check_iat = false}).verify(token_of({.iat = now + 1h})));
}

TEST_CASE("jwt::verifier: of several problems the first counts [auth/jwt:8]") {
  const auto v = verifier_at(ours, {.issuers = {"me"}});
  const auto other = secret_of('b', "kid");
  const auto unknown = secret_of('b', "x");
  const claims all{.iss = "you", .exp = now - 100s, .nbf = now + 100s, .iat = now + 100s};
  auto c = all;
  CHECK(refusal(v, token_of(c, other) + "=") == failure::malformed);
  CHECK(refusal(v, token_of(c, other)) == failure::expired);
  CHECK(refusal(v, token_of(c, unknown)) == failure::expired);
  c.exp.reset();
  CHECK(refusal(v, token_of(c, other)) == failure::not_yet_valid);
  c.nbf.reset();
  CHECK(refusal(v, token_of(c, unknown)) == failure::unknown_key);
  CHECK(refusal(v, token_of(c, other)) == failure::bad_signature);
  CHECK(refusal(v, token_of(c)) == failure::issued_in_future);
  c.iat.reset();
  CHECK(refusal(v, token_of(c)) == failure::wrong_issuer);
}

TEST_CASE("jwt::verifier: claims that aren't a JSON object") {
  const auto v = verifier_at(ours);
  for (const std::string payload :
       {"", "[]", "x", "null", R"({"exp":"1"})", R"({"a":1,"a":2})", "{} {}"}) {
    const auto r = v.verify(kit::jwt::sign_jws(payload, ours).value());
    REQUIRE_FALSE(r);
    CHECK(failure_of(r.error()) == failure::malformed);
    CHECK(r.error().cause());
  }
}

// Go kit takes a token in the very second of its `exp`; the RFC says "on or after", which is what
// the vectors in test/data have. What is pinned is the rest: whole seconds, no leeway, and that all
// three claims are optional.
TEST_CASE("jwt::verifier: times in whole seconds, no leeway, all optional [auth/jwt:11]") {
  const auto v = verifier_at(ours);
  CHECK(accepts(v, {}));
  CHECK(accepts(v, {.exp = now + 1s}));
  CHECK_FALSE(accepts(v, {.exp = now}));
  CHECK_FALSE(accepts(v, {.exp = now - 1s}));
  CHECK(accepts(v, {.nbf = now}));
  CHECK_FALSE(accepts(v, {.nbf = now + 1s}));
  CHECK(accepts(v, {.iat = now}));
  // What is left of the present second doesn't matter.
  const auto late = verifier_at(ours, {}, now + 999ms);
  CHECK(accepts(late, {.exp = now + 1s}));
  CHECK_FALSE(accepts(late, {.exp = now}));
  CHECK_FALSE(accepts(late, {.nbf = now + 1s}));
}

TEST_CASE("jwt::verifier: leeway") {
  const auto v = verifier_at(ours, {.leeway = 10s});
  CHECK(accepts(v, {.exp = now - 9s}));
  CHECK_FALSE(accepts(v, {.exp = now - 10s}));
  CHECK(accepts(v, {.nbf = now + 10s}));
  CHECK_FALSE(accepts(v, {.nbf = now + 11s}));
  // At the ends of the clock nothing wraps round.
  CHECK(accepts(v, {.exp = kit::jwt::wall_time::max()}));
  CHECK(accepts(v, {.nbf = kit::jwt::wall_time::min()}));
}

TEST_CASE("jwt::verifier: exp may be required, and so may a maximum age") {
  const auto v = verifier_at(ours, {.require_exp = true});
  CHECK(refusal(v, token_of({})) == failure::missing_claim);
  CHECK(accepts(v, {.exp = now + 1s}));
  const auto young = verifier_at(ours, {.leeway = 1s, .max_age = 60s});
  CHECK(refusal(young, token_of({})) == failure::missing_claim);
  CHECK(accepts(young, {.iat = now - 60s}));
  CHECK(refusal(young, token_of({.iat = now - 61s})) == failure::too_old);
  CHECK(refusal(young, token_of({.iat = now + 2s})) == failure::issued_in_future);
  CHECK(refusal(young, token_of({.iat = kit::jwt::wall_time::min()})) == failure::too_old);
}

TEST_CASE("jwt::verifier: issuers and audiences") {
  const auto v = verifier_at(ours, {.issuers = {"a", "b"}, .audiences = {"x", "y"}});
  CHECK(accepts(v, {.iss = "b", .aud = {"z", "y"}}));
  CHECK(refusal(v, token_of({.iss = "c", .aud = {"x"}})) == failure::wrong_issuer);
  CHECK(refusal(v, token_of({.aud = {"x"}})) == failure::wrong_issuer);
  CHECK(refusal(v, token_of({.iss = "a", .aud = {"z"}})) == failure::wrong_audience);
  CHECK(refusal(v, token_of({.iss = "a", .aud = {"X"}})) == failure::wrong_audience);
  CHECK(refusal(v, token_of({.iss = "a"})) == failure::wrong_audience);
  CHECK(refusal(v, token_of({.iss = "a", .aud = {""}})) == failure::wrong_audience);
}

TEST_CASE("jwt::verifier: typ (RFC 8725 3.11)") {
  const auto v = verifier_at(ours, {.type = "at+jwt"});
  CHECK(v.verify(token_of({}, ours, "at+jwt")));
  CHECK(v.verify(token_of({}, ours, "AT+JWT")));
  CHECK(v.verify(token_of({}, ours, "application/at+jwt")));
  CHECK(refusal(v, token_of({})) == failure::wrong_type);
  CHECK(refusal(v, token_of({}, ours, "")) == failure::wrong_type);
  CHECK(verifier_at(ours, {.type = "application/JWT"}).verify(token_of({})));
  CHECK(verifier_at(ours).verify(token_of({}, ours, "anything")));
}

TEST_CASE("jwt::verifier: tokens of every algorithm, each by its key") {
  const std::vector<std::pair<std::string_view, algorithm>> kinds{
      {"RSA-2048", algorithm::rs256}, {"RSA-2048", algorithm::ps384}, {"P-256", algorithm::es256},
      {"P-384", algorithm::es384},    {"P-521", algorithm::es512},    {"ED448", algorithm::eddsa}};
  std::vector<key> known;
  std::vector<std::string> tokens;
  for (const auto& [kind, a] : kinds) {
    const std::string id(kit::jwt::name(a));
    const auto& p = test::pems_of(kind);
    known.push_back(key::from_pem(p.spki, {.algorithm = a, .id = id}));
    tokens.push_back(token_of({.sub = id}, key::from_pem(p.pkcs8, {.algorithm = a, .id = id})));
  }
  const auto v = verifier_at(key_set(known));
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto c = v.verify(tokens[i]);
    REQUIRE(c);
    CHECK(c->sub == known[i].id());
  }
}

TEST_CASE("jwt::verifier: options out of range") {
  const auto refused = [](verifier_options o) {
    return refusal_of([&] { verifier v(ours, std::move(o)); });
  };
  CHECK(refused({}) == "");
  CHECK(refused({.leeway = -1ms}) == "jwt::verifier: leeway must be from 0 to an hour");
  CHECK(refused({.leeway = 2h}) == "jwt::verifier: leeway must be from 0 to an hour");
  CHECK(refused({.max_age = -1s}) == "jwt::verifier: max_age must not be negative");
  CHECK(refused({.max_age = std::chrono::seconds::max()}).find("hundred years") !=
        std::string::npos);
  CHECK(refused({.max_bytes = 0}) == "jwt::verifier: max_bytes must not be 0");
  CHECK(refused({.clock = nullptr}) == "jwt::verifier: there must be a clock");
  CHECK(refused({.audiences = {""}}) ==
        "jwt::verifier: issuers and audiences must not be empty texts");
}

TEST_CASE("jwt::verifier: many at once share nothing that changes [auth/jwt:10]") {
  const auto signer = key::from_jwk(test::ed25519_private);
  const auto v = verifier_at(key_set(std::vector{ours, key::from_jwk(test::ed25519_public)}));
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const auto name = std::to_string(t * 100 + i);
        const auto c = v.verify(token_of({.sub = name}, i % 2 == 0 ? ours : signer));
        if (c && c->sub == name) ++right;
      }
    });
  }
  for (auto& t : threads)
    t.join();
  CHECK(right == 100);
}
