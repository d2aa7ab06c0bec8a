#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/http/request.hpp>
#include <kit/http/status.hpp>
#include <kit/tracing/span.hpp>

namespace kit::http {

/// An HTTP exchange when it is over: what is said of it in a span. Refers to what lives as long as
/// the call.
struct exchange_end {
  /// Of a server the one answered, of a client the one received; nothing where there is none.
  std::optional<http::status> status;
  /// Of the content, in bytes, as far as it is known.
  std::optional<std::uint64_t> response_bytes;
  /// The pattern of the route that matched; empty where none did, or at a client.
  std::string_view route;
  /// What failed; null when nothing did.
  const kit::error* failure;
};

/// How the spans of HTTP exchanges are called and what they say: functions for servers and clients.
/// Four conventions are defined below; one of your own is such a value, too. Those for names are
/// called for each request, as samplers see the name; the others for spans that are recorded only.
/// On any thread; they must not block.
struct span_convention {
  /// What a server's and a client's span is called before anything is known but the request.
  std::string (*server_name)(const request& req);
  std::string (*client_name)(const request& req);
  /// Sets what the request says. `ctx` is the request's: it may hold a `connection_info`.
  void (*server_request)(const tracing::span& span, const context& ctx, const request& req);
  void (*client_request)(const tracing::span& span, const request& req);
  /// Sets what there is to say at the end; may rename the span.
  void (*server_end)(const tracing::span& span, const method& m, const exchange_end& end);
  void (*client_end)(const tracing::span& span, const method& m, const exchange_end& end);
};

/// OpenTelemetry's semantic conventions for HTTP, version 1.23 and later: `GET /users/{id}` at a
/// server and `GET` at a client; `http.request.method`, `url.path`, `http.route`,
/// `http.response.status_code`, `error.type` and so on. An answer from 500 up, at a client from 400
/// up, is an error. Queries are left out: they may hold secrets.
extern const span_convention opentelemetry;

/// What Go kit's tracing/zipkin sends: named by the method; `http.method`, `http.path` (a client
/// `http.url`), `http.status_code`, `http.response.size`, and from 400 up `error`: a server's is
/// the status' phrase, a client's its number.
extern const span_convention zipkin;

/// What Go kit's tracing/opencensus sends: `GET /path`; `http.method`, `http.path`,
/// `http.status_code`, a client also `http.host` and `http.user_agent`, a server
/// `http.response_size`; the status from the code, by OpenCensus' table, with its name in capitals
/// as the message.
extern const span_convention opencensus;

/// What Go kit's tracing/opentracing sets: `http.method`, `http.url`, `http.status_code`,
/// `span.kind`, a client `peer.hostname` and `peer.port`; and `error`.
extern const span_convention opentracing;

}  // namespace kit::http
