#pragma once

#include <kit/endpoint.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>

namespace kit::http {

/// What answers raw HTTP requests: a router, an adapter around a typed endpoint, a client ...
using handler = endpoint<request, response>;

}  // namespace kit::http
