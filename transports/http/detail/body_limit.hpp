#pragma once

#include <cstddef>

#include <transports/http/request_parser.hpp>

namespace kit::http::detail {

/// In the context of a server's requests: how long a body may be that is wanted as bytes.
struct body_limit {
  std::size_t bytes = parser_options{}.max_body_bytes;
};

}  // namespace kit::http::detail
