#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <middleware/auth/casbin/detail/expression.hpp>
#include <middleware/auth/casbin/detail/symbols.hpp>
#include <middleware/auth/casbin/value.hpp>

namespace kit::casbin::detail {

/// The symbol of a text that was looked up and isn't there: other texts that have one differ.
inline constexpr symbol absent_symbol = UINT32_MAX;

/// A value while an expression is computed: refers to what belongs to others.
struct operand {
  enum class kind : std::uint8_t {
    unset,  ///< the field of a rule when there is none: nothing is true of it, nor false
    null,
    boolean,
    number,
    text,
    list,
    object,
  };

  kind is = kind::unset;
  symbol number_of_text = no_symbol;
  double number = 0;  ///< or 0 and 1
  std::string_view text = {};
  const value* source = nullptr;  ///< of a list or an object

  static operand of(bool b) noexcept { return {.is = kind::boolean, .number = b ? 1.0 : 0.0}; }
  static operand of(double n) noexcept { return {.is = kind::number, .number = n}; }
  static operand of(std::string_view t, symbol s) noexcept {
    return {.is = kind::text, .number_of_text = s, .text = t};
  }
  static operand of_value(const value& v, symbol s = no_symbol) noexcept;

  bool unset() const noexcept { return is == kind::unset; }
  bool is_true() const noexcept { return number != 0; }
  value to_value() const;
};

std::string_view name(operand::kind kind) noexcept;

bool equal(const operand& a, const operand& b) noexcept;

/// What an operator of two operands that are set gives, but for those that need patterns or don't
/// look at both. False, with `problem` set: it can't be computed. Text that it makes is put into
/// `made`.
bool compute(op what, const operand& a, const operand& b, operand& out, std::string& made,
             std::string& problem);
/// The same of one operand.
bool compute(op what, const operand& a, operand& out, std::string& problem);

}  // namespace kit::casbin::detail
