#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <kit/result.hpp>
#include <middleware/auth/casbin/detail/effect.hpp>
#include <middleware/auth/casbin/detail/evaluator.hpp>
#include <middleware/auth/casbin/detail/expression.hpp>
#include <middleware/auth/casbin/detail/language.hpp>
#include <middleware/auth/casbin/detail/pattern.hpp>
#include <middleware/auth/casbin/detail/roles.hpp>
#include <middleware/auth/casbin/detail/rule_index.hpp>
#include <middleware/auth/casbin/detail/rule_table.hpp>
#include <middleware/auth/casbin/detail/symbols.hpp>
#include <middleware/auth/casbin/enforcer.hpp>

namespace kit::casbin::detail {

/// A model and a policy, ready to judge requests. Never changes.
class snapshot {
 public:
  /// Errors: throws as `enforcer` does.
  snapshot(const model& m, const policy& p, const enforcer_options& options);
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;

  struct verdict {
    bool allowed = false;
    std::size_t table = 0;  // of the rule
    std::size_t rule = merged_effect::no_rule;
  };
  result<verdict> judge(std::span<const value> request, const definitions& by) const;

  rule rule_of(const verdict& v) const;
  std::size_t index_of(const verdict& v) const noexcept {
    return tables_[v.table].from(v.rule).index;
  }

 private:
  struct matcher {
    std::string key;
    expression what;
    rule_index index;  // of the rules that it has fields of
  };
  struct effect_definition {
    std::string key;
    effect_kind kind;
  };
  struct parts {  // of a request's judgement
    std::uint32_t request;
    std::uint32_t table;
    effect_kind effect;
    const matcher* match;
  };

  void add_rules(const policy& p);
  void add_rule(const rule& r, std::size_t index);
  void sort_by_priority();
  void sort_by_subject();
  void add_matchers(const model& m);
  void add_rule_expressions(const matcher& m);
  void add_rule_expression(const matcher& m, symbol text, const rule_table::origin& from);
  void add_patterns(const matcher& m);
  void add_patterns(const expression& e, std::span<const symbol> rule);
  void check_patterns(const matcher& m, const node& n) const;

  result<parts> choose(std::size_t values, const definitions& by) const;

  language words_;
  symbols names_;
  std::vector<role_graph> roles_;
  std::vector<rule_table> tables_;  // by definition of rules
  std::vector<effect_definition> effects_;
  std::vector<matcher> matchers_;
  std::unordered_map<symbol, expression> rule_expressions_;
  pattern_set patterns_;
  surroundings around_;
};

}  // namespace kit::casbin::detail
