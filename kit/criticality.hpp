#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <kit/context.hpp>

namespace kit {

/// How bad it is when a call fails: what is given up first where there is too much to do.
/// Source: Google, Site Reliability Engineering, 2016, chapter 21.
enum class criticality : std::uint8_t {
  sheddable,  ///< Nobody notices: batch work, prefetching.
  standard,   ///< As a rule.
  critical,   ///< Users notice at once.
};
inline constexpr std::size_t criticality_count = 3;

/// `sheddable`, `default`, `critical`.
std::string_view name(criticality c) noexcept;
/// The one of that name, in lower case.
std::optional<criticality> criticality_from_name(std::string_view name) noexcept;

/// The key of the metadata in which it travels: what a caller claims. Servers believe everybody as
/// long as they take metadata from callers (`http::server_options::propagate`): at the edge, where
/// callers aren't to be trusted, don't, or set it by `with_criticality` from who they are.
inline constexpr std::string_view criticality_key = "criticality";

/// Of the call: what its metadata says, else `standard`.
criticality criticality_of(const context& ctx) noexcept;
/// The context of calls that are so critical, and of all that they call.
context with_criticality(const context& ctx, criticality c);

}  // namespace kit
