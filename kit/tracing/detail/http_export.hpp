#pragma once

#include <string>
#include <string_view>

#include <asio/awaitable.hpp>

#include <kit/endpoint.hpp>
#include <kit/http/headers.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/result.hpp>

namespace kit::tracing::detail {

/// Posts content to a backend, with those fields; an answer that isn't 2xx is an error, see
/// `check_status`.
asio::awaitable<result<empty>> post(endpoint<http::request, http::response> client, std::string url,
                                    std::string content, std::string_view content_type,
                                    http::headers headers);

}  // namespace kit::tracing::detail
