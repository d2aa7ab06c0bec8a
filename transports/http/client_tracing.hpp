#pragma once

#include <functional>
#include <memory>
#include <string>

#include <kit/tracing/propagation.hpp>
#include <kit/tracing/tracer.hpp>
#include <transports/http/handler.hpp>
#include <transports/http/span_convention.hpp>

namespace kit::http {

/// Settings of `client_tracing`. Functions are called at once for several requests.
struct client_tracing_options {
  /// What spans are called; empty: as the convention says.
  std::string name = {};
  /// Gives a name to each request's span; empty, or an empty result: the one above.
  std::function<std::string(const request&)> name_of = {};
  span_convention convention = opentelemetry;
  /// Of each span, and what a function adds when the request begins.
  tracing::attributes attributes = {};
  std::function<tracing::attributes(const request&)> attributes_of = {};

  /// Sends the span and the baggage along, to whatever URL is called: switch it off for calls to
  /// third parties.
  bool propagate = true;
  tracing::propagation formats = {};
};

/// Middleware of clients: puts each request into a span of kind `client`, the child of the
/// caller's, and tells the server of it.
///
///     const kit::http::handler upstream = http::client_tracing(tracer)(http::client());
///
/// The span ends when the answer is here; where its content is a stream, with that. Without a
/// tracer (a default one) the context's own span is sent along.
///
/// Errors:  the client's, unchanged.
/// Threads: calls may overlap.
/// Source:  Go kit's HTTPClientTrace of tracing/zipkin and tracing/opencensus, ContextToHTTP of
///          tracing/opentracing.
class client_tracing {
 public:
  explicit client_tracing(tracing::tracer tracer, client_tracing_options options = {});

  handler operator()(handler next) const;

 private:
  struct shared;
  class layer;
  std::shared_ptr<const shared> shared_;
};

}  // namespace kit::http
