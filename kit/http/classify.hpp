#pragma once

#include <kit/classify.hpp>

namespace kit::http {

/// The classifier for endpoints that are HTTP handlers or clients, whose answers are successes
/// whatever their status: it takes an answer for the error that `check_status` makes of it, so 503
/// is a failure, and with `Retry-After` retryable. A 4xx is the caller's own.
classify by_status();

}  // namespace kit::http
