#include <transports/http/request_line.hpp>

#include <kit/http/syntax.hpp>
#include <transports/http/detail/scan.hpp>

namespace kit::http {
namespace {

using check_result = std::optional<protocol_error>;

check_result bad(std::string_view text) {
  return protocol_error{status::bad_request, text};
}

// The part of the line before the first space. Nothing else may end it.
check_result parse_method(std::string_view line, method& out, std::size_t& size) {
  const char* const end = line.data() + line.size();
  const char* const stop = scan::find_not_token(line.data(), end);
  size = static_cast<std::size_t>(stop - line.data());
  if (size == 0) return bad("no method");
  if (stop == end) return bad("no request target");
  if (*stop != ' ') return bad("method is not a token");
  const auto parsed = method::parse(line.substr(0, size));
  if (!parsed) return protocol_error{status::not_implemented, "unknown method"};
  out = *parsed;
  return {};
}

check_result parse_version(std::string_view text, version& out) {
  if (text == "HTTP/1.1") {
    out = version::http_1_1;
    return {};
  }
  if (text.size() != 8 || !text.starts_with("HTTP/") || !is_digit(text[5]) || text[6] != '.' ||
      !is_digit(text[7])) {
    return bad("malformed request line");
  }
  if (text[5] != '1') {
    return protocol_error{status::http_version_not_supported, "unknown HTTP version"};
  }
  out = text[7] == '0' ? version::http_1_0 : version::http_1_1;
  return {};
}

}  // namespace

check_result parse_request_line(std::string_view line, std::size_t max_target, request_line& out) {
  std::size_t method_size = 0;
  if (auto wrong = parse_method(line, out.method, method_size)) return wrong;
  const auto rest = line.substr(method_size + 1);
  const char* const end = rest.data() + rest.size();
  const char* const stop = scan::find_not_target(rest.data(), end);
  const auto size = static_cast<std::size_t>(stop - rest.data());
  if (size > max_target) return protocol_error{status::uri_too_long, "request target is too long"};
  if (stop == end) return bad("no HTTP version");
  if (*stop != ' ') return bad("invalid character in the request target");
  if (size == 0) return bad("no request target");
  out.target = rest.substr(0, size);
  if (auto wrong = parse_version(rest.substr(size + 1), out.version)) return wrong;
  if (out.target.front() == '/' && out.method != method::connect) return {};
  out.parts = parse_target(out.method, out.target);
  if (!out.parts) return bad("invalid request target");
  return {};
}

protocol_error refuse_long_request_line(std::string_view start) noexcept {
  method ignored;
  std::size_t size = 0;
  if (auto wrong = parse_method(start, ignored, size)) return *wrong;
  return {status::uri_too_long, "request target is too long"};
}

}  // namespace kit::http
