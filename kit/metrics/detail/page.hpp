#pragma once

#include <functional>

#include <kit/endpoint.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>

namespace kit::metrics::detail {

/// Answers GET and HEAD with what `make` gives, other methods with 405.
endpoint<http::request, http::response> page_handler(
    std::function<http::response(const http::request&)> make);

}  // namespace kit::metrics::detail
