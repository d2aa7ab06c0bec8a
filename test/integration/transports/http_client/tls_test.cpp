// The client's TLS, to Cokit's server.
#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/connection_info.hpp>
#include <kit/this_context.hpp>
#include <transports/http/client.hpp>

#include "test/support/http_client/served.hpp"
#include "test/support/http_client/world.hpp"
#include "test/support/tls/site.hpp"

namespace http = kit::http;
using stage = http::call_failure::stage;
using test::client_world;
using test::tls_site;

namespace {

// Says who asks, and how.
asio::awaitable<http::response> who(http::request) {
  const auto* c = (co_await kit::this_context()).get<kit::connection_info>();
  const auto* peer = c->peer();
  co_return http::response::text(
      http::status::ok, std::string(c->scheme()) + " " + (peer ? peer->subject : "nobody"));
}

asio::awaitable<http::response> moved(std::string to) {
  co_return http::response{.status = http::status::found, .headers = {{"Location", to}}};
}

class secure_server : public test::served {
 public:
  explicit secure_server(kit::tls::server_options options, http::handler answer = who)
      : served(std::move(answer),
               {.tls = std::make_shared<kit::tls::server_context>(std::move(options))}) {}
  std::string url(const std::string& host = "localhost") const { return url_at(host); }
};

void check_failure(const kit::error& e, kit::errc code) {
  test::check_failure(e, code, stage::tls);
  CHECK_FALSE(test::failure_of(e).sent);
}

}  // namespace

TEST_CASE("http client: trusts its own authorities, from a file or a text, and nobody else") {
  const auto& site = tls_site::get();
  const secure_server server(site.options());
  for (const auto where : test::places) {
    client_world w(where);
    for (const http::client_tls_options& tls :
         {http::client_tls_options{.ca_file = site.ca_file},
          http::client_tls_options{.ca_pem = site.ca.certificate()},
          http::client_tls_options{.verify = false}}) {
      auto call = w.call(http::client({.tls = tls}), {.target = server.url()});
      REQUIRE(w.ended(call));
      REQUIRE(call.value().has_value());
      CHECK(call.value()->body.text() == "https nobody");
    }
    auto unknown = w.call(http::client(), {.target = server.url()});
    REQUIRE(w.ended(unknown));
    check_failure(unknown.error(), kit::errc::failed_precondition);
  }
}

TEST_CASE("http client: a slow reader over TLS gets all") {
  const auto& site = tls_site::get();
  const secure_server server(
      site.options(), [](http::request r) -> asio::awaitable<http::response> {
        co_return http::response::text(http::status::ok,
                                       std::string(std::stoul(r.target.substr(1)), 'x'));
      });
  const auto client = http::client({.tls = {.ca_file = site.ca_file}}).streaming();
  for (const auto where : test::places) {
    client_world w(where);
    for (std::size_t length = 160'000; length < 800'000; length += 20'000) {
      CAPTURE(length);
      auto call = w.call(client, {.target = server.url() + std::to_string(length)});
      REQUIRE(w.ended(call));
      auto answer = *call.value();
      w.run();
      std::size_t read = 0;
      while (read < length) {
        auto piece = w.start(answer.body.read());
        REQUIRE(w.ended(piece));
        REQUIRE(piece.value());
        read += piece.value()->size();
      }
      CHECK(read == length);
    }
  }
}

TEST_CASE("http client: is not redirected from https to http") {
  const auto& site = tls_site::get();
  const test::served plain(who);
  const secure_server server(site.options(),
                             [to = plain.url()](http::request) { return moved(to); });
  client_world w(test::on::loop);
  const http::client client({.tls = {.ca_file = site.ca_file}, .max_redirects = 1});
  auto call = w.call(client, {.target = server.url()});
  REQUIRE(w.ended(call));
  test::check_failure(call.error(), kit::errc::failed_precondition, stage::redirect);
}

TEST_CASE("http client: a certificate for another host, or one that has expired") {
  const auto& site = tls_site::get();
  const secure_server server(site.options());
  const auto old = site.ca.issue({.common_name = "localhost",
                                  .alternative_names = "DNS:localhost",
                                  .valid_from = -7'200,
                                  .valid_to = -3'600},
                                 site.folder, "old");
  const secure_server late({.certificates = {{old.chain, old.key}}});
  const http::client client({.tls = {.ca_file = site.ca_file}});
  client_world w(test::on::loop);
  for (const auto& url : {server.url("127.0.0.1"), late.url()}) {
    CAPTURE(url);
    auto call = w.call(client, {.target = url});
    REQUIRE(w.ended(call));
    check_failure(call.error(), kit::errc::failed_precondition);
  }
}

TEST_CASE("http client: shows its certificate where it is asked for one") {
  const auto& site = tls_site::get();
  auto options = site.options();
  options.clients = kit::tls::client_certificates::required;
  options.ca_file = site.ca_file;
  const secure_server server(options);
  const auto mine = site.ca.issue({.common_name = "billing"}, site.folder, "billing");
  for (const auto where : test::places) {
    client_world w(where);
    const http::client known(
        {.tls = {.ca_file = site.ca_file, .certificate_file = mine.chain, .key_file = mine.key}});
    auto call = w.call(known, {.target = server.url()});
    REQUIRE(w.ended(call));
    REQUIRE(call.value().has_value());
    CHECK(call.value()->body.text() == "https CN=billing,O=Cokit Test");

    auto nobody =
        w.call(http::client({.tls = {.ca_file = site.ca_file}}), {.target = server.url()});
    REQUIRE(w.ended(nobody));
    test::check_failure(nobody.error(), kit::errc::failed_precondition,
                        http::call_failure::stage::tls);
    CHECK_FALSE(test::failure_of(nobody.error()).sent);
  }
}

TEST_CASE("http client: one connection by TLS serves one call after another") {
  const auto& site = tls_site::get();
  const secure_server server(site.options());
  for (const auto where : test::places) {
    client_world w(where);
    const http::client client({.tls = {.ca_file = site.ca_file}});
    for (int i = 0; i < 50; ++i) {
      auto call = w.call(client, {.method = http::method::post,
                                  .target = server.url(),
                                  .body = std::string(static_cast<std::size_t>(i) * 1'000, 'x')});
      REQUIRE(w.ended(call));
      REQUIRE(call.value().has_value());
    }
  }
}
