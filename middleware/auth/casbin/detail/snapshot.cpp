#include <middleware/auth/casbin/detail/snapshot.hpp>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include <kit/error.hpp>
#include <middleware/auth/casbin/detail/words.hpp>

namespace kit::casbin::detail {
namespace {

constexpr std::size_t most_depth = 200;

[[noreturn]] void refuse_model(const std::string& why) {
  throw error(errc::invalid_argument, "casbin model: " + why);
}

std::string place(std::size_t line, std::size_t index) {
  return "casbin policy: " +
         (line > 0 ? "line " + std::to_string(line) : "rule " + std::to_string(index + 1)) + ": ";
}
[[noreturn]] void refuse_policy(const rule_table::origin& at, const std::string& why) {
  throw error(errc::invalid_argument, place(at.line, at.index) + why);
}

std::string place(const model::definition& d) {
  return quoted(d.key) + (d.line > 0 ? " at line " + std::to_string(d.line) : "") + ": ";
}

// The operand that is a pattern, of a node that has one.
struct pattern_use {
  pattern_style style;
  const node* operand;
};
std::optional<pattern_use> pattern_of(const expression& e, const node& n) {
  if (n.what == op::matches || n.what == op::matches_not) {
    return pattern_use{pattern_style::regex, &e.operand(n, 1)};
  }
  if (n.what != op::built_in_call) return std::nullopt;
  return pattern_use{built_in_at(n.index).style, &e.operand(n, 1)};
}

// Indices of rules in the order of `rank_of`, and otherwise as they are.
template <class F>
std::vector<std::size_t> order_by(std::size_t size, F rank_of) {
  std::vector<std::pair<std::int64_t, std::size_t>> ranks;
  ranks.reserve(size);
  for (std::size_t i = 0; i < size; ++i)
    ranks.emplace_back(rank_of(i), i);
  std::sort(ranks.begin(), ranks.end());
  std::vector<std::size_t> order;
  order.reserve(size);
  for (const auto& [rank, i] : ranks)
    order.push_back(i);
  return order;
}

name_matcher find_matcher(const std::map<std::string, name_matcher, std::less<>>& all,
                          std::string_view key) {
  const auto found = all.find(key);
  return found == all.end() ? name_matcher() : found->second;
}

void check_role_options(const language& words, const enforcer_options& o) {
  for (const auto* all : {&o.role_patterns, &o.domain_patterns}) {
    for (const auto& [key, matches] : *all) {
      const auto role = find_definition(words.roles, key);
      if (!role) refuse_model("there is no role definition " + quoted(key) + " for patterns");
      if (all == &o.domain_patterns && words.roles[*role].places != 3) {
        refuse_model("the role definition " + quoted(key) + " has no domains");
      }
    }
  }
}

}  // namespace

snapshot::snapshot(const model& m, const policy& p, const enforcer_options& options)
    : words_(language::of(m, options.functions)),
      patterns_(options.max_pattern_bytes),
      around_{words_, names_, roles_, patterns_, rule_expressions_} {
  if (auto complete = m.check(); !complete) throw std::move(complete).error();
  words_.max_nodes = options.max_expression_nodes;
  words_.max_depth = std::min(options.max_expression_depth, most_depth);
  check_role_options(words_, options);
  for (const auto& r : words_.roles) {
    roles_.emplace_back(
        names_, role_rules{options.max_role_depth, find_matcher(options.role_patterns, r.key),
                           find_matcher(options.domain_patterns, r.key)});
  }
  for (const auto& d : words_.rules)
    tables_.emplace_back(d.fields.size());
  for (const auto& d : m.definitions()) {
    if (d.key.front() == 'e') effects_.push_back({d.key, parse_effect(d.text).value()});
  }
  add_rules(p);
  sort_by_subject();
  sort_by_priority();
  add_matchers(m);
}

void snapshot::add_rules(const policy& p) {
  for (std::size_t i = 0; i < p.rules().size(); ++i)
    add_rule(p.rules()[i], i);
}

void snapshot::add_rule(const rule& r, std::size_t index) {
  const rule_table::origin from{index, r.line};
  const auto check_size = [&](std::size_t size) {
    if (r.fields.size() == size) return;
    refuse_policy(from, quoted(r.type) + " has " + std::to_string(r.fields.size()) +
                            " fields, the model says " + std::to_string(size));
  };
  if (const auto role = find_definition(words_.roles, r.type)) {
    check_size(words_.roles[*role].places);
    const auto domain = r.fields.size() == 3 ? names_.add(r.fields[2]) : no_symbol;
    roles_[*role].link(names_.add(r.fields[0]), names_.add(r.fields[1]), domain);
    return;
  }
  const auto table = find_definition(words_.rules, r.type);
  if (!table) refuse_policy(from, "the model has no definition " + quoted(r.type));
  const auto& definition = words_.rules[*table];
  check_size(definition.fields.size());
  std::vector<symbol> fields;
  fields.reserve(r.fields.size());
  for (const auto& text : r.fields)
    fields.push_back(names_.add(text));
  const auto eft = definition.find("eft");
  tables_[*table].add(
      fields, eft == field_list::npos ? rule_effect::allow : parse_rule_effect(r.fields[eft]),
      from);
}

void snapshot::sort_by_priority() {
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    auto& table = tables_[t];
    const auto field = words_.rules[t].find("priority");
    if (field == field_list::npos) continue;
    table.reorder(order_by(table.size(), [&](std::size_t i) {
      const auto text = names_.text(table.fields(i)[field]);
      const char* const end = text.data() + text.size();
      std::int64_t priority = 0;
      const auto [last, status] = std::from_chars(text.data(), end, priority);
      if (status != std::errc() || last != end) {
        refuse_policy(table.from(i), "the priority " + quoted(text) + " is no integer");
      }
      return priority;
    }));
  }
}

void snapshot::sort_by_subject() {
  const auto has = [this](effect_kind kind) {
    return std::any_of(effects_.begin(), effects_.end(),
                       [kind](const effect_definition& e) { return e.kind == kind; });
  };
  if (!has(effect_kind::subject_priority)) return;
  if (has(effect_kind::priority)) refuse_model("priority and subjectPriority exclude each other");
  const auto role = find_definition(words_.roles, "g");
  if (!role) refuse_model("subjectPriority needs a role definition 'g'");
  const auto levels = roles_[*role].levels();
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    auto& table = tables_[t];
    const auto domain =
        words_.roles[*role].places == 3 ? words_.rules[t].find("dom") : field_list::npos;
    table.reorder(order_by(table.size(), [&](std::size_t i) {
      const auto fields = table.fields(i);
      const auto in = domain == field_list::npos ? no_symbol : fields[domain];
      const auto found = levels.find(role_graph::key(in, fields[0]));
      return found == levels.end() ? 0 : -static_cast<std::int64_t>(found->second);
    }));
  }
}

void snapshot::add_matchers(const model& m) {
  for (const auto& d : m.definitions()) {
    if (d.key.front() != 'm') continue;
    auto what = parse_expression(d.text, words_, names_, true);
    if (!what) refuse_model("matchers, " + place(d) + std::string(what.error().message()));
    matcher added{d.key, *std::move(what), {}};
    const auto& e = added.what;
    for (const auto& n : e.nodes) {
      const auto use = pattern_of(e, n);
      if (!use || use->operand->what != op::text) continue;
      const auto& p = patterns_.add(use->style, use->operand->index, names_);
      if (!p.problem().empty()) refuse_model("matchers, " + place(d) + p.problem());
    }
    if (e.rule) {
      add_rule_expressions(added);
      add_patterns(added);
      added.index = rule_index(e, tables_[*e.rule], roles_);
    }
    matchers_.push_back(std::move(added));
  }
}

void snapshot::add_rule_expressions(const matcher& m) {
  const auto& table = tables_[*m.what.rule];
  for (const auto& n : m.what.nodes) {
    if (n.what != op::eval) continue;
    for (std::size_t i = 0; i < table.size(); ++i) {
      const auto text = table.fields(i)[n.index];
      add_rule_expression(m, text, table.from(i));
      const auto found = rule_expressions_.find(text);
      if (found != rule_expressions_.end()) add_patterns(found->second, table.fields(i));
    }
  }
}

// One that is empty fails only when it is computed: the matcher may see to it that it isn't.
void snapshot::add_rule_expression(const matcher& m, symbol text, const rule_table::origin& from) {
  if (trim(names_.text(text)).empty()) return;
  auto found = rule_expressions_.find(text);
  if (found == rule_expressions_.end()) {
    auto parsed = parse_expression(names_.text(text), words_, names_, false);
    if (!parsed) {
      refuse_policy(from, "the expression " + quoted(names_.text(text)) + ": " +
                              std::string(parsed.error().message()));
    }
    found = rule_expressions_.emplace(text, *std::move(parsed)).first;
  }
  if (const auto rule = found->second.rule; rule && *rule != *m.what.rule) {
    refuse_policy(
        from, "the expression " + quoted(names_.text(text)) + " has fields of another definition");
  }
}

void snapshot::add_patterns(const expression& e, std::span<const symbol> rule) {
  for (const auto& n : e.nodes) {
    const auto use = pattern_of(e, n);
    if (!use) continue;
    if (use->operand->what == op::text) patterns_.add(use->style, use->operand->index, names_);
    if (use->operand->what == op::rule_field) {
      patterns_.add(use->style, rule[use->operand->index], names_);
    }
  }
}

void snapshot::add_patterns(const matcher& m) {
  const auto& table = tables_[*m.what.rule];
  for (std::size_t i = 0; i < table.size(); ++i)
    add_patterns(m.what, table.fields(i));
  check_patterns(m, m.what.root());
}

// A rule that can match only if its pattern does is wrong if that is none. Where other conditions
// decide whether the pattern is looked at, it fails when it is.
void snapshot::check_patterns(const matcher& m, const node& n) const {
  if (n.what == op::all) {
    for (const auto i : m.what.operands_of(n))
      check_patterns(m, m.what.nodes[i]);
  }
  const auto use = pattern_of(m.what, n);
  if (!use || use->operand->what != op::rule_field) return;
  const auto& table = tables_[*m.what.rule];
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto* p = patterns_.find(use->style, table.fields(i)[use->operand->index]);
    if (p && !p->problem().empty()) refuse_policy(table.from(i), p->problem());
  }
}

}  // namespace kit::casbin::detail
