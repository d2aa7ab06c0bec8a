#pragma once

#include <string>
#include <utility>

#include <kit/config.hpp>
#include <kit/error.hpp>

#if KIT_USE_STD_EXPECTED
#include <expected>
#else
#include <tl/expected.hpp>
#endif

namespace kit {

#if KIT_USE_STD_EXPECTED
namespace expected_ns = std;
#else
namespace expected_ns = tl;
#endif

/// A value or a `kit::error`: what `ep.try_call(req)` yields. `std::expected` where the library was
/// built with it, else `tl::expected`; the two have the same members.
template <class T>
using result = expected_ns::expected<T, error>;

namespace detail {
template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;
}  // namespace detail

/// `return fail(errc::not_found, "no such user");` from a function that returns a `result`.
inline expected_ns::unexpected<error> fail(error e) {
  return expected_ns::unexpected<error>(std::move(e));
}
inline expected_ns::unexpected<error> fail(errc code) {
  return fail(error(code));
}
inline expected_ns::unexpected<error> fail(errc code, std::string message) {
  return fail(error(code, std::move(message)));
}

}  // namespace kit
