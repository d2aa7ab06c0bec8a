#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <kit/error.hpp>
#include <middleware/auth/casbin/detail/expression.hpp>
#include <middleware/auth/casbin/detail/language.hpp>
#include <middleware/auth/casbin/detail/operand.hpp>
#include <middleware/auth/casbin/detail/pattern.hpp>
#include <middleware/auth/casbin/detail/roles.hpp>
#include <middleware/auth/casbin/detail/symbols.hpp>

namespace kit::casbin::detail {

/// What expressions refer to. Outlives what is computed from it.
struct surroundings {
  const language& words;
  const symbols& names;
  const std::vector<role_graph>& roles;
  const pattern_set& patterns;
  /// By their text: what rules have for `eval`.
  const std::unordered_map<symbol, expression>& rule_expressions;
};

/// A request, with its texts looked up.
class request_values {
 public:
  request_values(std::span<const value> values, const symbols& names);

  std::size_t size() const noexcept { return operands_.size(); }
  const operand& operator[](std::size_t i) const noexcept { return operands_[i]; }

 private:
  std::vector<operand> operands_;
};

/// Computes expressions for one request. Threads: one.
class evaluator {
 public:
  /// `definition` is that of the request.
  evaluator(const surroundings& around, const request_values& request, std::uint32_t definition)
      : around_(around), request_(request), definition_(definition) {}
  evaluator(const evaluator&) = delete;
  evaluator& operator=(const evaluator&) = delete;

  /// Whether the expression is true, or a number other than 0, of the rule with these fields; of
  /// none where they are nothing. False as well where it fails: see `failure`.
  bool matches(const expression& e, std::span<const symbol> rule) {
    return matches(e, e.root(), rule);
  }
  /// The same of a part of it.
  bool matches(const expression& e, const node& n, std::span<const symbol> rule);

  /// A value of the request or one of its attributes, as a text that was looked up; nothing for
  /// everything else, and where there is no such attribute.
  std::optional<named> text_of(const expression& e, const node& n);
  /// The roles that a link leads to, from its first operand. Nothing where the operands before the
  /// role and behind it are no texts. In order of their numbers.
  const std::vector<symbol>* reached(const expression& e, const node& link);

  /// Why something couldn't be computed.
  const std::optional<error>& failure() const noexcept { return failure_; }
  void forget_failure() noexcept { failure_.reset(); }

 private:
  struct reached_roles {
    std::uint32_t graph;
    std::string_view user;
    std::string_view domain;
    std::vector<symbol> roles;
  };

  bool run(const expression& e, const node& n, operand& out);
  bool run_leaf(const node& n, operand& out);
  bool run_attribute(const expression& e, const node& n, operand& out);
  bool run_unary(const expression& e, const node& n, operand& out);
  bool run_binary(const expression& e, const node& n, operand& out);
  bool run_logic(const expression& e, const node& n, operand& out);
  bool run_choice(const expression& e, const node& n, operand& out);
  bool run_in(const expression& e, const node& n, operand& out);
  bool run_eval(const node& n, operand& out);
  bool run_user_call(const expression& e, const node& n, operand& out);
  bool run_built_in(const expression& e, const node& n, operand& out);
  bool run_link(const expression& e, const node& n, operand& out);

  bool match(pattern_style style, const operand& text, const operand& pattern, operand& out);
  /// All operands; `out` is set to unset where one is.
  bool run_operands(const expression& e, const node& n, std::span<operand> all, operand& out);
  const std::vector<symbol>& reach(std::uint32_t graph, named user,
                                   const std::optional<named>& domain);

  bool fail_with(std::string why);
  bool fail_with(error e);

  const surroundings& around_;
  const request_values& request_;
  std::uint32_t definition_;
  std::span<const symbol> rule_;
  std::optional<error> failure_;
  // What is made on the way, and kept until the end, as operands refer to it.
  std::forward_list<std::string> texts_;
  std::forward_list<value> values_;
  std::vector<reached_roles> reached_;
  std::vector<symbol> not_kept_;
};

}  // namespace kit::casbin::detail
