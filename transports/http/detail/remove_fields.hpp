#pragma once

#include <string>
#include <vector>

#include <kit/http/headers.hpp>

namespace kit::http::detail {

/// Removes all fields of which `is_one` says yes; it must go by their names only.
template <class Predicate>
void remove_fields(headers& from, Predicate is_one) {
  std::vector<std::string> names;
  for (const auto& f : from) {
    if (is_one(f)) names.emplace_back(f.name);
  }
  for (const auto& name : names)
    from.remove(name);
}

}  // namespace kit::http::detail
