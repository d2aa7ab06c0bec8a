#pragma once

#include <string_view>

#include <kit/http/status.hpp>

namespace kit::http {

/// Why a parser refused a message: the status to answer with, and a text that says what is wrong.
/// After it the connection's framing is lost: answer and close.
struct protocol_error {
  http::status status = http::status::bad_request;
  std::string_view text;  ///< static; repeats nothing of what was received

  friend bool operator==(const protocol_error&, const protocol_error&) = default;
};

}  // namespace kit::http
