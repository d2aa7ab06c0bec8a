#pragma once

#include <vector>

#include <kit/error.hpp>

namespace kit {

/// A detail of the error that a retry gives up with: the errors of all its attempts, in order; the
/// error itself is the last one's. `e.get<kit::attempts>()`.
/// Source: Go kit's sd/lb, RetryError.
struct attempts {
  std::vector<error> errors;
};

}  // namespace kit
