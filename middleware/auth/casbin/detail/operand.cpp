#include <middleware/auth/casbin/detail/operand.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace kit::casbin::detail {
namespace {

constexpr std::size_t max_made_text = 1024 * 1024;

std::string_view mark_of(op what) noexcept {
  static constexpr std::array<std::string_view, 16> marks{
      "<", "<=", ">", ">=", "=~", "!~", "+", "-", "*", "/", "%", "**", "&", "|", "^", "<<"};
  if (what == op::shift_right) return ">>";
  const auto i = static_cast<std::size_t>(what) - static_cast<std::size_t>(op::less);
  return i < marks.size() ? marks[i] : "operator";
}

bool refuse(op what, const operand& a, const operand& b, std::string& problem) {
  problem = "'" + std::string(mark_of(what)) + "' can't be applied to " + std::string(name(a.is)) +
            " and " + std::string(name(b.is));
  return false;
}

template <class T>
bool ordered(op what, const T& a, const T& b) noexcept {
  switch (what) {
    case op::less:
      return a < b;
    case op::at_most:
      return a <= b;
    case op::greater:
      return a > b;
    default:
      return a >= b;
  }
}

bool compare(op what, const operand& a, const operand& b, operand& out, std::string& problem) {
  if (a.is != b.is) return refuse(what, a, b, problem);
  if (a.is == operand::kind::number) {
    out = operand::of(ordered(what, a.number, b.number));
  } else if (a.is == operand::kind::text) {
    out = operand::of(ordered(what, a.text, b.text));
  } else {
    return refuse(what, a, b, problem);
  }
  return true;
}

bool append_as_text(std::string& out, const operand& o) {
  switch (o.is) {
    case operand::kind::text:
      out += o.text;
      return true;
    case operand::kind::boolean:
      out += o.is_true() ? "true" : "false";
      return true;
    case operand::kind::number: {
      char room[64];
      const auto done = std::to_chars(room, room + sizeof room, o.number);
      out.append(room, done.ptr);
      return true;
    }
    default:
      return false;
  }
}

bool join(const operand& a, const operand& b, operand& out, std::string& made,
          std::string& problem) {
  if (a.text.size() + b.text.size() > max_made_text) {
    problem = "'+' makes a text that is too long";
    return false;
  }
  if (!append_as_text(made, a) || !append_as_text(made, b)) return refuse(op::add, a, b, problem);
  out = operand::of(made, no_symbol);
  return true;
}

// Whole numbers that a double has exactly.
bool to_integer(double n, std::int64_t& out) noexcept {
  constexpr double limit = 9007199254740992.0;  // 2^53
  if (!(n >= -limit && n <= limit) || std::trunc(n) != n) return false;
  out = static_cast<std::int64_t>(n);
  return true;
}

bool compute_bits(op what, double a, double b, operand& out, std::string& problem) {
  std::int64_t x = 0;
  std::int64_t y = 0;
  const bool shifts = what == op::shift_left || what == op::shift_right;
  if (!to_integer(a, x) || !to_integer(b, y) || (shifts && (x < 0 || y < 0 || y > 63))) {
    problem = "'" + std::string(mark_of(what)) + "' is for whole numbers";
    if (shifts) problem += " that aren't negative, up to 63 places";
    return false;
  }
  std::uint64_t bits = static_cast<std::uint64_t>(x);
  switch (what) {
    case op::bit_and:
      x &= y;
      break;
    case op::bit_or:
      x |= y;
      break;
    case op::bit_xor:
      x ^= y;
      break;
    default:
      bits = what == op::shift_left ? bits << y : bits >> y;
      out = operand::of(static_cast<double>(bits));
      return true;
  }
  out = operand::of(static_cast<double>(x));
  return true;
}

bool compute_number(op what, double a, double b, operand& out, std::string& problem) {
  switch (what) {
    case op::add:
      out = operand::of(a + b);
      return true;
    case op::subtract:
      out = operand::of(a - b);
      return true;
    case op::multiply:
      out = operand::of(a * b);
      return true;
    case op::power:
      out = operand::of(std::pow(a, b));
      return true;
    case op::divide:
    case op::remainder:
      if (b == 0) {
        problem = "division by zero";
        return false;
      }
      out = operand::of(what == op::divide ? a / b : std::fmod(a, b));
      return true;
    default:
      return compute_bits(what, a, b, out, problem);
  }
}

}  // namespace

operand operand::of_value(const value& v, symbol s) noexcept {
  switch (v.type()) {
    case value::kind::null:
      return {.is = kind::null};
    case value::kind::boolean:
      return of(*v.boolean());
    case value::kind::number:
      return of(*v.number());
    case value::kind::text:
      return of(std::string_view(*v.text()), s);
    case value::kind::list:
      return {.is = kind::list, .source = &v};
    case value::kind::object:
      return {.is = kind::object, .source = &v};
  }
  return {};
}

value operand::to_value() const {
  switch (is) {
    case kind::boolean:
      return is_true();
    case kind::number:
      return number;
    case kind::text:
      return text;
    case kind::list:
    case kind::object:
      return *source;
    default:
      return {};
  }
}

std::string_view name(operand::kind kind) noexcept {
  static constexpr std::array<std::string_view, 7> names{"nothing", "null", "boolean", "number",
                                                         "text",    "list", "object"};
  return names[static_cast<std::size_t>(kind)];
}

bool equal(const operand& a, const operand& b) noexcept {
  if (a.is != b.is) return false;
  switch (a.is) {
    case operand::kind::boolean:
    case operand::kind::number:
      return a.number == b.number;
    case operand::kind::text: {
      const bool known = a.number_of_text != no_symbol && b.number_of_text != no_symbol;
      const bool both_absent =
          a.number_of_text == absent_symbol && a.number_of_text == b.number_of_text;
      return known && !both_absent ? a.number_of_text == b.number_of_text : a.text == b.text;
    }
    case operand::kind::list:
    case operand::kind::object:
      return *a.source == *b.source;
    default:
      return true;
  }
}

bool compute(op what, const operand& a, const operand& b, operand& out, std::string& made,
             std::string& problem) {
  if (what >= op::less && what <= op::at_least) return compare(what, a, b, out, problem);
  const auto text = operand::kind::text;
  if (what == op::add && (a.is == text || b.is == text)) return join(a, b, out, made, problem);
  if (a.is != operand::kind::number || b.is != a.is) return refuse(what, a, b, problem);
  return compute_number(what, a.number, b.number, out, problem);
}

bool compute(op what, const operand& a, operand& out, std::string& problem) {
  const auto wanted = what == op::negation ? operand::kind::boolean : operand::kind::number;
  const char mark = what == op::negation ? '!' : what == op::negative ? '-' : '~';
  std::int64_t whole = 0;
  if (a.is != wanted || (what == op::complement && !to_integer(a.number, whole))) {
    problem = "'" + std::string(1, mark) + "' can't be applied to " + std::string(name(a.is));
    return false;
  }
  if (what == op::negation) {
    out = operand::of(!a.is_true());
  } else {
    out = operand::of(what == op::negative ? -a.number : static_cast<double>(~whole));
  }
  return true;
}

}  // namespace kit::casbin::detail
