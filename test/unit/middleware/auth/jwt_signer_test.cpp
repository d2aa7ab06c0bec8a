#include <middleware/auth/jwt_signer.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/jwt/verifier.hpp>
#include <kit/testing/loop.hpp>

#include "calls.hpp"

using kit::context;
using kit::errc;
using kit::outgoing_credentials;
using kit::jwt::algorithm;
using kit::jwt::claims;
using kit::jwt::key;
using kit::jwt::wall_time;
using kit::middleware::auth::jwt_signer;
using kit::middleware::auth::jwt_signer_options;
using test::call_request;
using test::now;
using test::secret_of;
using namespace std::chrono_literals;

namespace json = kit::json;

namespace {

const key ours = secret_of('a', "kid");

struct user {
  std::string name;
};

struct fixture {
  template <class Claims>
  explicit fixture(Claims c, jwt_signer_options o = {}, const key& k = ours) {
    o.clock = [this] { return time; };
    call = kit::chain(jwt_signer(k, std::move(c), std::move(o)))(
        test::context_endpoint(test::show_context));
  }

  kit::result<test::call_response> in(const context& ctx = {}) {
    return loop.start(kit::with_context(ctx, call.try_call(call_request{}))).value();
  }
  /// What is sent.
  std::string sent(const context& ctx = {}) {
    const auto r = in(ctx);
    const auto* shown = r ? r->ctx.get<outgoing_credentials>() : nullptr;
    return shown ? shown->authorization : "";
  }
  claims sent_claims(const context& ctx = {}) {
    const auto text = sent(ctx);
    const auto token = kit::scheme_value("bearer", text);
    REQUIRE(token);
    return test::verifier_at(ours, {}, time).verify(*token).value();
  }

  wall_time time = now;
  kit::testing::loop loop;
  test::context_endpoint call;
};

}  // namespace

TEST_CASE("jwt_signer: fixed claims, as Go kit has them [auth/jwt:1]") {
  const auto gokit =
      key::secret("test_signing_key", algorithm::hs256, {.id = "kid", .allow_weak = true});
  const std::string head = "Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6ImtpZCIsInR5cCI6IkpXVCJ9.";
  const auto sent = [&](const std::string& text) {
    return fixture(json::raw::parse(text).value(), {}, gokit).sent();
  };
  CHECK(sent(R"({"user":"go-kit"})") ==
        head + "eyJ1c2VyIjoiZ28ta2l0In0.14M2VmYyApdSlV_LZ88ajjwuaLeIFplB8JpyNy0A19E");
  CHECK(sent(R"({"aud":"go-kit"})") ==
        head + "eyJhdWQiOiJnby1raXQifQ.L5ypIJjCOOv3jJ8G5SelaHvR04UJuxmcBN5QW3m_aoY");
  CHECK(sent(R"({"my_property":"some value","aud":"go-kit"})") ==
        head +
            "eyJteV9wcm9wZXJ0eSI6InNvbWUgdmFsdWUiLCJhdWQiOiJnby1raXQifQ."
            "s8F-IDrV4WPJUsqr7qfDi-3GRlcKR0SRnkTeUT_U-i0");
}

TEST_CASE("jwt_signer: a failure to sign is the call's, and the callee isn't called [auth/jwt:2]") {
  fixture bad(json::raw::parse("[]").value());
  CHECK(bad.in().error() == errc::internal);
  CHECK(bad.in().error().refused());
  fixture no_text(claims{.sub = "\xff"});
  CHECK(no_text.in().error() == errc::internal);
  fixture refusing([](const context&) -> kit::result<claims> {
    return kit::fail(errc::failed_precondition, "nobody is logged in");
  });
  const auto r = refusing.in();
  CHECK(r.error().message() == "nobody is logged in");
}

TEST_CASE("jwt_signer: claims of the call, with fresh times") {
  fixture f([](const context& ctx) -> kit::result<claims> {
    return claims{.sub = ctx.get<user>()->name, .aud = {"svc"}};
  });
  auto c = f.sent_claims(context().with(user{"alice"}));
  CHECK(c.sub == "alice");
  CHECK(c.iat == now);
  CHECK(c.exp == now + 5min);
  f.time += 1h + 300ms;
  c = f.sent_claims(context().with(user{"bob"}));
  CHECK(c.sub == "bob");
  CHECK(c.iat == now + 1h);
  CHECK(c.exp == now + 1h + 5min);
}

TEST_CASE("jwt_signer: times of the claims' own stay, and lifetime 0 sets none") {
  const auto made = [](claims c, std::chrono::seconds lifetime) {
    return fixture([c](const context&) -> kit::result<claims> { return c; }, {.lifetime = lifetime})
        .sent_claims();
  };
  CHECK(made({.exp = now + 1h}, 5min).exp == now + 1h);
  CHECK_FALSE(made({.exp = now + 1h}, 5min).iat);
  CHECK_FALSE(made({}, 0s).exp);
  CHECK_FALSE(made({}, 0s).iat);
}

TEST_CASE("jwt_signer: a token of fixed claims is used until shortly before its end") {
  fixture f(claims{.sub = "batch"});
  const auto first = f.sent();
  CHECK(f.sent_claims().exp == now + 5min);
  f.time += 4min + 29s;
  CHECK(f.sent() == first);
  f.time += 1s;
  const auto second = f.sent();
  CHECK(second != first);
  CHECK(f.sent_claims().exp == f.time + 5min);
  CHECK(f.sent() == second);
}

TEST_CASE("jwt_signer: what else is shown stays, and nobody's credentials are handed on") {
  fixture f(claims{.sub = "a"});
  const auto ctx = context()
                       .with(outgoing_credentials{.authorization = "Basic x", .api_key = "key"})
                       .with(kit::credentials{.authorization = "Bearer of-the-caller"});
  const auto r = f.in(ctx);
  const auto* shown = r->ctx.get<outgoing_credentials>();
  CHECK(shown->authorization.starts_with("Bearer eyJ"));
  CHECK(shown->api_key == "key");
  CHECK(r->ctx.get<kit::credentials>()->authorization == "Bearer of-the-caller");
}

TEST_CASE("jwt_signer: on several threads") {
  fixture f(claims{.sub = "a"});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      kit::testing::loop loop;
      for (int i = 0; i < 50; ++i) {
        const auto r = loop.start(f.call.try_call(call_request{}));
        if (!r.value()->ctx.get<outgoing_credentials>()) ++wrong;
      }
    });
  }
  for (auto& t : threads)
    t.join();
  CHECK(wrong == 0);
}

TEST_CASE("jwt_signer: mistakes") {
  const auto refused = [](const key& k, jwt_signer_options o) {
    return test::refusal_of([&] { jwt_signer(k, claims{}, std::move(o)); });
  };
  CHECK(refused(key::from_jwk(test::ed25519_public), {}) == "jwt_signer: the key can't sign");
  CHECK(refused(ours, {.lifetime = -1s}) == "jwt_signer: lifetime is out of range");
  CHECK(refused(ours, {.lifetime = std::chrono::seconds::max()}) ==
        "jwt_signer: lifetime is out of range");
  CHECK(refused(ours, {.renew_before = -1s}) == "jwt_signer: renew_before is out of range");
  CHECK(refused(ours, {.lifetime = 30s}) == "jwt_signer: renew_before must be below lifetime");
  CHECK(refused(ours, {.lifetime = 0s}) == "");
  CHECK(refused(ours, {.clock = nullptr}) == "jwt_signer: there must be a clock");
  CHECK(test::refusal_of([] { jwt_signer(ours, kit::middleware::auth::claims_of_call()); }) ==
        "jwt_signer: there must be a function that makes the claims");
}
