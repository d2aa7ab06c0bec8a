#include <transports/http/client_options.hpp>

#include <fstream>
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

void check_file(std::string_view member, const std::string& path) {
  if (path.empty()) return;
  if (std::ifstream file(path, std::ios::binary);
      !file || file.peek() == std::ifstream::traits_type::eof()) {
    refuse(member, "cannot read " + path);
  }
}

}  // namespace

void require_valid(const client_options& o) {
  check("connect_timeout", o.connect_timeout);
  check("timeout", o.timeout);
  check("read_timeout", o.read_timeout);
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
  if (!o.tls.ca_file.empty() && !o.tls.ca_pem.empty()) {
    refuse("tls", "either ca_file or ca_pem");
  }
  check_file("tls.ca_file", o.tls.ca_file);
  check_file("tls.certificate_file", o.tls.certificate_file);
  check_file("tls.key_file", o.tls.key_file);
  if (!o.proxy.empty() && !o.unix_socket.empty()) {
    refuse("unix_socket", "is not reached by a proxy");
  }
}

}  // namespace kit::http
