#pragma once

#include <string>

namespace kit::http {

/// In the context of every request: the connection it came on.
///
///     const auto* peer = ctx.get<http::connection_info>();
struct connection_info {
  /// `10.0.0.7:50412` or `[::1]:50412`; empty where the network has no addresses.
  std::string remote_address;
  std::string local_address;
};

}  // namespace kit::http
