#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <transports/http/handler.hpp>

namespace kit::http {

/// Who may show an answer inside of a page of his own.
enum class frame_ancestors : std::uint8_t { none, self, any };

/// `Strict-Transport-Security` (RFC 6797): browsers then use TLS only.
struct strict_transport {
  /// How long they remember it; 0 makes them forget. Not negative.
  std::chrono::seconds max_age{365 * 24 * 3600};
  bool include_subdomains = true;
  /// Consent to be built into browsers: with subdomains and a year at least.
  bool preload = false;
};

/// The fields that `security_headers` sets. Plain data; an empty text leaves a field out. The
/// defaults suit APIs; pages need a Content-Security-Policy of their own.
struct security_headers_options {
  /// Nothing: not sent. For services that are reached by TLS only, and will be for that long.
  std::optional<strict_transport> strict_transport_security = std::nullopt;
  /// `X-Content-Type-Options`: browsers don't guess types.
  std::string content_type_options = "nosniff";
  /// `X-Frame-Options`, and `frame-ancestors` in the policy below where that has none.
  http::frame_ancestors frame_ancestors = http::frame_ancestors::none;
  /// `Content-Security-Policy`: an answer shown as a page loads and runs nothing.
  std::string content_security_policy = "default-src 'none'";
  std::string referrer_policy = "no-referrer";
  /// E.g. `camera=(), geolocation=()`.
  std::string permissions_policy = {};
  /// `Cross-Origin-Opener-Policy`.
  std::string opener_policy = "same-origin";
  /// `Cross-Origin-Resource-Policy`: who may embed the answer without asking. Doesn't concern what
  /// is asked for by CORS.
  std::string resource_policy = "same-origin";
};

/// Middleware: has answers tell browsers to be careful, failures and streams included. A field that
/// the handler set itself stays as it is.
///
///     router.use(http::security_headers({.strict_transport_security = http::strict_transport{}}));
///
/// Errors: the constructor throws `errc::invalid_argument`, naming the option, for a text that can
///         be no value of a field, and for `strict_transport` out of range.
/// Threads: calls may overlap. Source: OWASP HTTP Headers and REST Security cheat sheets.
class security_headers {
 public:
  explicit security_headers(const security_headers_options& options = {});

  handler operator()(handler next) const;

 private:
  using field_list = std::vector<std::pair<std::string, std::string>>;
  class layer;
  std::shared_ptr<const field_list> fields_;
};

}  // namespace kit::http
