#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_session_st;

namespace test {

/// A session that a client may resume.
using tls_ticket = std::shared_ptr<ssl_session_st>;

/// What a test's client does.
struct tls_client_options {
  /// PEM file of the authority that the server's certificate must come from. Empty: any will do.
  std::string ca_file = {};
  /// SNI; the certificate must be for it.
  std::string server_name = {};
  std::vector<std::string> protocols = {};
  /// As the protocol writes them: 0x0303 is TLS 1.2, 0x0304 TLS 1.3. 0: whatever there is.
  int min_version = 0, max_version = 0;
  /// Of both versions, in OpenSSL's syntax. Empty: OpenSSL's.
  std::string ciphers = {}, cipher_suites = {};
  /// Its certificate and key, PEM. Empty: none.
  std::string certificate_file = {}, key_file = {};
  tls_ticket resume = nullptr;
};

/// The client's end of TLS, without a network: bytes in, bytes out.
class tls_engine {
 public:
  explicit tls_engine(const tls_client_options& options);
  ~tls_engine();

  /// From the server.
  void receive(std::string_view bytes);
  /// For the server, once.
  std::string to_send();

  /// What is sent before the handshake is over waits for it.
  void write(std::string_view data);
  /// What has come.
  std::string read();
  /// Ends the sending side (close_notify).
  void end();
  /// Asks for new keys of both sides. TLS 1.3 only.
  void update_keys();

  bool connected() const;
  /// The server's close_notify has come.
  bool ended() const;
  /// Why it failed, e.g. `tlsv13 alert certificate required`; empty when it hasn't.
  const std::string& failure() const;

  std::string version() const;
  std::string cipher() const;
  std::string protocol() const;
  bool resumed() const;
  /// The common name in the server's certificate, and `ECDSA` or `RSA`.
  std::string server_common_name() const;
  std::string server_key() const;
  /// The last that the server gave; null when there is none.
  tls_ticket ticket() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace test
