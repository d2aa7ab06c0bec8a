#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/mock_endpoint.hpp>
#include <middleware/auth/jwt_verifier.hpp>

#include "calls.hpp"

namespace http = kit::http;

using kit::errc;
using kit::jwt::claims;
using kit::jwt::failure;
using kit::jwt::key;
using kit::middleware::auth::jwt_verifier_options;
using kit::middleware::auth::remote_jwt_verifier;
using test::call_request;
using test::call_response;
using test::now;
using test::verifier_at;
using test::with_token;
using namespace std::chrono_literals;

namespace {

std::string document(const std::string& id) {
  std::string one(test::ed25519_public);
  one.pop_back();
  return R"({"keys":[)" + one + R"(,"kid":")" + id + "\"}]}";
}

std::string token_by(const std::string& id, claims c = {.sub = "alice"}) {
  return kit::jwt::sign(c, key::from_jwk(test::ed25519_private, {.id = id})).value();
}

struct fixture {
  fixture() {
    const kit::jwt::remote_key_set keys(loop.get_executor(), mock.endpoint,
                                        {.url = "http://issuer/jwks"});
    call = kit::chain(remote_jwt_verifier(keys, verifier_at({}), jwt_verifier_options{}))(
        test::context_endpoint(test::show_context), "x");
  }

  auto start(const std::string& token) {
    return loop.start(kit::with_context(with_token(token), call.try_call(call_request{})));
  }
  void give(const std::string& text) {
    mock.handle.next().answer(http::response::json(http::status::ok, text));
    loop.run();
  }
  std::size_t fetches() const { return mock.handle.calls(); }

  kit::testing::loop loop;
  decltype(kit::testing::mock_endpoint<http::request, http::response>()) mock =
      kit::testing::mock_endpoint<http::request, http::response>();
  test::context_endpoint call;
};

}  // namespace

TEST_CASE("remote_jwt_verifier: a call waits for the keys, the next ones don't") {
  fixture f;
  const auto first = f.start(token_by("a"));
  CHECK(first.pending());
  f.give(document("a"));
  REQUIRE(first.value());
  CHECK(first.value()->ctx.get<claims>()->sub == "alice");
  CHECK(first.value()->ctx.get<kit::identity>()->method == "jwt");
  CHECK(f.start(token_by("a")).value());
  CHECK(f.fetches() == 1);
  CHECK(f.call.layers().front() == "remote_jwt_verifier");
}

TEST_CASE("remote_jwt_verifier: keys aren't fetched for what is no good anyway") {
  fixture f;
  CHECK(failure_of(f.start("malformed.jwt.token").value()) == failure::malformed);
  CHECK(failure_of(f.start(token_by("a", {.exp = now - 1s})).value()) == failure::expired);
  CHECK(failure_of(f.start("eyJhbGciOiJub25lIn0.e30.").value()) == failure::unexpected_algorithm);
  const auto none = f.loop.start(f.call.try_call(call_request{}));
  CHECK(failure_of(none.value()) == failure::missing);
  CHECK(none.value().error().refused());
  CHECK(f.fetches() == 0);
}

TEST_CASE("remote_jwt_verifier: rotation of keys") {
  fixture f;
  const auto first = f.start(token_by("a"));
  f.give(document("a"));
  CHECK(first.value());
  CHECK(failure_of(f.start(token_by("b")).value()) == failure::unknown_key);  // too soon
  CHECK(f.fetches() == 1);
  f.loop.advance(10s);
  const auto rotated = f.start(token_by("b"));
  CHECK(rotated.pending());
  CHECK(f.start(token_by("a")).value());  // isn't held up
  f.give(document("b"));
  CHECK(rotated.value());
  CHECK(failure_of(f.start(token_by("a")).value()) == failure::unknown_key);
}

TEST_CASE("remote_jwt_verifier: a key that isn't there after the fetch, either") {
  fixture f;
  const auto call = f.start(token_by("b"));
  f.give(document("a"));
  CHECK(failure_of(call.value()) == failure::unknown_key);
  CHECK(call.value().error() == errc::unauthenticated);
  CHECK(f.fetches() == 1);
}

TEST_CASE("remote_jwt_verifier: without keys nobody is let in") {
  fixture f;
  const auto call = f.start(token_by("a"));
  f.mock.handle.next().fail(errc::unavailable);
  f.loop.run();
  CHECK(call.value().error() == errc::unavailable);
  CHECK(call.value().error().refused());
  CHECK(failure_of(call.value()) == failure::keys_unavailable);
  CHECK(failure_of(f.start(token_by("a")).value()) == failure::keys_unavailable);
  CHECK(f.fetches() == 1);
}

TEST_CASE("remote_jwt_verifier: while fetches fail the old keys do") {
  fixture f;
  const auto first = f.start(token_by("a"));
  f.give(document("a"));
  f.loop.advance(11min);
  CHECK(f.start(token_by("a")).value());
  f.mock.handle.next().fail(errc::unavailable);
  f.loop.run();
  CHECK(f.start(token_by("a")).value());
}

TEST_CASE("remote_jwt_verifier: a call that is given up while it waits") {
  fixture f;
  auto call = f.start(token_by("a"));
  const auto other = f.start(token_by("a"));
  call.cancel();
  f.loop.run();
  CHECK(call.error() == errc::canceled);
  const auto hasty = f.loop.start(kit::with_timeout(
      50ms, kit::with_context(with_token(token_by("a")), f.call.try_call(call_request{}))));
  f.loop.advance(50ms);
  CHECK(hasty.error() == errc::deadline_exceeded);
  f.give(document("a"));
  CHECK(other.value());
}

TEST_CASE("remote_jwt_verifier: 100 calls wait for one fetch [auth/jwt:10]") {
  fixture f;
  std::vector<kit::testing::started<kit::result<call_response>>> calls;
  for (int i = 0; i < 100; ++i)
    calls.push_back(f.start(token_by("a", {.sub = std::to_string(i)})));
  CHECK(f.fetches() == 1);
  f.give(document("a"));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    REQUIRE(calls[i].value());
    CHECK(calls[i].value()->ctx.get<claims>()->sub == std::to_string(i));
  }
}
