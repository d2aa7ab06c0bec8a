#pragma once

#include <memory>
#include <span>
#include <string>

#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/tracing/batch_exporter.hpp>

namespace kit::tracing {

/// Spans as Zipkin's API version 2 has them: a JSON list.
///
/// Names are in lower case, times in microseconds, a span under one counts as one. Attributes are
/// tags, as texts; a failed span has the tag `error`, its message, unless it has one already.
/// Events are annotations, the service is the local endpoint, and the remote one is made of
/// `peer.service`, `server.address` or `network.peer.address`, and the port.
/// Source: the OpenAPI document of zipkin-api; OpenTelemetry's mapping to Zipkin.
std::string zipkin_json(std::span<const std::shared_ptr<const span_data>> spans);

struct zipkin_options {
  std::string url = "http://127.0.0.1:9411/api/v2/spans";
};

/// Sends spans to Zipkin, or what understands it, by that HTTP client.
///
///     auto zipkin = std::make_shared<tracing::batch_exporter>(
///         tracing::zipkin_exporter(http::client()));
///
/// Errors: throws `errc::invalid_argument` for a URL that isn't one of http or https. In calls:
///         `unavailable` or `resource_exhausted`, with its `Retry-After`, where trying again may
///         help; `invalid_argument` where the backend refuses the spans.
span_exporter zipkin_exporter(endpoint<http::request, http::response> client,
                              zipkin_options options = {});

}  // namespace kit::tracing
