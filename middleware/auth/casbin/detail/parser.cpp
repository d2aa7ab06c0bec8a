#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <middleware/auth/casbin/detail/expression.hpp>
#include <middleware/auth/casbin/detail/lexer.hpp>
#include <middleware/auth/casbin/detail/words.hpp>

namespace kit::casbin::detail {
namespace {

struct binary {
  std::string_view mark;
  op what;
  int precedence;  // && and || are below
};
constexpr binary binaries[] = {
    {"==", op::equal, 3},      {"!=", op::unequal, 3},     {"<", op::less, 3},
    {"<=", op::at_most, 3},    {">", op::greater, 3},      {">=", op::at_least, 3},
    {"=~", op::matches, 3},    {"!~", op::matches_not, 3}, {"in", op::in_tuple, 3},
    {"&", op::bit_and, 4},     {"|", op::bit_or, 4},       {"^", op::bit_xor, 4},
    {"<<", op::shift_left, 5}, {">>", op::shift_right, 5}, {"+", op::add, 6},
    {"-", op::subtract, 6},    {"*", op::multiply, 7},     {"/", op::divide, 7},
    {"%", op::remainder, 7},   {"**", op::power, 8},
};

// What is wrong, and where.
struct problem {
  std::string what;
  std::size_t at = 0;
};

// By recursive descent. Each function returns the index of a node, which means nothing once there
// is a problem.
class parser {
 public:
  parser(std::string_view text, const language& words, symbols& names, bool may_eval)
      : text_(text), words_(words), names_(names), may_eval_(may_eval) {
    advance();
  }

  result<expression> parse() {
    choice();
    if (!problem_ && now_.kind != token_kind::end) unexpected("an operator");
    if (problem_) {
      return fail(errc::invalid_argument,
                  problem_->what + " at byte " + std::to_string(problem_->at + 1));
    }
    return std::move(out_);
  }

 private:
  using index = std::uint32_t;

  index choice() {
    if (++nesting_ > words_.max_depth) return too_deep();
    const auto condition = alternatives();
    index out = condition;
    if (take("?")) {
      const auto yes = choice();
      expect(":");
      out = emit({.what = op::choice}, {condition, yes, choice()});
    }
    --nesting_;
    return out;
  }

  index alternatives() { return chain("||", op::any, &parser::conjunction); }
  index conjunction() { return chain("&&", op::all, &parser::comparison); }
  index comparison() { return operation(3); }

  // However many there are, they are operands of one node.
  index chain(std::string_view mark, op what, index (parser::*next)()) {
    std::vector<index> all{(this->*next)()};
    while (!problem_ && take(mark))
      all.push_back((this->*next)());
    return all.size() == 1 ? all.front() : emit({.what = what}, all);
  }

  index operation(int precedence) {
    auto left = prefixed();
    while (!problem_) {
      const auto* found = std::find_if(std::begin(binaries), std::end(binaries),
                                       [this](const binary& b) { return b.mark == now_.source; });
      if (found == std::end(binaries) || found->precedence < precedence) break;
      advance();
      left = found->what == op::in_tuple
                 ? membership(left)
                 : emit({.what = found->what}, {left, operation(found->precedence + 1)});
    }
    return left;
  }

  // `x in (a, b)`, `x in [a, b]`, `x in r.sub.grants`
  index membership(index what) {
    const bool round = take("(");
    if (!round && !take("[")) return emit({.what = op::in_list}, {what, operation(4)});
    std::vector<index> all{what};
    do {
      all.push_back(choice());
    } while (!problem_ && take(","));
    expect(round ? ")" : "]");
    return emit({.what = op::in_tuple}, all);
  }

  index prefixed() {
    if (++nesting_ > words_.max_depth) return too_deep();
    index out = 0;
    if (take("!")) {
      out = emit({.what = op::negation}, {prefixed()});
    } else if (take("-")) {
      out = emit({.what = op::negative}, {prefixed()});
    } else if (take("~")) {
      out = emit({.what = op::complement}, {prefixed()});
    } else {
      out = primary();
    }
    --nesting_;
    return out;
  }

  index primary() {
    if (take("(")) {
      const auto out = choice();
      expect(")");
      return out;
    }
    token t = now_;
    switch (t.kind) {
      case token_kind::number:
        advance();
        return emit({.what = op::number, .value = t.number}, {});
      case token_kind::text:
        advance();
        return emit({.what = op::text, .index = names_.add(t.text)}, {});
      case token_kind::name:
        advance();
        return named(t);
      default:
        return unexpected("a value");
    }
  }

  index named(const token& t) {
    if (t.source == "true" || t.source == "false") {
      return emit({.what = op::boolean, .value = t.source == "true" ? 1.0 : 0.0}, {});
    }
    if (now_.source == "(" && now_.kind == token_kind::mark) return call(t);
    if (const auto found = find_definition(words_.requests, t.source)) {
      return request_field(t, *found);
    }
    if (const auto found = find_definition(words_.rules, t.source)) return rule_field(t, *found);
    return refuse("unknown name " + quoted(t.source), t.at);
  }

  // The index of the field that `.name` says.
  index field(const token& t, const field_list& of, std::optional<index>& used, index definition) {
    expect(".");
    if (used && *used != definition) {
      return refuse("fields of two definitions such as " + quoted(t.source), t.at);
    }
    used = definition;
    const auto found = of.find(now_.source);
    if (problem_ || now_.kind != token_kind::name) return unexpected("a field");
    if (found == field_list::npos) {
      return refuse(quoted(of.key) + " has no field " + quoted(now_.source), now_.at);
    }
    advance();
    return static_cast<index>(found);
  }

  index request_field(const token& t, index definition) {
    const auto i = field(t, words_.requests[definition], out_.request, definition);
    auto out = emit({.what = op::request_field, .index = i}, {});
    while (!problem_ && take(".")) {
      const token attribute = now_;
      if (attribute.kind != token_kind::name) return unexpected("an attribute");
      advance();
      if (now_.source == "(") return refuse("attributes can't be called", attribute.at);
      out = emit({.what = op::attribute, .index = names_.add(attribute.source)}, {out});
    }
    return out;
  }

  index rule_field(const token& t, index definition) {
    const auto i = field(t, words_.rules[definition], out_.rule, definition);
    if (now_.source == "." && !problem_) return refuse("a rule's fields are texts", now_.at);
    return emit({.what = op::rule_field, .index = i}, {});
  }

  index call(const token& t) {
    expect("(");
    if (t.source == "eval") return evaluation(t);
    std::vector<index> arguments;
    if (now_.source != ")") {
      do {
        arguments.push_back(choice());
      } while (!problem_ && take(","));
    }
    expect(")");
    if (problem_) return 0;
    for (std::size_t i = 0; i < words_.user_functions.size(); ++i) {
      if (words_.user_functions[i].first != t.source) continue;
      return emit({.what = op::user_call, .index = static_cast<index>(i)}, arguments);
    }
    if (const auto role = find_definition(words_.roles, t.source)) {
      const auto places = words_.roles[*role].places;
      return emit_call(t, {.what = op::link, .index = *role}, arguments, places);
    }
    const auto* b = find_built_in(t.source);
    if (!b) return refuse("unknown function " + quoted(t.source), t.at);
    return emit_call(t, {.what = op::built_in_call, .index = index_of(*b)}, arguments,
                     b->arguments);
  }

  index emit_call(const token& t, node n, const std::vector<index>& arguments, std::size_t wants) {
    if (arguments.size() == wants) return emit(n, arguments);
    return refuse(quoted(t.source) + " takes " + std::to_string(wants) + " arguments, not " +
                      std::to_string(arguments.size()),
                  t.at);
  }

  index evaluation(const token& t) {
    if (!may_eval_) return refuse("an expression for eval can't have eval", t.at);
    const auto argument = choice();
    expect(")");
    if (problem_) return 0;
    if (out_.nodes[argument].what != op::rule_field) {
      return refuse("eval takes a field of a rule, as in eval(p.sub_rule)", t.at);
    }
    out_.evaluates = true;
    return emit({.what = op::eval, .index = out_.nodes[argument].index}, {});
  }

  index emit(node n, const std::vector<index>& operands) {
    if (problem_) return 0;
    std::size_t depth = 1;
    for (const auto i : operands)
      depth = std::max(depth, depths_[i] + 1);
    if (depth > words_.max_depth) return too_deep();
    if (out_.nodes.size() >= words_.max_nodes) return refuse("the expression is too long", now_.at);
    n.first = static_cast<index>(out_.operands.size());
    n.count = static_cast<index>(operands.size());
    out_.operands.insert(out_.operands.end(), operands.begin(), operands.end());
    out_.nodes.push_back(n);
    depths_.push_back(depth);
    return static_cast<index>(out_.nodes.size() - 1);
  }

  void advance() {
    now_ = next_token(text_, at_);
    if (now_.kind == token_kind::invalid) refuse(now_.text, now_.at);
  }
  bool take(std::string_view mark) {
    if (problem_ || now_.kind != token_kind::mark || now_.source != mark) return false;
    advance();
    return true;
  }
  void expect(std::string_view mark) {
    if (!take(mark)) unexpected(quoted(mark));
  }

  index unexpected(const std::string& wanted) {
    const bool end = now_.kind == token_kind::end;
    return refuse("expected " + wanted + ", got " + (end ? "the end" : quoted(now_.source)),
                  now_.at);
  }
  index too_deep() { return refuse("the expression is nested too deeply", now_.at); }
  // The first one counts.
  index refuse(std::string what, std::size_t at) {
    if (!problem_) problem_ = problem{std::move(what), at};
    return 0;
  }

  std::string_view text_;
  const language& words_;
  symbols& names_;
  bool may_eval_;
  std::size_t at_ = 0;
  token now_;
  std::optional<problem> problem_;
  std::size_t nesting_ = 0;
  expression out_;
  std::vector<std::size_t> depths_;  // of the nodes
};

}  // namespace

result<expression> parse_expression(std::string_view text, const language& words, symbols& names,
                                    bool may_eval) {
  return parser(text, words, names, may_eval).parse();
}

}  // namespace kit::casbin::detail
