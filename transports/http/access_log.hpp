#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

#include <kit/connection_info.hpp>
#include <kit/http/method.hpp>
#include <kit/http/status.hpp>
#include <kit/http/version.hpp>

namespace kit::http {

/// A request and what became of it, for the log. Refers to what lives as long as the call.
struct access_record {
  enum class end : std::uint8_t {
    completed,    ///< the answer was sent whole
    client_gone,  ///< the connection was lost before
    broken,       ///< the content failed while it was sent
  };

  const http::method& method;
  /// As the client sent it, but in origin-form; empty for what was no request. With the query,
  /// which may hold secrets that are not for a log.
  std::string_view target;
  /// The pattern of the route, e.g. `/users/{id}`; empty where none matched.
  std::string_view route;
  http::version version;
  /// 499 where there was nobody left to answer.
  http::status status;
  /// Content, in bytes, as it went over the connection but without framing: received, and sent or
  /// about to be when the connection was lost.
  std::uint64_t request_bytes;
  std::uint64_t response_bytes;
  /// From the request's last byte (with streamed content, from its head) to the answer's.
  std::chrono::nanoseconds duration;
  /// Its `remote_address` is the client, as far as is known; without the port, `10.0.0.7` or `::1`,
  /// where a proxy said none.
  const connection_info& connection;
  end outcome;
};

/// The outcome's name: `completed`, `client_gone`, `broken`.
std::string_view name(access_record::end outcome) noexcept;

/// Called once for each request when all of it is over, also for those that the server refused
/// itself. In the connection's thread or strand: it must not block, and calls from different
/// connections may overlap. What it throws is dropped.
using access_log = std::function<void(const access_record&)>;

}  // namespace kit::http
