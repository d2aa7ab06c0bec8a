#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <middleware/auth/casbin/detail/pattern.hpp>
#include <middleware/auth/casbin/functions.hpp>
#include <middleware/auth/casbin/model.hpp>

namespace kit::casbin::detail {

/// A definition of requests or of rules: the names of the fields.
struct field_list {
  std::string key;
  std::vector<std::string> fields;

  static constexpr std::size_t npos = SIZE_MAX;
  std::size_t find(std::string_view field) const noexcept;
};

struct role_definition {
  std::string key;
  std::size_t places = 2;
};

/// What a built-in function does with its arguments, all of them texts, of which the second is a
/// pattern.
struct built_in {
  std::string_view name;
  pattern_style style;
  std::size_t arguments;
  bool gets;  ///< text rather than whether it matches
};

/// What the names in an expression mean.
struct language {
  using functions = std::map<std::string, function, std::less<>>;

  std::vector<field_list> requests;
  std::vector<field_list> rules;
  std::vector<role_definition> roles;
  std::vector<std::pair<std::string, function>> user_functions;
  std::size_t max_nodes = 10'000;
  std::size_t max_depth = 100;

  /// Of a model. Errors: throws `errc::invalid_argument` for functions that can't be called so.
  static language of(const model& m, const functions& user);
};

/// The index of the definition of that key, in any of the lists above.
template <class Definitions>
std::optional<std::uint32_t> find_definition(const Definitions& all, std::string_view key) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].key == key) return static_cast<std::uint32_t>(i);
  }
  return std::nullopt;
}

const built_in* find_built_in(std::string_view name) noexcept;
/// By its index, as in `node::index`.
const built_in& built_in_at(std::uint32_t index) noexcept;
std::uint32_t index_of(const built_in& b) noexcept;

}  // namespace kit::casbin::detail
