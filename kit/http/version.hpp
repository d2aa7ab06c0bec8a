#pragma once

#include <cstdint>
#include <string_view>

namespace kit::http {

/// The protocol version of a message. Ordered.
enum class version : std::uint8_t { http_1_0 = 10, http_1_1 = 11, http_2 = 20, http_3 = 30 };

/// As in a status line or a log, e.g. `"HTTP/1.1"`.
constexpr std::string_view name(version v) noexcept {
  switch (v) {
    case version::http_1_0:
      return "HTTP/1.0";
    case version::http_1_1:
      return "HTTP/1.1";
    case version::http_2:
      return "HTTP/2";
    case version::http_3:
      return "HTTP/3";
  }
  return "HTTP/?";
}

}  // namespace kit::http
