#pragma once

#include <optional>

#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/result.hpp>

namespace kit::http::detail {

/// Whether the status sends to another place, and the answer says where.
bool is_redirect(const response& r) noexcept;

/// The request to send after that answer, as a browser would (Fetch standard, HTTP-redirect fetch).
/// `sent` has the content that was sent, unless that was a stream.
/// Errors: `failed_precondition` for a place it cannot go to, or content it cannot send again.
result<request> redirected(const request& sent, const response& r);

}  // namespace kit::http::detail
