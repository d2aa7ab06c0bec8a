#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <kit/http/method.hpp>
#include <kit/http/target.hpp>
#include <kit/http/version.hpp>
#include <transports/http/protocol_error.hpp>

namespace kit::http {

/// A parsed `method SP request-target SP HTTP-version`. Views into the line.
struct request_line {
  http::method method;
  http::version version = http::version::http_1_1;
  std::string_view target;
  /// Set unless the target has origin-form, i.e. starts with `/`.
  std::optional<target_parts> parts;
};

/// How long a request line with a target of `max_target` bytes can be.
constexpr std::size_t max_request_line(std::size_t max_target) noexcept {
  return max_target + method::max_custom + 10;
}

/// Parses a line that `line_reader` found (RFC 9112 3). A minor version above 1 is taken as 1.
/// Returns what is wrong, if anything is.
std::optional<protocol_error> parse_request_line(std::string_view line, std::size_t max_target,
                                                 request_line& out);

/// What to say of a line that starts like this and is longer than `max_request_line`.
protocol_error refuse_long_request_line(std::string_view start) noexcept;

}  // namespace kit::http
