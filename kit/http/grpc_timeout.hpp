#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kit/clock.hpp>

namespace kit::http {

/// How long the caller will wait, as gRPC writes it: up to 8 digits and a unit, `250m` are 250 ms.
/// In `grpc-timeout` of gRPC and `Grpc-Timeout` of HTTP. Rounded down to what 8 digits can say;
/// zero and less are `0n`.
///
/// Source: gRPC over HTTP/2, Timeout; grpc-gateway.
std::string format_grpc_timeout(duration left);
/// Nothing when it's malformed. More than a `duration` can hold is its maximum.
std::optional<duration> parse_grpc_timeout(std::string_view text) noexcept;

}  // namespace kit::http
