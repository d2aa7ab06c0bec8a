#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <kit/tracing/propagation.hpp>
#include <kit/tracing/tracer.hpp>
#include <transports/http/handler.hpp>
#include <transports/http/span_convention.hpp>

namespace kit::http {

/// Settings of `server_tracing`. Functions are called at once for several requests.
struct server_tracing_options {
  /// What spans are called; empty: as the convention says.
  std::string name = {};
  /// Gives a name to each request's span; empty, or an empty result: the one above.
  std::function<std::string(const request&)> name_of = {};
  span_convention convention = opentelemetry;
  /// Of each span, and what a function adds when the request begins.
  tracing::attributes attributes = {};
  std::function<tracing::attributes(const context&, const request&)> attributes_of = {};

  /// Takes the caller's span and baggage from the request's fields.
  bool propagate = true;
  tracing::propagation formats = {};
  /// For what comes from strangers: their span is no parent, but a link, and a trace of its own
  /// begins. Their baggage is not taken.
  bool public_endpoint = false;
  /// Decides whether a trace is sampled where the caller hasn't, for a tracer whose sampler is
  /// `parent_based`. Nothing, or empty: the sampler does. Not asked where `propagate` is off, and
  /// at a public endpoint.
  std::function<std::optional<bool>(const request&)> request_sampler = {};
};

/// Middleware: puts each request into a span of kind `server`, the child of the caller's, current
/// in all that the handlers do. Put it outside of what it is to cover: all of a router, or a group.
///
///     router.use(http::server_tracing(tracer));
///
/// The span ends when the handler has answered; where the answer is a stream, with that. A request
/// whose client goes away, or that is destroyed, ends with `canceled`.
///
/// Errors:  the handler's, unchanged. Trouble with the caller's fields never fails a request.
/// Threads: calls may overlap.
/// Source:  Go kit's HTTPServerTrace of tracing/zipkin and tracing/opencensus, HTTPToContext of
///          tracing/opentracing.
class server_tracing {
 public:
  explicit server_tracing(tracing::tracer tracer, server_tracing_options options = {});

  handler operator()(handler next) const;

 private:
  struct shared;
  class layer;
  std::shared_ptr<const shared> shared_;
};

}  // namespace kit::http
