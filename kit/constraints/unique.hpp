#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace kit::detail {

template <class C>
concept has_comparable_items = requires(const C& c) {
  requires std::is_lvalue_reference_v<decltype(*std::begin(c))>;
  { *std::begin(c) < *std::begin(c) } -> std::convertible_to<bool>;
};

/// An order of all values: NaN comes last.
template <class T>
bool comes_before(const T& a, const T& b) {
  if constexpr (std::floating_point<T>) {
    return a < b || (b != b && a == a);
  } else {
    return a < b;
  }
}

/// The indices of two elements that are the same.
template <has_comparable_items C>
std::optional<std::pair<std::size_t, std::size_t>> find_alike(const C& all) {
  using item = std::remove_reference_t<decltype(*std::begin(all))>;
  constexpr std::size_t few = 16;
  if (std::size(all) <= few) {
    std::size_t k = 0;
    for (auto b = std::begin(all); b != std::end(all); ++b, ++k) {
      std::size_t i = 0;
      for (auto a = std::begin(all); i < k; ++a, ++i) {
        if (!comes_before(*a, *b) && !comes_before(*b, *a)) return std::pair(i, k);
      }
    }
    return std::nullopt;
  }
  std::vector<std::pair<const item*, std::size_t>> sorted;
  sorted.reserve(std::size(all));
  for (const auto& one : all)
    sorted.emplace_back(std::addressof(one), sorted.size());
  const auto before = [](const auto& a, const auto& b) { return comes_before(*a.first, *b.first); };
  // By a heap: std::sort runs beyond the end where an order is none, as of structs that hold NaN.
  std::make_heap(sorted.begin(), sorted.end(), before);
  std::sort_heap(sorted.begin(), sorted.end(), before);
  const auto found = std::adjacent_find(
      sorted.begin(), sorted.end(),
      [&](const auto& a, const auto& b) { return !before(a, b) && !before(b, a); });
  if (found == sorted.end()) return std::nullopt;
  return std::minmax({found->second, std::next(found)->second});
}

}  // namespace kit::detail
