#include <transports/http/client_options.hpp>

#include <string>
#include <string_view>

#include <kit/error.hpp>

namespace kit::http {
namespace {

[[noreturn]] void refuse(std::string_view member, std::string_view why) {
  throw error(errc::invalid_argument,
              "http::client_options::" + std::string(member) + ": " + std::string(why));
}

void check(std::string_view member, std::chrono::milliseconds span) {
  if (span.count() < 0) refuse(member, "is negative");
}

void check_positive(std::string_view member, std::size_t n) {
  if (n == 0) refuse(member, "must be at least 1");
}

}  // namespace

void validate(const client_options& o) {
  check("connect_timeout", o.connect_timeout);
  check("timeout", o.timeout);
  check("idle_timeout", o.idle_timeout);
  if (o.idle_timeout.count() > 0 && o.idle_timeout < std::chrono::seconds(1)) {
    refuse("idle_timeout", "must be 0, or at least 1 s");
  }
  check_positive("max_connections_per_host", o.max_connections_per_host);
  check_positive("max_connections", o.max_connections);
  check_positive("max_header_bytes", o.max_header_bytes);
  if (o.tls.key_file.empty() != o.tls.certificate_file.empty()) {
    refuse("tls", "a client's certificate needs both certificate_file and key_file");
  }
}

}  // namespace kit::http
