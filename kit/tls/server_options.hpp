#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kit::tls {

enum class version : std::uint8_t { tls_1_2, tls_1_3 };

/// What a server asks its clients for.
enum class client_certificates : std::uint8_t {
  ignored,
  requested,  ///< A client may have none; a wrong one is refused.
  required,
};

/// A certificate and what it is for.
struct certificate {
  /// PEM file: the server's certificate, then what else is in its chain, i.e. the certificates of
  /// the intermediate authorities.
  std::string certificate_file;
  /// PEM file: its private key.
  std::string key_file;
  /// Names of the server that clients ask for (SNI), `api.example.com` or `*.example.com`, which
  /// stands for one label. Empty: those in the certificate. Two certificates for the same names, in
  /// the same order, need keys of different kinds (ECDSA and RSA, say): clients get what they
  /// understand.
  std::vector<std::string> server_names = {};
  /// Of the key, where that is encrypted. At most 1,024 bytes.
  std::string key_password = {};
};

/// Settings of a `server_context`. Plain data; checked by its constructor.
struct server_options {
  /// At least one. The first is also for clients that name no server, or one that isn't known.
  std::vector<certificate> certificates = {};

  version min_version = version::tls_1_2;
  /// Ciphers of TLS 1.2, as OpenSSL's ciphers(1) writes them. Empty: those with forward secrecy and
  /// AEAD (RFC 9325 4.2).
  std::string ciphers = {};
  /// Ciphers of TLS 1.3, `TLS_AES_128_GCM_SHA256:...`. Empty: OpenSSL's.
  std::string cipher_suites = {};
  /// Groups for the key exchange, `X25519:P-256`. Empty: X25519, P-256 and P-384, which are fast,
  /// and X25519MLKEM768 where OpenSSL has it.
  std::string groups = {};

  client_certificates clients = client_certificates::ignored;
  /// PEM file: the authorities whose client certificates are right. Only where they are asked for.
  /// Whether one was revoked is not checked, neither by CRL nor by OCSP. An application's own
  /// context (see `server_context`) may be set up to.
  std::string ca_file = {};

  /// Protocols of the layer above, the best first (ALPN). A client that offers only others is
  /// refused (RFC 7301 3.2); one that offers none is not. Empty: the extension is ignored.
  std::vector<std::string> protocols = {"http/1.1", "http/1.0"};

  /// Lets clients keep their sessions, sealed (RFC 5077, RFC 8446 4.6.1). The keys are made anew
  /// every `session_timeout`, and never leave the process.
  bool session_tickets = true;
  /// Without tickets: sessions that the server keeps, for clients to resume. 0: none.
  std::size_t session_cache_size = 20'000;
  /// How long a session may be resumed, 1 s to 7 days (RFC 8446 4.6.1). The client's certificate is
  /// then only looked at for its end.
  std::chrono::seconds session_timeout{3'600};
};

}  // namespace kit::tls
