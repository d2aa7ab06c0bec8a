#pragma once

#include <memory>
#include <span>
#include <string>

#include <kit/http/headers.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/otlp/http.hpp>
#include <kit/otlp/trace.hpp>
#include <kit/tracing/batch_exporter.hpp>

namespace kit::tracing {

/// Spans as OTLP's message: one group of each resource. To be encoded as JSON or protobuf.
otlp::export_trace_service_request to_otlp(std::span<const std::shared_ptr<const span_data>> spans);

/// Attributes as OTLP has them: of a resource that metrics are to have, too.
otlp::attributes otlp_attributes(const attributes& all);

struct otlp_options {
  std::string url = "http://127.0.0.1:4318/v1/traces";
  using encoding = otlp::encoding;
  encoding encode_as = encoding::protobuf;
  /// To be sent along, such as an API key.
  http::headers headers = {};
};

/// Sends spans to an OpenTelemetry collector, or what understands OTLP over HTTP, by that client.
///
///     auto collector = std::make_shared<tracing::batch_exporter>(
///         tracing::otlp_exporter(http::client()));
///
/// Spans that the backend refuses of a batch which it takes ("partial success") are in the result.
/// Errors: throws `errc::invalid_argument` for a URL that isn't one of http or https. In calls:
///         `unavailable` or `resource_exhausted`, with its `Retry-After`, where trying again may
///         help; `invalid_argument` where the backend refuses the spans.
/// Source: OTLP specification 1.x, OTLP/HTTP.
span_exporter otlp_exporter(endpoint<http::request, http::response> client,
                            otlp_options options = {});

}  // namespace kit::tracing
