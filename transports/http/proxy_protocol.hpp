#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// HAProxy's PROXY protocol, versions 1 and 2: what a load balancer writes in front of a
/// connection's first byte, so that the server knows who is behind it.
/// Source: HAProxy, doc/proxy-protocol.txt.
namespace kit::http {

/// What the load balancer says of the connection. Nothing but the two addresses was checked to be
/// well-formed: the rest are bytes as they were sent.
struct proxy_header {
  std::uint8_t version = 0;  ///< 1 or 2
  /// The load balancer speaks for itself, e.g. to check the server's health: there is no client.
  bool local = false;
  /// The client and where it connected to: `10.0.0.7:50412`, `[2001:db8::1]:443`. Empty where the
  /// load balancer does not know or the connection is local: use the connection's own.
  std::string source = {};
  std::string destination = {};
  std::string alpn = {};       ///< the protocol agreed on with the client: `h2`
  std::string authority = {};  ///< the host that the client named in its TLS handshake
  std::string unique_id = {};  ///< of the connection, up to 128 bytes
  bool tls = false;            ///< the client spoke TLS with the load balancer
  std::string tls_version = {};

  friend bool operator==(const proxy_header&, const proxy_header&) = default;
};

struct proxy_protocol_options {
  bool accept_v1 = true;
  bool accept_v2 = true;
  /// Largest header of version 2, in bytes, at least 16. One of version 1 has at most 107.
  std::size_t max_v2_bytes = 4096;
};

/// Parses the header in front of a connection. Its bytes may come in any pieces.
///
/// The header has to be there: as the specification asks for, nothing is guessed, as else any
/// client could send one. So use it only for peers that are load balancers. A server asks only
/// those for it that its options name (`server_options::proxy_protocol_from`), and serves others as
/// usual. How long the header may take, `tls_handshake_timeout` says, without TLS, too.
class proxy_parser {
 public:
  enum class state {
    need_more,
    complete,  ///< `header()` is there, and what follows belongs to the connection
    failed,    ///< no such header, or it is malformed or too large: close the connection
  };
  struct result {
    proxy_parser::state state;
    std::size_t consumed;  ///< bytes of the header, once it is complete; else 0
  };

  explicit proxy_parser(const proxy_protocol_options& options = {}) noexcept : options_(options) {}

  /// `in` is all that came so far, and may go on behind the header. What cannot become a header
  /// fails at once. After `complete` or `failed` it must not be called again.
  result parse(std::string_view in);

  proxy_header& header() noexcept { return header_; }
  /// After `failed`: what is wrong. Static; repeats nothing of what was received.
  std::string_view error() const noexcept { return error_; }

 private:
  result parse_v1(std::string_view in);
  result parse_v2(std::string_view in);
  bool read_line(std::string_view line);
  bool read_addresses(std::string_view& block, unsigned family);
  bool read_tlvs(std::string_view whole, std::string_view tlvs);
  bool read_tls(std::string_view value);
  result fail(std::string_view why) noexcept;

  proxy_protocol_options options_;
  proxy_header header_;
  std::string_view error_;
};

}  // namespace kit::http
