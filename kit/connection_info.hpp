#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <kit/secure.hpp>

namespace kit {

/// In the context of every request: the connection it came on.
///
///     const auto* peer = ctx.get<connection_info>();
struct connection_info {
  /// `10.0.0.7:50412` or `[::1]:50412`; on a Unix socket `unix:`, with the path where it has one;
  /// empty where the network has no addresses, and of a peer that was gone at once.
  ///
  /// The client, as far as is known; without the port, `10.0.0.7` or `::1`, where a proxy said
  /// none. Where trusted proxies say who that is (`server_options::forwarding` and
  /// `proxy_protocol_from`), `proxy_address` is who is connected. By the PROXY protocol,
  /// `local_address` is where the client has connected to.
  std::string remote_address;
  std::string local_address;
  /// What TLS has agreed on, and who the client is; null without TLS.
  std::shared_ptr<const secure_info> secure = {};
  /// The proxy at the other end; empty where it's the client itself, as far as is known.
  std::string proxy_address = {};
  /// What the client asked the outermost trusted proxy for; empty where nobody trusted said.
  std::string forwarded_scheme = {};
  std::string forwarded_host = {};
  /// Whether all that is believed of the request's own fields: a trusted proxy has sent them.
  bool forwarded = false;

  /// By what the client asked, `https` or `http`.
  std::string_view scheme() const noexcept {
    if (!forwarded_scheme.empty()) return forwarded_scheme;
    return secure ? "https" : "http";
  }
  /// The client's verified certificate, or null.
  const peer_certificate* peer() const noexcept {
    return secure && secure->peer ? &*secure->peer : nullptr;
  }
};

}  // namespace kit
