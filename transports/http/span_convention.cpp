#include <transports/http/span_convention.hpp>

#include <algorithm>
#include <utility>

#include <kit/connection_info.hpp>
#include <kit/http/check_status.hpp>
#include <kit/http/syntax.hpp>
#include <kit/http/target.hpp>
#include <kit/http/url.hpp>
#include <kit/ip_networks.hpp>

namespace kit::http {
namespace {

using tracing::span;
using tracing::span_status;

constexpr int first_error = 400;

// --- what several of them say

std::string_view whole_target(const request& req) noexcept {
  return req.original_target.empty() ? req.target : req.original_target;
}

std::string_view path_of(const request& req) noexcept {
  const auto target = whole_target(req);
  return target.substr(0, target.find('?'));
}

std::string method_name(const request& req) {
  return std::string(req.method.name());
}

std::string method_and_path(const request& req) {
  return method_name(req) + ' ' + std::string(req.path());
}

std::string_view scheme_of(const context& ctx) noexcept {
  const auto* connection = ctx.get<connection_info>();
  return connection ? connection->scheme() : "http";
}

// As the client would have to write it, for the servers of conventions that want it so.
std::string server_url(const context& ctx, const request& req) {
  std::string url(scheme_of(ctx));
  url += "://";
  url += req.headers.get(field::host).value_or("");
  return url += whole_target(req);
}

bool is_error(const exchange_end& end) noexcept {
  return end.status && to_int(*end.status) >= first_error;
}

void set_ip(const span& s, std::string_view address, const char* address_key,
            const char* port_key) {
  const auto ip = parse_ip_endpoint(address);
  if (!ip) return;
  s.set(address_key, ip->address);
  if (ip->port && port_key) s.set(port_key, *ip->port);
}

// --- opentelemetry

// One that isn't registered could be anything: there would be as many names as a client likes.
bool is_registered(const method& m) noexcept {
  return m.known() != method::custom;
}

std::string short_name(const method& m) {
  return is_registered(m) ? std::string(m.name()) : "HTTP";
}

std::string otel_name(const request& req) {
  return short_name(req.method);
}

std::string otel_server_name(const request& req) {
  auto name = short_name(req.method);
  return req.route.empty() ? name : name + ' ' + std::string(req.route);
}

void set_method(const span& s, const method& m) {
  s.set("http.request.method", is_registered(m) ? m.name() : "_OTHER");
  if (!is_registered(m)) s.set("http.request.method_original", m.name());
}

void otel_server_request(const span& s, const context& ctx, const request& req) {
  set_method(s, req.method);
  s.set("url.path", path_of(req));
  s.set("url.scheme", scheme_of(ctx));
  const auto version = name(req.version);
  s.set("network.protocol.version", version.substr(version.find('/') + 1));
  if (const auto host = parse_authority(req.headers.get(field::host).value_or(""));
      host && !host->host.empty()) {
    s.set("server.address", host->host);
    if (host->port) s.set("server.port", *host->port);
  }
  if (const auto agent = req.headers.get(field::user_agent)) s.set("user_agent.original", *agent);
  if (const auto size = req.body.size()) s.set("http.request.body.size", *size);
  const auto* c = ctx.get<connection_info>();
  if (!c) return;
  set_ip(s, c->remote_address, "client.address", nullptr);
  set_ip(s, c->proxy_address.empty() ? c->remote_address : c->proxy_address, "network.peer.address",
         "network.peer.port");
}

void otel_client_request(const span& s, const request& req) {
  set_method(s, req.method);
  if (const auto size = req.body.size()) s.set("http.request.body.size", *size);
  auto url = url::parse(req.target);
  if (!url) return;
  s.set("server.address", url->host);
  s.set("server.port", url->effective_port());
  url->userinfo.clear();
  url->query.reset();
  url->fragment.reset();
  s.set("url.full", url->str());
}

void otel_end(const span& s, const exchange_end& end, int errors_from) {
  if (end.status) s.set("http.response.status_code", to_int(*end.status));
  if (end.response_bytes) s.set("http.response.body.size", *end.response_bytes);
  const bool bad_status = end.status && to_int(*end.status) >= errors_from;
  const bool good_status = end.status && to_int(*end.status) < first_error;
  const bool canceled = end.failure && end.failure->code() == errc::canceled;
  if (bad_status && !canceled) {
    s.set_default({"error.type", std::to_string(to_int(*end.status))});
    s.set_status(span_status::error, end.failure ? end.failure->message() : std::string_view());
  } else if (end.failure) {
    // Without an answer, or after one that had begun well, it is the failure that counts.
    s.set_error(*end.failure, !canceled && (!end.status || good_status));
  }
}

void otel_server_end(const span& s, const method& m, const exchange_end& end) {
  if (!end.route.empty()) {
    s.set_name(short_name(m) + ' ' + std::string(end.route));
    s.set("http.route", end.route);
  }
  otel_end(s, end, 500);
}

void otel_client_end(const span& s, const method&, const exchange_end& end) {
  otel_end(s, end, first_error);
}

// --- zipkin

void server_method_and_path(const span& s, const context&, const request& req) {
  s.set("http.method", req.method.name());
  s.set("http.path", path_of(req));
}

void zipkin_client_request(const span& s, const request& req) {
  s.set("http.method", req.method.name());
  s.set("http.url", req.target);
}

void zipkin_error(const span& s, std::string_view why) {
  s.set_default({"error", why});
  s.set_status(span_status::error, why);
}

void zipkin_end(const span& s, const exchange_end& end) {
  if (end.status) {
    s.set("http.status_code", std::to_string(to_int(*end.status)));
    const auto size = end.response_bytes ? std::to_string(*end.response_bytes) : "-1";
    s.set("http.response.size", size);
  } else if (end.failure) {
    zipkin_error(s, end.failure->message());
  }
}

void zipkin_server_end(const span& s, const method&, const exchange_end& end) {
  zipkin_end(s, end);
  if (is_error(end)) zipkin_error(s, reason_phrase(*end.status));
}

void zipkin_client_end(const span& s, const method&, const exchange_end& end) {
  zipkin_end(s, end);
  if (is_error(end)) zipkin_error(s, std::to_string(to_int(*end.status)));
}

// --- opencensus

void census_client_request(const span& s, const request& req) {
  const auto url = url::parse(req.target);
  s.set("http.host", url ? url->authority() : std::string());
  s.set("http.method", req.method.name());
  s.set("http.path", req.path());
  s.set("http.user_agent", req.headers.get(field::user_agent).value_or(""));
}

// OpenCensus' own table, not that of `code_of`.
std::string_view census_code(status s) noexcept {
  switch (to_int(s)) {
    case 400:
    case 422:
      return "INVALID_ARGUMENT";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 409:
      return "ALREADY_EXISTS";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 499:
      return "CANCELLED";
    case 501:
      return "UNIMPLEMENTED";
    case 503:
      return "UNAVAILABLE";
    case 504:
      return "DEADLINE_EXCEEDED";
    default:
      return to_int(s) < 200 || to_int(s) >= first_error ? "UNKNOWN" : "OK";
  }
}

void census_end(const span& s, const exchange_end& end) {
  if (end.status) {
    s.set("http.status_code", to_int(*end.status));
    const auto code = census_code(*end.status);
    s.set_status(code == "OK" ? span_status::ok : span_status::error, code);
  } else if (end.failure) {
    s.set_status(span_status::error, end.failure->message());
  }
}

void census_server_end(const span& s, const method&, const exchange_end& end) {
  if (end.response_bytes) s.set("http.response_size", *end.response_bytes);
  census_end(s, end);
}

void census_client_end(const span& s, const method&, const exchange_end& end) {
  census_end(s, end);
}

// --- opentracing

void opentracing_server_request(const span& s, const context& ctx, const request& req) {
  s.set("http.method", req.method.name());
  s.set("http.url", server_url(ctx, req));
  s.set("span.kind", "server");
}

void opentracing_client_request(const span& s, const request& req) {
  s.set("http.method", req.method.name());
  s.set("http.url", req.target);
  s.set("span.kind", "client");
  const auto url = url::parse(req.target);
  if (!url) return;
  s.set("peer.hostname", url->host);
  if (url->port) s.set("peer.port", *url->port);
}

void opentracing_end(const span& s, const method&, const exchange_end& end) {
  if (end.status) s.set("http.status_code", to_int(*end.status));
  if (!end.failure) return;
  s.set("error", true);
  s.set_status(span_status::error, end.failure->message());
  s.add_event("error", {{"event", "error"}, {"error.object", end.failure->message()}});
}

}  // namespace

const span_convention opentelemetry{otel_server_name,    otel_name,       otel_server_request,
                                    otel_client_request, otel_server_end, otel_client_end};

const span_convention zipkin{method_name,           method_name,       server_method_and_path,
                             zipkin_client_request, zipkin_server_end, zipkin_client_end};

const span_convention opencensus{method_and_path,       method_and_path,   server_method_and_path,
                                 census_client_request, census_server_end, census_client_end};

const span_convention opentracing{
    method_name,     method_name,    opentracing_server_request, opentracing_client_request,
    opentracing_end, opentracing_end};

}  // namespace kit::http
