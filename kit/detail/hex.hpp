#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace kit::detail {

/// Two lower-case hexadecimal digits for each byte.
void append_hex(std::string& out, std::span<const std::byte> bytes);

}  // namespace kit::detail
