#pragma once

#include <chrono>
#include <optional>

#include <kit/http/headers.hpp>

namespace kit::jwt::detail {

/// How long an answer may be kept by what it says (RFC 9111 4.2.1 and 5.2.2); nothing where it says
/// nothing. 0 where it must not be kept. No more than 2^31 seconds.
std::optional<std::chrono::seconds> max_age(const http::headers& fields);

}  // namespace kit::jwt::detail
