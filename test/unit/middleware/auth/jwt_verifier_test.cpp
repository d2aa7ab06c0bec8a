#include <middleware/auth/jwt_verifier.hpp>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/codec/json_raw.hpp>
#include <kit/testing/loop.hpp>

#include "calls.hpp"

using kit::context;
using kit::errc;
using kit::identity;
using kit::jwt::claims;
using kit::jwt::failure;
using kit::middleware::auth::jwt_verifier;
using kit::middleware::auth::jwt_verifier_options;
using kit::middleware::auth::with_claims_as;
using test::call_request;
using test::call_response;
using test::now;
using test::secret_of;
using test::verifier_at;
using test::with_token;
using namespace std::chrono_literals;

namespace {

const kit::jwt::key ours = secret_of('a', "kid");

struct custom {
  std::string my_property;
  std::string aud;
};
using claims_map = std::map<std::string, kit::json::raw>;

struct fixture {
  explicit fixture(jwt_verifier_options o = {})
      : call(kit::chain(jwt_verifier(verifier_at(ours), std::move(o)))(
            test::context_endpoint(test::show_context), "x")) {}

  kit::result<call_response> in(const context& ctx) {
    return loop.start(kit::with_context(ctx, call.try_call(call_request{}))).value();
  }
  kit::result<call_response> with(const std::string& token) { return in(with_token(token)); }

  kit::testing::loop loop;
  test::context_endpoint call;
};

template <class T>
std::string token_of(const T& c) {
  return kit::jwt::sign(c, ours).value();
}

}  // namespace

TEST_CASE("jwt_verifier: no token in the context [auth/jwt:3]") {
  fixture f;
  const auto r = f.in({});
  REQUIRE_FALSE(r);
  CHECK(r.error() == errc::unauthenticated);
  CHECK(r.error().message() == "token up for parsing was not passed through the context");
  CHECK(r.error().refused());
  CHECK(failure_of(r) == failure::missing);
}

TEST_CASE("jwt_verifier: the token is that of the scheme Bearer, in any case [auth/jwt:12]") {
  fixture f;
  const auto token = token_of(claims{.sub = "alice"});
  const auto by = [&](const std::string& text) {
    return f.in(context().with(kit::credentials{.authorization = text}));
  };
  CHECK(by("Bearer " + token));
  CHECK(by("bearer " + token));
  CHECK(by("BEARER " + token));
  for (const auto& bad : {token, "Basic " + token, std::string("Bearer"), std::string("Bearer "),
                          "Bearer " + token + " x", "Bearer" + token, std::string()}) {
    CHECK(failure_of(by(bad)) == failure::missing);
  }
  CHECK(failure_of(f.in(context().with(kit::credentials{.api_key = token}))) == failure::missing);
}

TEST_CASE("jwt_verifier: claims and identity are in the context [auth/jwt:9]") {
  fixture f;
  const auto r = f.with(token_of(claims{.iss = "me", .sub = "alice", .exp = now + 60s}));
  REQUIRE(r);
  const auto* c = r->ctx.get<claims>();
  REQUIRE(c);
  CHECK(c->sub == "alice");
  const auto* who = r->ctx.get<identity>();
  REQUIRE(who);
  CHECK(*who == identity{.subject = "alice", .method = "jwt", .issuer = "me"});
}

TEST_CASE("jwt_verifier: claims of one's own, and as a map [auth/jwt:9]") {
  fixture f({.add = {with_claims_as<custom>(), with_claims_as<claims_map>()}});
  const auto r = f.with(token_of(custom{"some value", "go-kit"}));
  REQUIRE(r);
  CHECK(r->ctx.get<custom>()->my_property == "some value");
  CHECK(r->ctx.get<custom>()->aud == "go-kit");
  CHECK(r->ctx.get<claims_map>()->at("my_property").text() == "\"some value\"");
  CHECK(r->ctx.get<claims>()->aud == std::vector<std::string>{"go-kit"});
  const auto bad = f.with(token_of(std::map<std::string, int>{{"my_property", 7}}));
  CHECK(failure_of(bad) == failure::malformed);
}

TEST_CASE("jwt_verifier: what is refused never reaches the endpoint [auth/jwt:4] [auth/jwt:6]") {
  fixture f;
  CHECK(failure_of(f.with("malformed.jwt.token")) == failure::malformed);
  CHECK(failure_of(f.with(token_of(claims{.exp = now - 100s}))) == failure::expired);
  CHECK(failure_of(f.with(token_of(claims{.nbf = now + 100s}))) == failure::not_yet_valid);
  const auto other = kit::jwt::sign(claims{}, secret_of('b', "kid")).value();
  CHECK(failure_of(f.with(other)) == failure::bad_signature);
  const auto none = "eyJhbGciOiJub25lIn0.e30.";
  const auto r = f.with(none);
  CHECK(failure_of(r) == failure::unexpected_algorithm);
  CHECK(r.error().message() == "unexpected signing method");
  CHECK(r.error().refused());
}

TEST_CASE("jwt_verifier: 100 calls at once, each with its own claims [auth/jwt:10]") {
  fixture f;
  std::vector<kit::testing::started<kit::result<call_response>>> calls;
  for (int i = 0; i < 100; ++i) {
    const auto token = token_of(claims{.sub = std::to_string(i)});
    calls.push_back(
        f.loop.start(kit::with_context(with_token(token), f.call.try_call(call_request{}))));
  }
  for (int i = 0; i < 100; ++i) {
    REQUIRE(calls[static_cast<std::size_t>(i)].value());
    const auto& ctx = calls[static_cast<std::size_t>(i)].value()->ctx;
    CHECK(ctx.get<claims>()->sub == std::to_string(i));
  }
}

TEST_CASE("jwt_verifier: identities by a function, or none") {
  fixture roles({.identity = [](const claims& c) {
    return identity{.subject = "user " + c.sub, .method = "jwt", .roles = {"admin"}};
  }});
  const auto token = token_of(claims{.sub = "alice"});
  CHECK(roles.with(token)->ctx.get<identity>()->subject == "user alice");
  fixture none({.identity = nullptr});
  CHECK_FALSE(none.with(token)->ctx.get<identity>());
}

TEST_CASE("jwt_verifier: what is added to the context may refuse the call") {
  fixture f({.add = {[](const context&, const claims& c) -> kit::result<context> {
               if (c.sub == "mallory") return kit::fail(errc::permission_denied, "not you");
               return context();
             }}});
  CHECK(f.with(token_of(claims{.sub = "alice"})));
  CHECK(f.with(token_of(claims{.sub = "mallory"})).error() == errc::permission_denied);
}

TEST_CASE("jwt_verifier: optional lets in who shows nothing, and nobody else") {
  fixture f({.optional = true});
  const auto r = f.in({});
  REQUIRE(r);
  CHECK_FALSE(r->ctx.get<claims>());
  CHECK_FALSE(r->ctx.get<identity>());
  CHECK(failure_of(f.with("malformed.jwt.token")) == failure::malformed);
  CHECK(f.with(token_of(claims{}))->ctx.get<claims>());
}

TEST_CASE("jwt_verifier: a verifier without keys is a mistake") {
  CHECK_THROWS_WITH_AS(jwt_verifier(verifier_at({})), "jwt_verifier: the verifier has no keys",
                       kit::error);
}
