#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The list of W3C trace context's `tracestate`: what tracing systems tell themselves, a member
/// each, the newest first. Kept as its text, `span_context::state`.
/// Source: W3C Trace Context, level 2, 3.3.
namespace kit::tracing::trace_state {

inline constexpr std::size_t max_members = 32;
inline constexpr std::size_t max_key_size = 256;
inline constexpr std::size_t max_value_size = 256;

/// The list in these fields, without white space around its members; what is above 32 is left out.
/// Null when there is none, and when any member is malformed: it is dropped whole then. That a key
/// is there twice isn't looked for.
std::shared_ptr<const std::string> parse(std::span<const std::string_view> fields);

/// The value of a member.
std::optional<std::string_view> get(std::string_view state, std::string_view key) noexcept;

/// The list with that member in front, instead of what has its key; where there are too many, the
/// last one is dropped.
/// Errors: throws `errc::invalid_argument` for what may not stand in the list.
std::shared_ptr<const std::string> with(std::string_view state, std::string_view key,
                                        std::string_view value);

}  // namespace kit::tracing::trace_state
