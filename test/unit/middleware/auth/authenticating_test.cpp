#include <middleware/auth/api_key.hpp>
#include <middleware/auth/basic.hpp>
#include <middleware/auth/mtls.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/codec/base64.hpp>
#include <kit/connection_info.hpp>
#include <kit/credentials.hpp>
#include <kit/identity.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <middleware/detail/equal_secret.hpp>

// Layers that find out who is asking.

using kit::context;
using kit::credentials;
using kit::errc;
using kit::error;
using kit::identity;
using kit::middleware::auth::api_key;
using kit::middleware::auth::basic;
using kit::middleware::auth::basic_options;
using kit::middleware::auth::mtls;

namespace {

using ep = kit::endpoint<int, std::string>;

// Answers who is asking.
asio::awaitable<std::string> who(int) {
  const auto* i = (co_await kit::this_context()).get<identity>();
  co_return i ? i->method + " " + i->subject : "nobody";
}

template <class Layer>
kit::result<std::string> ask(const Layer& layer, const context& ctx) {
  kit::testing::loop loop;
  const auto call = kit::chain(layer)(ep(who), "secret");
  return loop.start(kit::with_context(ctx, call.try_call(1))).value();
}

std::string encoded(std::string_view text) {
  return kit::base64::encode(std::as_bytes(std::span(text.data(), text.size())));
}
context showing(std::string authorization) {
  return context().with(credentials{.authorization = std::move(authorization)});
}
context as_user(const std::string& name, const std::string& password) {
  return showing("Basic " + encoded(name + ":" + password));
}

const basic alice({.realm = "shop", .users = {{"alice", "pa:ss"}, {"bob", ""}}});

}  // namespace

// --- basic

TEST_CASE(
    "basic: the right name and password are let in, the answer is as it was "
    "[auth/basic:1] [auth/basic:3]") {
  CHECK(ask(alice, as_user("alice", "pa:ss")) == "basic alice");
  CHECK(ask(alice, as_user("bob", "")) == "basic bob");
}

TEST_CASE("basic: everybody else is refused, with the realm [auth/basic:2] [auth/basic:5]") {
  const context ways[] = {{},
                          context().with(credentials{}),
                          showing(""),
                          showing("Basic"),
                          showing("Basic " + encoded("alice")),
                          showing("Basic " + encoded("alice:pa:ss") + "!"),
                          showing("Bearer " + encoded("alice:pa:ss")),
                          as_user("alice", "pass"),
                          as_user("alice", "pa:ss "),
                          as_user("alice", "pa:s"),
                          as_user("alice", ""),
                          as_user("bob", "pa:ss"),
                          as_user("", ""),
                          as_user("alic", "pa:ss"),
                          as_user("alicee", "pa:ss")};
  for (const auto& ctx : ways) {
    const auto r = ask(alice, ctx);
    REQUIRE_FALSE(r);
    CHECK(r.error() == error(errc::unauthenticated, "Unauthorized"));
    CHECK(r.error().refused());
    REQUIRE(r.error().get<kit::challenge>());
    CHECK(*r.error().get<kit::challenge>() == kit::challenge{"Basic realm=\"shop\""});
  }
}

TEST_CASE("basic: the scheme in any case, the name ends at the first colon [auth/basic:4]") {
  CHECK(ask(alice, showing("bAsIc  " + encoded("alice:pa:ss"))) == "basic alice");
  CHECK_FALSE(ask(alice, showing("Basic\t" + encoded("alice:pa:ss"))));
}

TEST_CASE("basic: a realm is quoted [auth/basic:6]") {
  const auto r = ask(basic({.realm = "a \"b\" \\c"}), {});
  CHECK(r.error().get<kit::challenge>()->text == "Basic realm=\"a \\\"b\\\" \\\\c\"");
  CHECK_THROWS_AS(basic({.realm = "a\nb"}), error);
}

TEST_CASE("basic: somebody else may decide, and say who that is") {
  const basic by_function(
      {.verify = [](std::string_view user, std::string_view password) -> std::optional<identity> {
        if (password != "open") return std::nullopt;
        return identity{.subject = "user " + std::string(user), .tenant = "acme"};
      }});
  CHECK(ask(by_function, as_user("x", "open")) == "basic user x");
  CHECK(ask(by_function, as_user("x", "shut")).error() == errc::unauthenticated);
}

TEST_CASE("basic: a user's name has no colon") {
  CHECK_THROWS_AS(basic({.users = {{"a:b", "c"}}}), error);
}

TEST_CASE("equal_secret: is equality") {
  using kit::middleware::detail::equal_secret;
  for (const std::string_view a : {"", "a", "b", "ab", "aa", "aaaa", "abab", "secret"}) {
    for (const std::string_view b : {"", "a", "b", "ab", "aa", "aaaa", "abab", "secret"})
      CHECK(equal_secret(a, b) == (a == b));
  }
}

// --- API keys

TEST_CASE("api_key: whose key it is") {
  const api_key layer({.keys = {{"k-1", {.subject = "alice"}}, {"k-2", {.subject = "bob"}}}});
  const auto with = [&](std::string key) {
    return ask(layer, context().with(credentials{.api_key = std::move(key)}));
  };
  CHECK(with("k-1") == "api_key alice");
  CHECK(with("k-2") == "api_key bob");
  for (const char* wrong : {"", "k-", "k-3", "k-11"}) {
    CHECK(with(wrong).error() == error(errc::unauthenticated, "a valid API key is needed"));
  }
  CHECK(ask(layer, {}).error() == errc::unauthenticated);
  CHECK_THROWS_AS(api_key({.keys = {{"", {}}}}), error);
}

TEST_CASE("api_key: somebody else may decide") {
  const api_key layer({.verify = [](std::string_view key) -> std::optional<identity> {
    if (!key.starts_with("ok-")) return std::nullopt;
    return identity{.subject = std::string(key.substr(3))};
  }});
  CHECK(ask(layer, context().with(credentials{.api_key = "ok-x"})) == "api_key x");
  CHECK_FALSE(ask(layer, context().with(credentials{.api_key = "no-x"})));
}

// --- certificates

namespace {

context with_certificate(kit::peer_certificate of) {
  kit::secure_info tls;
  tls.peer = std::move(of);
  return context().with(kit::connection_info{.remote_address = "",
                                             .local_address = "",
                                             .secure = std::make_shared<kit::secure_info>(tls)});
}

}  // namespace

TEST_CASE("mtls: who has the certificate") {
  const mtls layer;
  CHECK(ask(layer, with_certificate({.subject = "CN=billing"})) == "mtls CN=billing");
  CHECK(ask(layer, with_certificate({.subject = "CN=billing",
                                     .dns_names = {"billing.example"},
                                     .uris = {"spiffe://example/billing"}})) ==
        "mtls spiffe://example/billing");
  CHECK(ask(layer, with_certificate({.dns_names = {"billing.example"}})) == "mtls billing.example");
  const auto e = ask(layer, {}).error();
  CHECK(e == error(errc::unauthenticated, "a client certificate is needed"));
  CHECK(ask(layer, context().with(kit::connection_info{})).error() == errc::unauthenticated);
}

TEST_CASE("mtls: not everybody who has one is let in") {
  const mtls layer({.identify = [](const kit::peer_certificate& c) -> std::optional<identity> {
    if (!c.name().ends_with(".internal")) return std::nullopt;
    return identity{.subject = std::string(c.name()), .tenant = "ours"};
  }});
  CHECK(ask(layer, with_certificate({.dns_names = {"a.internal"}})) == "mtls a.internal");
  CHECK(ask(layer, with_certificate({.dns_names = {"a.example"}})).error() ==
        errc::permission_denied);
}
