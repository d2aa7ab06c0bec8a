#pragma once

#include <transports/http/router.hpp>
#include <transports/http/server_options.hpp>

namespace kit::http::detail {

/// What a server of that router needs.
inline server_options options_for(const router& r, server_options o) {
  if (r.has_streaming()) o.stream_request_bodies = true;
  return o;
}

}  // namespace kit::http::detail
