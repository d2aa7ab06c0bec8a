#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include <middleware/auth/casbin/detail/evaluator.hpp>
#include <middleware/auth/casbin/detail/expression.hpp>
#include <middleware/auth/casbin/detail/roles.hpp>
#include <middleware/auth/casbin/detail/rule_table.hpp>
#include <middleware/auth/casbin/detail/symbols.hpp>

namespace kit::casbin::detail {

/// Finds the rules that a matcher may be true of, so that not all of them have to be tried.
///
/// The matcher is looked at as alternatives, joined by `||`, of conditions, joined by `&&`. An
/// alternative has an index where one of its conditions is `r.x == p.y` or `g(r.x, p.y)`, and needs
/// none where it has nothing of a rule.
class rule_index {
 public:
  /// An index that finds nothing out: all rules have to be tried.
  rule_index() = default;
  rule_index(const expression& matcher, const rule_table& rules,
             const std::vector<role_graph>& roles);

  /// Indices of rules, ascending; nothing: all of them. They are in `room`, or belong to the index.
  std::optional<std::span<const std::uint32_t>> find(evaluator& request, const expression& matcher,
                                                     std::vector<std::uint32_t>& room) const;

 private:
  using row_list = std::vector<std::uint32_t>;
  struct equality {
    std::uint32_t node;   // what must be equal
    std::uint32_t field;  // to the rule's
  };
  struct alternative {
    std::uint32_t node = 0;
    bool of_rule = true;
    std::vector<equality> equalities = {};
    std::unordered_map<std::uint64_t, row_list> by_fields = {};
    std::optional<std::uint32_t> link = {};  // its node
    std::unordered_map<symbol, row_list> by_role = {};
  };
  enum class outcome { none, found, all };

  static void add_condition(const expression& m, std::uint32_t at,
                            const std::vector<role_graph>& roles, alternative& a);
  static void fill(const expression& m, const rule_table& rules, alternative& a);
  static outcome find(const alternative& a, evaluator& request, const expression& m,
                      std::vector<const row_list*>& lists);

  bool usable_ = false;
  std::vector<alternative> alternatives_;
};

}  // namespace kit::casbin::detail
