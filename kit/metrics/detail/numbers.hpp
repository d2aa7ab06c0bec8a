#pragma once

#include <string>

namespace kit::metrics::detail {

/// Appends the shortest text that reads back as the same number; `NaN`, `+Inf`, `-Inf`.
void append_number(std::string& out, double v);
/// Appends it with that many digits after the point, as `%f` does.
void append_fixed(std::string& out, double v, int digits);
/// Appends a share, from 0 to 1, as percent, rounded as decimals are: `99.9` of 0.999.
void append_percent(std::string& out, double share);

}  // namespace kit::metrics::detail
