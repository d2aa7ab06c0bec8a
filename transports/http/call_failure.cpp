#include <transports/http/call_failure.hpp>

namespace kit::http {

std::string_view name(call_failure::stage at) noexcept {
  using enum call_failure::stage;
  switch (at) {
    case request:
      return "request";
    case admission:
      return "admission";
    case resolve:
      return "resolve";
    case connect:
      return "connect";
    case tls:
      return "tls";
    case send:
      return "send";
    case receive:
      return "receive";
    case protocol:
      return "protocol";
    case limit:
      return "limit";
    case redirect:
      return "redirect";
    case timeout:
      return "timeout";
    case canceled:
      return "canceled";
  }
  return "";
}

}  // namespace kit::http
