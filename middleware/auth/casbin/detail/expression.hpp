#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kit/result.hpp>
#include <middleware/auth/casbin/detail/language.hpp>
#include <middleware/auth/casbin/detail/symbols.hpp>

namespace kit::casbin::detail {

enum class op : std::uint8_t {
  // Without operands. `index`: the text's symbol; the field.
  text,
  number,
  boolean,
  request_field,
  rule_field,
  // Of one. `index` of the attribute: its name's symbol.
  attribute,
  negative,
  negation,
  complement,
  // Of several.
  all,  // &&
  any,  // ||
  // Of three: ?:
  choice,
  // Of two.
  equal,
  unequal,
  less,
  at_most,
  greater,
  at_least,
  matches,      // =~
  matches_not,  // !~
  add,
  subtract,
  multiply,
  divide,
  remainder,
  power,
  bit_and,
  bit_or,
  bit_xor,
  shift_left,
  shift_right,
  in_list,   // the second is a list
  in_tuple,  // of two and more: the first is one of the others
  // Functions of the operands. `index`: which one.
  built_in_call,
  user_call,
  link,
  // `index`: the rule's field that has the expression.
  eval,
};

struct node {
  op what = op::boolean;
  std::uint32_t index = 0;
  std::uint32_t first = 0;  ///< of its operands
  std::uint32_t count = 0;
  double value = 0;  ///< of a number, or a boolean
};

/// A matcher, or what a rule has for `eval`, as a tree: the operands of a node are nodes before it.
struct expression {
  std::vector<node> nodes;              ///< the last one is the root
  std::vector<std::uint32_t> operands;  ///< of all nodes: indices of nodes
  /// The definitions whose fields it has; nothing: none.
  std::optional<std::uint32_t> request;
  std::optional<std::uint32_t> rule;
  bool evaluates = false;  ///< has `eval`

  const node& root() const noexcept { return nodes.back(); }
  std::span<const std::uint32_t> operands_of(const node& n) const noexcept {
    return {operands.data() + n.first, n.count};
  }
  const node& operand(const node& n, std::size_t i) const noexcept {
    return nodes[operands[n.first + i]];
  }
};

/// Reads an expression; its texts become symbols. `may_eval` false: it has no `eval`, being what a
/// rule has for one.
/// Errors: `errc::invalid_argument`, naming the byte.
result<expression> parse_expression(std::string_view text, const language& words, symbols& names,
                                    bool may_eval);

}  // namespace kit::casbin::detail
