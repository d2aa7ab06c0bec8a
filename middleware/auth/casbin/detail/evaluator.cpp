#include <middleware/auth/casbin/detail/evaluator.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include <middleware/auth/casbin/detail/words.hpp>

namespace kit::casbin::detail {
namespace {

// Of roles that were looked up: a request asks for few; a matcher that asks for each rule anew
// must not make them many.
constexpr std::size_t most_kept = 16;

named as_named(const operand& text) noexcept {
  const auto s = text.number_of_text;
  return {text.text, s == absent_symbol ? no_symbol : s};
}

}  // namespace

request_values::request_values(std::span<const value> values, const symbols& names) {
  operands_.reserve(values.size());
  for (const auto& v : values) {
    const auto* text = v.text();
    const auto known = text ? names.find(*text) : no_symbol;
    operands_.push_back(operand::of_value(v, text && known == no_symbol ? absent_symbol : known));
  }
}

bool evaluator::matches(const expression& e, const node& n, std::span<const symbol> rule) {
  rule_ = rule;
  operand out;
  if (!run(e, n, out)) return false;
  switch (out.is) {
    case operand::kind::unset:
      return false;
    case operand::kind::boolean:
    case operand::kind::number:
      return out.is_true();
    default:
      return fail_with("a matcher gives a boolean or a number, not " + std::string(name(out.is)));
  }
}

std::optional<named> evaluator::text_of(const expression& e, const node& n) {
  operand out;
  if (n.what == op::request_field) {
    out = request_[n.index];
  } else if (!run(e, n, out)) {
    failure_.reset();  // whoever needs it in earnest will see
    return std::nullopt;
  }
  if (out.is != operand::kind::text) return std::nullopt;
  if (out.number_of_text == no_symbol) out.number_of_text = around_.names.find(out.text);
  return as_named(out);
}

const std::vector<symbol>* evaluator::reached(const expression& e, const node& link) {
  const auto user = text_of(e, e.operand(link, 0));
  if (!user) return nullptr;
  std::optional<named> domain;
  if (link.count == 3) {
    domain = text_of(e, e.operand(link, 2));
    if (!domain) return nullptr;
  }
  return &reach(link.index, *user, domain);
}

const std::vector<symbol>& evaluator::reach(std::uint32_t graph, named user,
                                            const std::optional<named>& domain) {
  const auto in = domain ? domain->text : std::string_view();
  for (const auto& r : reached_) {
    if (r.graph == graph && r.user == user.text && r.domain == in) return r.roles;
  }
  auto roles = around_.roles[graph].reach(user, domain);
  if (reached_.size() < most_kept) {
    reached_.reserve(most_kept);
    return reached_.emplace_back(reached_roles{graph, user.text, in, std::move(roles)}).roles;
  }
  return not_kept_ = std::move(roles);
}

bool evaluator::run(const expression& e, const node& n, operand& out) {
  switch (n.what) {
    case op::text:
    case op::number:
    case op::boolean:
    case op::request_field:
    case op::rule_field:
      return run_leaf(n, out);
    case op::attribute:
      return run_attribute(e, n, out);
    case op::negative:
    case op::negation:
    case op::complement:
      return run_unary(e, n, out);
    case op::all:
    case op::any:
      return run_logic(e, n, out);
    case op::choice:
      return run_choice(e, n, out);
    case op::in_list:
    case op::in_tuple:
      return run_in(e, n, out);
    case op::built_in_call:
      return run_built_in(e, n, out);
    case op::user_call:
      return run_user_call(e, n, out);
    case op::link:
      return run_link(e, n, out);
    case op::eval:
      return run_eval(n, out);
    default:
      return run_binary(e, n, out);
  }
}

bool evaluator::run_leaf(const node& n, operand& out) {
  switch (n.what) {
    case op::text:
      out = operand::of(around_.names.text(n.index), n.index);
      return true;
    case op::number:
      out = operand::of(n.value);
      return true;
    case op::boolean:
      out = operand::of(n.value != 0);
      return true;
    case op::request_field:
      out = request_[n.index];
      return true;
    default:
      out = rule_.empty() ? operand()
                          : operand::of(around_.names.text(rule_[n.index]), rule_[n.index]);
      return true;
  }
}

bool evaluator::run_attribute(const expression& e, const node& n, operand& out) {
  operand of;
  if (!run(e, e.operand(n, 0), of)) return false;
  const auto attribute = around_.names.text(n.index);
  const auto* found = of.source ? of.source->find(attribute) : nullptr;
  if (!found) {
    return fail_with("there is no attribute " + quoted(attribute) + " of " +
                     std::string(name(of.is)));
  }
  out = operand::of_value(*found);
  return true;
}

bool evaluator::run_unary(const expression& e, const node& n, operand& out) {
  operand of;
  if (!run(e, e.operand(n, 0), of)) return false;
  out = {};
  if (of.unset()) return true;
  std::string problem;
  return compute(n.what, of, out, problem) || fail_with(std::move(problem));
}

bool evaluator::run_binary(const expression& e, const node& n, operand& out) {
  std::array<operand, 2> of;
  if (!run(e, e.operand(n, 0), of[0]) || !run(e, e.operand(n, 1), of[1])) return false;
  out = {};
  if (of[0].unset() || of[1].unset()) return true;
  if (n.what == op::equal || n.what == op::unequal) {
    out = operand::of(equal(of[0], of[1]) == (n.what == op::equal));
    return true;
  }
  if (n.what == op::matches || n.what == op::matches_not) {
    if (!match(pattern_style::regex, of[0], of[1], out)) return false;
    out = operand::of(out.is_true() == (n.what == op::matches));
    return true;
  }
  std::string made;
  std::string problem;
  if (!compute(n.what, of[0], of[1], out, made, problem)) return fail_with(std::move(problem));
  if (out.is == operand::kind::text) out.text = texts_.emplace_front(std::move(made));
  return true;
}

// What is unset ends an `&&`, as false does: what comes after it may rely on it.
bool evaluator::run_logic(const expression& e, const node& n, operand& out) {
  const bool decides = n.what == op::any;
  bool unset = false;
  for (const auto i : e.operands_of(n)) {
    if (!run(e, e.nodes[i], out)) return false;
    if (out.unset()) {
      if (!decides) return true;
      unset = true;
      continue;
    }
    if (out.is != operand::kind::boolean) {
      return fail_with(std::string(decides ? "'||'" : "'&&'") + " can't be applied to " +
                       std::string(name(out.is)));
    }
    if (out.is_true() == decides) return true;
  }
  out = unset ? operand() : operand::of(!decides);
  return true;
}

bool evaluator::run_choice(const expression& e, const node& n, operand& out) {
  operand condition;
  if (!run(e, e.operand(n, 0), condition)) return false;
  out = {};
  if (condition.unset()) return true;
  if (condition.is != operand::kind::boolean) {
    return fail_with("'?' can't be applied to " + std::string(name(condition.is)));
  }
  return run(e, e.operand(n, condition.is_true() ? 1 : 2), out);
}

bool evaluator::run_in(const expression& e, const node& n, operand& out) {
  operand what;
  if (!run(e, e.operand(n, 0), what)) return false;
  out = {};
  if (what.unset()) return true;
  bool found = false;
  if (n.what == op::in_tuple) {
    bool unset = false;
    for (std::size_t i = 1; i < n.count && !found; ++i) {
      operand item;
      if (!run(e, e.operand(n, i), item)) return false;
      unset = unset || item.unset();
      found = equal(what, item);
    }
    if (unset && !found) return true;
  } else {
    operand in;
    if (!run(e, e.operand(n, 1), in)) return false;
    if (in.unset()) return true;
    if (in.is != operand::kind::list) {
      return fail_with("'in' needs a list, not " + std::string(name(in.is)));
    }
    const auto& items = *in.source->items();
    found = std::any_of(items.begin(), items.end(),
                        [&what](const value& v) { return equal(what, operand::of_value(v)); });
  }
  out = operand::of(found);
  return true;
}

bool evaluator::run_eval(const node& n, operand& out) {
  out = {};
  if (rule_.empty()) return true;
  const auto text = rule_[n.index];
  const auto found = around_.rule_expressions.find(text);
  if (found == around_.rule_expressions.end()) return fail_with("a rule's expression is empty");
  const auto& e = found->second;
  if (e.request && *e.request != definition_) {
    return fail_with("the expression " + quoted(around_.names.text(text)) +
                     " is for another definition of requests");
  }
  return run(e, e.root(), out);
}

bool evaluator::run_operands(const expression& e, const node& n, std::span<operand> all,
                             operand& out) {
  out = {};
  bool unset = false;
  for (std::size_t i = 0; i < n.count; ++i) {
    if (!run(e, e.operand(n, i), all[i])) return false;
    unset = unset || all[i].unset();
  }
  if (!unset) out = operand::of(true);
  return true;
}

bool evaluator::run_user_call(const expression& e, const node& n, operand& out) {
  std::vector<operand> operands(n.count);
  if (!run_operands(e, n, operands, out)) return false;
  if (out.unset()) return true;
  std::vector<value> arguments;
  arguments.reserve(n.count);
  for (const auto& o : operands)
    arguments.push_back(o.to_value());
  try {
    auto given = around_.words.user_functions[n.index].second(arguments);
    if (!given) return fail_with(std::move(given).error());
    out = operand::of_value(values_.emplace_front(*std::move(given)));
    return true;
  } catch (...) {
    return fail_with(to_error(std::current_exception()));
  }
}

bool evaluator::match(pattern_style style, const operand& text, const operand& against,
                      operand& out) {
  if (text.is != operand::kind::text || against.is != operand::kind::text) {
    return fail_with("patterns are for texts, not for " + std::string(name(text.is)) + " and " +
                     std::string(name(against.is)));
  }
  std::string problem;
  bool matches = false;
  if (const auto* ready = around_.patterns.find(style, against.number_of_text)) {
    matches = ready->matches(text.text, problem);
  } else {
    matches =
        pattern(style, against.text, around_.patterns.max_bytes()).matches(text.text, problem);
  }
  if (!problem.empty()) return fail_with(std::move(problem));
  out = operand::of(matches);
  return true;
}

bool evaluator::run_built_in(const expression& e, const node& n, operand& out) {
  const auto& b = built_in_at(n.index);
  std::array<operand, 3> of;
  if (!run_operands(e, n, of, out)) return false;
  if (out.unset()) return true;
  if (!b.gets) return match(b.style, of[0], of[1], out);
  for (std::size_t i = 0; i < n.count; ++i) {
    if (of[i].is == operand::kind::text) continue;
    return fail_with(quoted(b.name) + " is for texts, not for " + std::string(name(of[i].is)));
  }
  const auto* ready = around_.patterns.find(b.style, of[1].number_of_text);
  const auto get = [&](const pattern& p) {
    if (!p.problem().empty()) return fail_with(p.problem());
    out = operand::of(texts_.emplace_front(p.get(of[0].text, of[2].text)), no_symbol);
    return true;
  };
  if (ready) return get(*ready);
  return get(pattern(b.style, of[1].text, around_.patterns.max_bytes()));
}

bool evaluator::run_link(const expression& e, const node& n, operand& out) {
  std::array<operand, 3> of;
  if (!run_operands(e, n, of, out)) return false;
  if (out.unset()) return true;
  for (auto& o : std::span(of).first(n.count)) {
    if (o.is != operand::kind::text) {
      return fail_with("roles are texts, not " + std::string(name(o.is)));
    }
    if (o.number_of_text == no_symbol) o.number_of_text = around_.names.find(o.text);
  }
  try {
    std::optional<named> domain;
    if (n.count == 3) domain = as_named(of[2]);
    const auto user = as_named(of[0]);
    const auto& roles = reach(n.index, user, domain);
    out = operand::of(around_.roles[n.index].includes(roles, user, as_named(of[1])));
    return true;
  } catch (...) {
    return fail_with(to_error(std::current_exception()));
  }
}

bool evaluator::fail_with(std::string why) {
  return fail_with(error(errc::failed_precondition, "casbin: " + std::move(why)));
}

bool evaluator::fail_with(error e) {
  if (!failure_) failure_ = std::move(e);
  return false;
}

}  // namespace kit::casbin::detail
