#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include <kit/tracing/span_context.hpp>

namespace kit::tracing {

/// The span as 29 bytes: the value of `grpc-trace-bin` (as text, base64 of it).
/// Source: OpenCensus, BinaryEncoding.md.
std::array<std::byte, 29> to_binary(const span_context& span) noexcept;

/// Reads it. Fields that are unknown, and what follows them, are passed over; without both ids, or
/// in another version than 0, there is nothing.
std::optional<span_context> parse_binary(std::span<const std::byte> bytes) noexcept;

}  // namespace kit::tracing
