#pragma once

#include <string>

#include <asio/awaitable.hpp>

#include <kit/endpoint.hpp>
#include <kit/http/headers.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/result.hpp>

namespace kit::http {

/// Posts content by that client, with those fields: what exporters do. Gives the answer.
/// Errors: the client's; those of an answer that isn't 2xx, see `check_status`.
asio::awaitable<result<response>> post(endpoint<request, response> client, std::string url,
                                       std::string content, std::string content_type,
                                       headers fields = {});

}  // namespace kit::http
