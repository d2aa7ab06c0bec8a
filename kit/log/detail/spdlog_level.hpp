#pragma once

#include <kit/log/level.hpp>

// spdlog's enums, without its headers.
namespace spdlog::level {
enum level_enum : int;
}

namespace kit::log::detail {

/// spdlog's level of that name.
spdlog::level::level_enum spdlog_level(level l) noexcept;

}  // namespace kit::log::detail
