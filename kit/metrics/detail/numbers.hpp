#pragma once

#include <string>

namespace kit::metrics::detail {

/// Appends the shortest text that reads back as the same number; `NaN`, `+Inf`, `-Inf`.
void append_number(std::string& out, double v);
/// Appends it with that many digits after the point, as `%f` does.
void append_fixed(std::string& out, double v, int digits);

}  // namespace kit::metrics::detail
