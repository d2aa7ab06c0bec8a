#pragma once

#include <string>

#include <fmt/format.h>

#include <kit/log/value.hpp>

/// Include this, and what fmt can format can be logged, unless it could be before: as the text of
/// `{}`. The program must link fmt.
namespace kit::log {

/// How a type is logged as fmt formats it. To prefer that where a type is logged otherwise:
///
///     template <>
///     struct kit::log::value_traits<point> : kit::log::by_fmt<point> {};
template <class T>
struct by_fmt {
  static std::string represent(const T& v) { return fmt::format("{}", v); }
};

template <class T>
  requires(!detail::is_builtin<T>() && fmt::is_formattable<T>::value)
struct value_traits<T> : by_fmt<T> {};

}  // namespace kit::log
