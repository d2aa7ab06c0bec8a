#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace kit::http {

/// Which HTTP versions a client speaks.
enum class client_protocol : std::uint8_t {
  http_1_1,    ///< nothing else
  negotiated,  ///< HTTP/2 where a TLS server offers it (ALPN), else HTTP/1.1
  /// HTTP/2 only, also without TLS. With libcurl 7.88 each call has a connection of its own.
  http_2_prior_knowledge
};

/// How a client trusts servers, and shows who it is. TLS 1.2 or newer. Files are in PEM format;
/// they must be there when the client is made, and are read again for new connections. A proxy
/// reached by `https://` is checked against the system's authorities, whatever is set here.
struct client_tls_options {
  /// Checks the server's certificate and that it is one for the host in the URL; not whether it was
  /// revoked, neither by CRL nor by OCSP.
  bool verify = true;
  /// The authorities to trust instead of the system's: a file, or the text of one; not both. Empty:
  /// the system's.
  std::string ca_file = {};
  std::string ca_pem = {};
  /// The client's certificate, with what else is in its chain, and its private key. Empty: none.
  std::string certificate_file = {};
  std::string key_file = {};
  std::string key_password = {};
};

/// Settings of an HTTP client. Plain data; checked by `require_valid`, which the client calls.
/// Durations: zero switches a limit off; negative ones are refused. Limits of connections are those
/// of each loop that the client is used on.
struct client_options {
  /// How long a new connection may take: look-up of the name, TCP, TLS. Past it: `unavailable`,
  /// also for the calls that wait to share it.
  std::chrono::milliseconds connect_timeout{10'000};
  /// How long a call may take, with its content and with redirects; of a streaming one, until the
  /// head is here. While streamed content is sent it counts anew from each piece, and stands still
  /// while the next is awaited. Past it: `deadline_exceeded`, as with the deadline of the context,
  /// which counts, too.
  std::chrono::milliseconds timeout{30'000};
  /// How long the next piece of a streaming call's content may take, while somebody reads. Past it:
  /// `deadline_exceeded`. 0 for events that may be far between. Peers that are gone are also
  /// noticed by TCP's keep-alive probes.
  std::chrono::milliseconds read_timeout{60'000};
  /// A connection unused for longer is closed instead of used again. 1 s or more, or 0: used again
  /// whatever its age.
  std::chrono::milliseconds idle_timeout{90'000};

  /// Connections to one host and port at a time, and in all. At least 1. A host that speaks HTTP/2
  /// gets up to 100 calls on each.
  std::size_t max_connections_per_host = 256;
  std::size_t max_connections = 1'024;
  /// Calls that may wait for a connection to be free; a further one is refused with
  /// `resource_exhausted`.
  std::size_t max_waiting = 4'096;

  /// Content of an answer, in bytes, unpacked; of a streaming call as much as the server sends.
  /// Past it: `resource_exhausted`.
  std::size_t max_response_bytes = 16 * 1024 * 1024;
  /// The header section of an answer, in bytes, and a trailer section; a single line up to 100 KiB.
  /// Past it: `resource_exhausted`.
  std::size_t max_header_bytes = 64 * 1024;

  /// To servers that aren't trusted rather `http_1_1`: libcurl goes on reading what HTTP/2 frames a
  /// server sends without a pause, and holds up the loop.
  client_protocol protocol = client_protocol::negotiated;
  client_tls_options tls = {};

  /// Offers gzip and brotli, as far as libcurl knows them, and unpacks the answer: its content is
  /// then without `Content-Encoding` and `Content-Length`. Not where a request has an
  /// `Accept-Encoding`.
  bool decompress = true;
  /// Redirects that are followed, as the Fetch standard says: 303, and 301 and 302 after POST, by a
  /// GET; streamed content cannot be sent twice. To another scheme, host or port go no
  /// `Authorization`, `Cookie`, `Proxy-Authorization` and metadata (`Grpc-Metadata-*`), but all
  /// other fields; from https never to http. 0: a redirect is an answer like others. Past it:
  /// `failed_precondition`.
  std::size_t max_redirects = 0;

  /// `http://proxy:3128`, `http://user:password@proxy:3128`, `https://...`, `socks5h://...`. Empty:
  /// none; variables of the environment don't count.
  std::string proxy = {};
  /// Hosts that are reached without it, separated by commas: `localhost,.internal,10.0.0.0/8`.
  std::string no_proxy = {};
  /// The path of a Unix socket to connect to, whatever host the URL names. Empty: none. Not with a
  /// proxy.
  std::string unix_socket = {};
};

/// Throws `errc::invalid_argument` naming the member that is out of range, or whose file cannot be
/// read.
void require_valid(const client_options& options);

}  // namespace kit::http
