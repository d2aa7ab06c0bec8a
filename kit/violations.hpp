#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace kit {

/// One constraint that a value breaks.
struct violation {
  /// The field's place, by its names in JSON: `items[3].email`, `prices.EUR`. Empty: the whole
  /// value.
  std::string path;
  /// What was expected, e.g. `1 to 64 characters`.
  std::string wanted;
  /// What there is instead, cut where it's long; empty where it isn't shown.
  std::string got;

  /// `items[3].email: expected 1 to 64 characters, got 70 characters`.
  std::string text() const;

  friend bool operator==(const violation&, const violation&) = default;
};

/// All that is wrong with a value, in the order of its fields: what `kit::check` returns, and a
/// detail of the errors that `middleware::validate` makes, `e.get<kit::violations>()`. Plain data.
struct violations {
  std::vector<violation> list;
  /// There are more than these.
  bool more = false;

  bool empty() const noexcept { return list.empty(); }
  std::size_t size() const noexcept { return list.size(); }
  auto begin() const noexcept { return list.begin(); }
  auto end() const noexcept { return list.end(); }

  /// The first `most` in one line, and how many more there are where that is known: `count:
  /// expected 1 to 100, got 0; and 2 more`.
  std::string text(std::size_t most) const;

  friend bool operator==(const violations&, const violations&) = default;
};

}  // namespace kit
