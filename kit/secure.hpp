#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

// What a server needs to know of TLS. `kit/tls` implements it; nothing here needs a TLS library.
namespace kit {

/// Who the peer is, by a certificate that was verified.
struct peer_certificate {
  /// Distinguished names as in RFC 4514, `CN=billing,O=Example`: for people to read.
  std::string subject = {}, issuer = {};
  /// The subject alternative names (RFC 5280 4.2.1.6): what identities are checked by. URIs are
  /// SPIFFE's identities, too.
  std::vector<std::string> dns_names = {}, uris = {}, emails = {};
  /// SHA-256 of the certificate, as 64 lower-case hexadecimal digits.
  std::string fingerprint = {};
  /// Its last second.
  std::chrono::sys_seconds not_after{};

  /// What it is called by: its first URI, DNS name or address, else its subject.
  std::string_view name() const noexcept {
    for (const auto* names : {&uris, &dns_names, &emails}) {
      if (!names->empty()) return names->front();
    }
    return subject;
  }
};

/// What was agreed with the peer.
struct secure_info {
  /// `TLSv1.2`, `TLSv1.3`.
  std::string version;
  /// By OpenSSL's name, e.g. `TLS_AES_128_GCM_SHA256`.
  std::string cipher;
  /// That the client asked for (SNI, RFC 6066); empty when it named none.
  std::string server_name;
  /// Of the layer above (ALPN, RFC 7301), e.g. `http/1.1`; empty when none was agreed.
  std::string protocol;
  /// Whether an earlier session was resumed.
  bool resumed = false;
  /// None where the client wasn't asked for a certificate, or had none.
  std::optional<peer_certificate> peer;
};

/// What one step of a session did.
struct secure_step {
  /// What the socket must become ready for before the step is tried again.
  enum class wait : std::uint8_t { none, to_read, to_write };

  /// `asio::error::eof` at the peer's end, with or without its close_notify.
  std::error_code error = {};
  /// Bytes moved, without those of the protocol. Positive beside neither an error nor a wait.
  std::size_t size = 0;
  wait needs = wait::none;
};

/// One end of a secure connection, over a non-blocking socket that it neither owns nor closes. No
/// call waits, throws or raises SIGPIPE. Reading may need the socket to become writable, and the
/// other way round: each step says so.
///
/// Threads: one at a time. Lifetime: the socket stays open until the last call.
class secure_session {
 public:
  secure_session() = default;
  secure_session(const secure_session&) = delete;
  secure_session& operator=(const secure_session&) = delete;
  virtual ~secure_session() = default;

  /// Goes on with the handshake: done when it needs nothing. What went wrong was told to the peer,
  /// as far as it can be. Before that no other call but `info`.
  virtual secure_step handshake() noexcept = 0;
  /// Reads what is there, of several records, too.
  virtual secure_step read(std::span<char> into) noexcept = 0;
  /// Writes what goes out without waiting. When it needs to wait, the same bytes must come next, at
  /// any address, with or without more behind them.
  virtual secure_step write(std::string_view data) noexcept = 0;
  /// Tells the peer that nothing more will be sent; doesn't wait for its answer. Done when it needs
  /// nothing. After a failed step it does nothing.
  virtual secure_step shutdown() noexcept = 0;

  /// Whether `read` might give something without the socket becoming readable.
  virtual bool pending() const noexcept = 0;
  /// Whether the last `handshake` or `read` took all that the socket had, so that an edge tells of
  /// whatever comes. False where that isn't known. Implies that nothing is `pending`.
  virtual bool drained() const noexcept = 0;

  /// After the handshake.
  virtual secure_info info() const = 0;
};

/// Makes sessions for the connections that a server has accepted. Shared by all of its loops.
/// Threads: any, at the same time.
class secure_context {
 public:
  secure_context() = default;
  secure_context(const secure_context&) = delete;
  secure_context& operator=(const secure_context&) = delete;
  virtual ~secure_context() = default;

  /// Errors: throws `kit::error`, `std::bad_alloc`.
  virtual std::unique_ptr<secure_session> accept(int socket) = 0;
};

}  // namespace kit
