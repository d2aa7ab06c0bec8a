#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <kit/result.hpp>

namespace kit::casbin::detail {

/// What is in a file of no more than that many bytes. `what` is for the message.
/// Errors: `errc::not_found` for one that can't be read, `errc::resource_exhausted` for a longer
/// one.
result<std::string> read_file(const std::string& path, std::size_t max_bytes,
                              std::string_view what);

}  // namespace kit::casbin::detail
