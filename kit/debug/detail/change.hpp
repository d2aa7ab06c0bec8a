#pragma once

#include <cstddef>
#include <optional>

#include <kit/debug/detail/core.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>

namespace kit::debug::detail {

/// Bytes of a request that changes something.
inline constexpr std::size_t longest_change = 4'096;

/// Changes a level as the request's content says; nothing when it did, else why not.
/// Precondition: there are levels.
std::optional<http::response> change_level(const core& c, const http::request& req);

}  // namespace kit::debug::detail
