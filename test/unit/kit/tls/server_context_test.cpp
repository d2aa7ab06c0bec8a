#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <asio/error.hpp>

#include <kit/error.hpp>
#include <kit/tls/server_context.hpp>

#include "../../../support/tls/site.hpp"

namespace {

namespace tls = kit::tls;
using namespace std::chrono_literals;
using wait = kit::secure_step::wait;

const test::tls_site& site() {
  return test::tls_site::get();
}

std::string refused(const tls::server_options& o) {
  try {
    const tls::server_context made(o);
    return "";
  } catch (const kit::error& e) {
    CHECK(e == kit::errc::invalid_argument);
    return e.what();
  }
}

// A session and its client, at the two ends of a pair of sockets.
class pair {
 public:
  explicit pair(kit::secure_context& context, const test::tls_client_options& o = site().client())
      : client(o) {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_) == 0);
    session = context.accept(ends_[0]);
  }
  ~pair() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  void to_server() { send_raw(client.to_send()); }
  void send_raw(std::string_view bytes) {
    REQUIRE(::send(ends_[1], bytes.data(), bytes.size(), 0) == std::ssize(bytes));
  }
  void to_client() {
    char bytes[65'536];
    const auto size = ::recv(ends_[1], bytes, sizeof bytes, 0);
    if (size > 0) client.receive({bytes, static_cast<std::size_t>(size)});
  }
  kit::secure_step shake_hands() {
    kit::secure_step now;
    for (int i = 0; i < 10; ++i) {
      to_server();
      now = session->handshake();
      to_client();
      if (now.needs == wait::none) break;
    }
    return now;
  }
  void end_client() { ::shutdown(ends_[1], SHUT_WR); }

  test::tls_engine client;
  std::unique_ptr<kit::secure_session> session;

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace

TEST_CASE("tls: options that are wrong are refused, with their names") {
  const auto good = site().options();
  CHECK(refused(good) == "");
  const auto with = [&](auto change) {
    auto o = good;
    change(o);
    return refused(o);
  };
  const std::pair<std::string, std::string> cases[] = {
      {with([](auto& o) { o.certificates.clear(); }), "certificates"},
      {with([](auto& o) { o.ciphers = "NONSENSE"; }), "ciphers"},
      {with([](auto& o) { o.cipher_suites = "NONSENSE"; }), "cipher_suites"},
      {with([](auto& o) { o.groups = "NONSENSE"; }), "groups"},
      {with([](auto& o) { o.protocols = {""}; }), "protocols"},
      {with([](auto& o) { o.protocols = {std::string(256, 'x')}; }), "protocols"},
      {with([](auto& o) { o.session_timeout = 0s; }), "session_timeout"},
      {with([](auto& o) { o.session_timeout = 7 * 24h + 1s; }), "session_timeout"},
      {with([](auto& o) { o.clients = tls::client_certificates::requested; }), "ca_file"},
  };
  for (const auto& [text, name] : cases) {
    CAPTURE(text);
    CHECK(text.find("server_options::" + name) != std::string::npos);
  }
}

TEST_CASE("tls: files that are wrong are refused, with their names") {
  const auto& folder = site().folder;
  const auto& server = site().server;
  const auto other = site().ca.issue({.common_name = "other"}, folder, "other");
  const auto rsa =
      site().ca.issue({.common_name = "other", .key = test::key_kind::rsa}, folder, "other-rsa");
  const auto good = site().ca.issue({.common_name = "x"});
  const auto cut = folder.write("cut.pem", good.certificate.substr(0, 200));
  const auto garbled =
      folder.write("garbled.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const auto half = folder.write("half.pem", good.certificate + good.certificate.substr(0, 200));
  const auto empty = folder.write("empty.pem", "");
  const auto secret =
      folder.write("secret.key",
                   "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                   "MIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBBKmFcO3CmxJTrPDWWG\n"
                   "-----END ENCRYPTED PRIVATE KEY-----\n");
  const auto missing = folder.file("missing.pem");
  const struct {
    std::string chain, key, named;
  } cases[] = {
      {missing, server.key, missing},
      {server.chain, missing, missing},
      {cut, server.key, cut},
      {garbled, server.key, garbled},
      {half, server.key, half},
      {empty, server.key, empty},
      {server.key, server.key, server.key},
      {server.chain, server.chain, server.chain},
      {server.chain, empty, empty},
      {server.chain, secret, secret},
      {server.chain, other.key, other.key},
      {server.chain, rsa.key, rsa.key},
      {folder.file(""), server.key, folder.file("")},
  };
  for (const auto& c : cases) {
    CAPTURE(c.chain);
    CAPTURE(c.key);
    const auto text = refused({.certificates = {{c.chain, c.key}}});
    CAPTURE(text);
    CHECK(text.starts_with("tls: " + c.named));
  }
  CHECK(refused({.certificates = {{missing, server.key}}}).find("No such file") !=
        std::string::npos);
  CHECK(refused({.certificates = {{server.chain, server.key}, {server.chain, server.key}}})
            .find("another certificate") != std::string::npos);
  for (const auto& ca : {missing, cut, empty, folder.file("")}) {
    CAPTURE(ca);
    const auto text = refused({.certificates = {{server.chain, server.key}},
                               .clients = tls::client_certificates::required,
                               .ca_file = ca});
    CHECK(text.starts_with("tls: " + ca));
  }
}

TEST_CASE("tls: an encrypted key is read by its password") {
  const auto& folder = site().folder;
  const auto one =
      site().ca.issue({.common_name = "localhost", .alternative_names = "DNS:localhost"});
  const auto other = site().ca.issue({.common_name = "localhost",
                                      .alternative_names = "DNS:localhost",
                                      .key = test::key_kind::rsa});
  const auto chain = folder.write("encrypted.pem", one.certificate);
  const auto key = folder.write("encrypted.key", test::encrypted(one.key, "opens it"));
  const std::string longest(1'024, 'x');
  const auto with = [&](const std::string& password) {
    return refused(
        {.certificates = {{.certificate_file = chain, .key_file = key, .key_password = password}}});
  };
  CHECK(with("opens it") == "");
  for (const std::string& wrong : {std::string(), std::string("opens it not"),
                                   std::string("opens i"), longest, longest + "x"}) {
    CAPTURE(wrong);
    const auto text = with(wrong);
    CAPTURE(text);
    CHECK(text.starts_with("tls: " + key + ": "));
  }

  // Each has its own, or none; and is read by it again.
  tls::server_context context(tls::server_options{
      .certificates = {
          {.certificate_file = chain, .key_file = key, .key_password = "opens it"},
          {.certificate_file = folder.write("encrypted-rsa.pem", other.certificate),
           .key_file = folder.write("encrypted-rsa.key", test::encrypted(other.key, longest)),
           .key_password = longest},
          {.certificate_file = site().server.chain,
           .key_file = site().server.key,
           .server_names = {"plain"},
           .key_password = "not needed"}}});
  CHECK(context.reload());
  pair p(context);
  CHECK(p.shake_hands().error == std::error_code());
  CHECK(p.client.connected());

  folder.write("encrypted.key", test::encrypted(one.key, "changed"));
  CHECK(context.reload().error().message().starts_with("tls: " + key));
}

TEST_CASE("tls: a session reads and writes what its client does") {
  tls::server_context context(site().options());
  pair p(context);
  CHECK(p.shake_hands().error == std::error_code());
  CHECK(p.client.connected());

  p.client.write("hello");
  p.client.write(" world");
  p.to_server();
  std::string got(100, '\0');
  const auto read = p.session->read(got);
  CHECK(got.substr(0, read.size) == "hello world");  // of both records
  CHECK_FALSE(p.session->pending());
  CHECK(p.session->drained());
  const auto none = p.session->read(got);
  CHECK(none.needs == wait::to_read);
  CHECK(none.size == 0);

  CHECK(p.session->write("answer").size == 6);
  p.to_client();
  CHECK(p.client.read() == "answer");
}

TEST_CASE("tls: what doesn't fit into the buffer is pending") {
  tls::server_context context(site().options());
  pair p(context);
  p.shake_hands();
  p.client.write("hello");
  p.to_server();
  char byte[1];
  std::string all;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(p.session->read(byte).size == 1);
    all += byte[0];
    CHECK(p.session->pending() == (i < 4));
    if (i < 4) CHECK_FALSE(p.session->drained());
  }
  CHECK(all == "hello");
}

TEST_CASE("tls: a write that doesn't fit goes on where it stopped") {
  tls::server_context context(site().options());
  pair p(context);
  p.shake_hands();
  p.to_client();
  std::string data(4u << 20, 'x');
  for (std::size_t i = 0; i < data.size(); i += 1000)
    data[i] = static_cast<char>('a' + i / 1000 % 26);
  std::string got;
  std::size_t sent = 0;
  int stops = 0;
  while (got.size() < data.size() && p.client.failure().empty()) {
    const std::string moved = data.substr(sent);  // the same bytes elsewhere
    const auto now = p.session->write(moved);
    REQUIRE_FALSE(now.error);
    sent += now.size;
    if (now.size < moved.size()) {
      ++stops;
      const auto again = p.session->write(std::string_view(moved).substr(now.size));
      CHECK(again.needs == wait::to_write);
      CHECK(again.size == 0);
    }
    p.to_client();
    got += p.client.read();
  }
  CHECK(stops > 0);
  CHECK(got == data);
}

TEST_CASE("tls: the end of a session, with and without close_notify") {
  tls::server_context context(site().options());
  for (const bool told : {true, false}) {
    CAPTURE(told);
    pair p(context);
    p.shake_hands();
    p.client.write("last");
    if (told) p.client.end();
    p.to_server();
    p.end_client();
    std::string got(100, '\0');
    CHECK(p.session->read(got).size == 4);
    CHECK(p.session->read(got).error == asio::error::eof);
    CHECK(p.session->read(got).error == asio::error::eof);
    CHECK(p.session->write("answer").size == 6);  // it may still be listening
    CHECK(p.session->shutdown().needs == wait::none);
    CHECK(p.session->shutdown().needs == wait::none);
    p.to_client();
    CHECK(p.client.read() == "answer");
    CHECK(p.client.ended());
  }
}

TEST_CASE("tls: a session that failed does nothing more") {
  tls::server_context context(site().options());
  pair p(context);
  const auto failed = [&] {
    char bytes[10];
    CHECK(p.session->read(bytes).error);
    CHECK(p.session->write("x").error);
    CHECK(p.session->shutdown().needs == wait::none);
  };
  SUBCASE("before its handshake") {
    p.end_client();
    CHECK(p.session->handshake().error == asio::error::eof);
    CHECK(p.session->handshake().error == asio::error::eof);
    failed();
  }
  SUBCASE("by a broken record") {
    p.shake_hands();
    CHECK_FALSE(p.client.to_send().size() > 0);
    p.client.write("hello");
    auto bytes = p.client.to_send();
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    p.send_raw(bytes);
    failed();
  }
}

TEST_CASE("tls: an application's own context, plain and by a class that holds it") {
  struct holder {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    ~holder() { SSL_CTX_free(context); }
    SSL_CTX* native_handle() { return context; }
  };
  const auto use = [](tls::server_context& context) {
    pair p(context);
    CHECK_FALSE(p.shake_hands().error);
    CHECK(p.client.server_common_name() == "localhost");
    CHECK(p.session->info().server_name == "localhost");
    CHECK(context.reload().error() == kit::errc::failed_precondition);
  };
  auto own = std::make_unique<holder>();
  REQUIRE(SSL_CTX_use_certificate_chain_file(own->context, site().server.chain.c_str()) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey_file(own->context, site().server.key.c_str(), SSL_FILETYPE_PEM) ==
          1);
  tls::server_context plain(own->context), held(*own);
  own.reset();
  use(plain);
  use(held);
  CHECK_THROWS_AS(tls::server_context(static_cast<SSL_CTX*>(nullptr)), kit::error);
}
