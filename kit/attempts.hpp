#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <kit/context.hpp>
#include <kit/error.hpp>

namespace kit {

/// A detail of the error that a retry gives up with: the errors of all its attempts, in order; the
/// error itself is the last one's. `e.get<kit::attempts>()`. Of more than 1000 those in the middle
/// are left out. Source: Go kit's sd/lb, RetryError.
struct attempts {
  std::vector<error> errors;
};

/// A detail of an `errc::deadline_exceeded` error: a limit of one call was over, such as that of
/// `middleware::timeout`, while the caller may have more time; another attempt may be in time.
struct attempt_timed_out {};

/// Attached to the error of a call that the callee can't have got, so that making it again does no
/// harm, whatever it does.
struct never_sent {};

/// The key of the metadata by which a layer that tries again tells those below which attempt this
/// is, from 1. Where it's there, somebody further up tries again, and nobody else shall: were each
/// of three layers to try three times, the last callee would get 27 calls for one. A caller who is
/// not to be trusted can so keep a server from trying again on his behalf, where it takes metadata
/// from callers (`http::server_options::propagate`).
inline constexpr std::string_view attempt_key = "retry-attempt";

/// What the metadata says; nothing where there is no such key, or no sound number.
std::optional<std::uint32_t> attempt_number_of(const context& ctx) noexcept;
/// The context of an attempt.
context with_attempt_number(const context& ctx, std::uint32_t number);

}  // namespace kit
