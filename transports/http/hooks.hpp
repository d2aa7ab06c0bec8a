#pragma once

#include <string>

#include <kit/http/request_info.hpp>
#include <transports/http/handler_options.hpp>

/// Ready-made hooks for `handler_options`.
namespace kit::http {

/// Before hook: puts a `request_info` into the context.
///
///     {.before = {http::populate_request_context}}
context populate_request_context(const context& ctx, request& req);

/// Sets (not adds) a field of the request.
/// Errors, here and below: `errc::invalid_argument` when it is made, for a malformed name or value.
before_hook set_request_header(std::string name, std::string value);

/// Sets (not adds) a field of the answer. An encoder that sets the same field overrules it.
after_hook set_response_header(std::string name, std::string value);

/// `Content-Type`, for encoders that set none.
after_hook set_content_type(std::string value);

}  // namespace kit::http
