#pragma once

#include <array>
#include <string_view>

namespace kit::debug::detail {

/// page.html with its styles and scripts, made by embed.py when the library is built: what comes
/// before the title, between title and data, and after the data.
extern const std::array<std::string_view, 3> page_text;
/// Lets nothing run, or style, but those two, and nobody frame the page.
extern const std::string_view page_policy;

}  // namespace kit::debug::detail
