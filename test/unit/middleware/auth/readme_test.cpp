// What the README shows of JSON Web Tokens.
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/identity.hpp>
#include <kit/jwt/remote_key_set.hpp>
#include <kit/jwt/verifier.hpp>
#include <kit/service.hpp>
#include <kit/testing/loop.hpp>
#include <middleware/auth/jwt_signer.hpp>
#include <middleware/auth/jwt_verifier.hpp>

#include "calls.hpp"

namespace auth = kit::middleware::auth;
namespace http = kit::http;
namespace jwt = kit::jwt;

namespace {

struct order {
  std::string item;
};
struct receipt {
  std::string buyer;
};
struct orders_service {
  kit::endpoint<order, receipt> buy;
};

// [jwt]
asio::awaitable<receipt> buy(order) {
  const kit::context ctx = co_await kit::this_context();
  const auto& who = *ctx.get<kit::identity>();  // and jwt::claims, for whatever else the token says
  co_return receipt{.buyer = who.subject};
}

// Lets in who has a token of that issuer, for us. Its keys are fetched and rotated.
orders_service protect(orders_service s, const asio::any_io_executor& ex,
                       kit::endpoint<http::request, http::response> client) {
  const jwt::remote_key_set keys(ex, std::move(client),
                                 {.url = "https://login.example/.well-known/jwks.json"});
  const jwt::verifier verifier(
      {}, {.issuers = {"https://login.example"}, .audiences = {"orders"}, .require_exp = true});
  return kit::wrap(std::move(s), auth::remote_jwt_verifier(keys, verifier));
}

// Signs a token for each call that goes out; used again until shortly before it expires.
orders_service as_batch_job(orders_service remote, const std::string& private_pem) {
  const auto key = jwt::key::from_pem(private_pem, {.id = "2026-11"});
  return kit::wrap(
      std::move(remote),
      auth::jwt_signer(
          key, jwt::claims{.iss = "https://login.example", .sub = "batch", .aud = {"orders"}}));
}
// [end]

asio::awaitable<http::response> publish(http::request) {
  std::string k(test::ed25519_public);
  k.insert(1, R"("kid":"2026-11",)");
  co_return http::response::json(http::status::ok, R"({"keys":[)" + k + "]}");
}

// What a transport does between the two.
struct wire {
  template <class Req, class Resp>
  kit::endpoint<Req, Resp> operator()(kit::endpoint<Req, Resp> next) const {
    return [next](Req r) { return run(next, std::move(r)); };
  }
  template <class Req, class Resp>
  static asio::awaitable<kit::result<Resp>> run(kit::endpoint<Req, Resp> next, Req r) {
    const kit::context ctx = co_await kit::this_context();
    const auto* sent = ctx.get<kit::outgoing_credentials>();
    const kit::credentials shown{.authorization = sent ? sent->authorization : ""};
    co_return co_await kit::with_context(ctx.with(shown), next.try_call(std::move(r)));
  }
};

}  // namespace

TEST_CASE("readme: tokens are signed on one side and verified on the other") {
  kit::testing::loop loop;
  const auto server = protect({buy}, loop.get_executor(), publish);
  const auto remote = kit::wrap(server, wire());
  // The private half of the published key, as PEM (RFC 8410).
  const auto client =
      as_batch_job(remote,
                   "-----BEGIN PRIVATE KEY-----\n"
                   "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                   "-----END PRIVATE KEY-----\n");
  CHECK(loop.start(client.buy(order{"tea"})).value().buyer == "batch");
  CHECK(loop.start(remote.buy(order{"tea"})).error() == kit::errc::unauthenticated);
}
