#include <transports/http/server_options.hpp>

#include <array>
#include <utility>

#include <kit/error.hpp>

namespace kit::http {
namespace {

void require(bool right, const char* what) {
  if (!right) throw error(errc::invalid_argument, std::string("http::server_options::") + what);
}

}  // namespace

void require_valid(const server_options& o) {
  require(!o.address.empty(), "address: must not be empty");
  require(o.backlog >= 0, "backlog: must not be negative");
  require(o.max_connections > 0, "max_connections: must be at least 1");
  require(o.limits.max_header_bytes > 0, "limits.max_header_bytes: must be at least 1");
  require(o.limits.max_header_bytes <= parser_options::most_header_bytes,
          "limits.max_header_bytes: must be at most 256 MiB");
  require(o.limits.max_header_count > 0, "limits.max_header_count: must be at least 1");
  require(o.limits.max_header_count <= parser_options::most_header_count,
          "limits.max_header_count: must be at most 65535");
  require(o.limits.max_target_bytes > 0, "limits.max_target_bytes: must be at least 1");
  require(o.max_tls_handshakes > 0, "max_tls_handshakes: must be at least 1");
  const std::array<std::pair<std::chrono::milliseconds, const char*>, 12> spans{{
      {o.tls_handshake_timeout, "tls_handshake_timeout: must not be negative"},
      {o.header_timeout, "header_timeout: must not be negative"},
      {o.body_grace, "body_grace: must not be negative"},
      {o.idle_timeout, "idle_timeout: must not be negative"},
      {o.request_timeout, "request_timeout: must not be negative"},
      {o.half_close_grace, "half_close_grace: must not be negative"},
      {o.write_timeout, "write_timeout: must not be negative"},
      {o.max_connection_age, "max_connection_age: must not be negative"},
      {o.drain_delay, "drain_delay: must not be negative"},
      {o.drain_timeout, "drain_timeout: must not be negative"},
      {o.drain_idle_grace, "drain_idle_grace: must not be negative"},
      {o.cancel_grace, "cancel_grace: must not be negative"},
  }};
  for (const auto& [span, text] : spans)
    require(span.count() >= 0, text);
}

}  // namespace kit::http
