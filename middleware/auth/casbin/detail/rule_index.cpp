#include <middleware/auth/casbin/detail/rule_index.hpp>

#include <algorithm>

namespace kit::casbin::detail {
namespace {

constexpr std::uint64_t mixed(std::uint64_t hash, symbol s) noexcept {
  hash = (hash ^ s) * 0x9e3779b97f4a7c15U;
  return hash ^ hash >> 29;
}

// Whether the value is the same for all rules, and cheap: a text, a field of the request, or an
// attribute of one.
bool is_plain(const expression& m, const node& n) noexcept {
  if (n.what == op::text || n.what == op::request_field) return true;
  return n.what == op::attribute && is_plain(m, m.operand(n, 0));
}

bool has_rule(const expression& m, const node& n) noexcept {
  if (n.what == op::rule_field || n.what == op::eval) return true;
  const auto operands = m.operands_of(n);
  return std::any_of(operands.begin(), operands.end(),
                     [&m](std::uint32_t i) { return has_rule(m, m.nodes[i]); });
}

}  // namespace

rule_index::rule_index(const expression& m, const rule_table& rules,
                       const std::vector<role_graph>& roles) {
  const auto last = static_cast<std::uint32_t>(m.nodes.size() - 1);
  std::vector<std::uint32_t> tops{last};
  if (m.root().what == op::any) {
    const auto operands = m.operands_of(m.root());
    tops.assign(operands.begin(), operands.end());
  }
  for (const auto top : tops) {
    alternative a{.node = top, .of_rule = has_rule(m, m.nodes[top])};
    if (a.of_rule) {
      add_condition(m, top, roles, a);
      if (a.equalities.empty() && !a.link) return;
      fill(m, rules, a);
    }
    alternatives_.push_back(std::move(a));
  }
  usable_ = true;
}

void rule_index::add_condition(const expression& m, std::uint32_t at,
                               const std::vector<role_graph>& roles, alternative& a) {
  const auto& n = m.nodes[at];
  if (n.what == op::all) {
    for (const auto i : m.operands_of(n))
      add_condition(m, i, roles, a);
  } else if (n.what == op::equal) {
    for (const std::size_t i : {0U, 1U}) {
      if (m.operand(n, i).what != op::rule_field || !is_plain(m, m.operand(n, 1 - i))) continue;
      a.equalities.push_back({m.operands[n.first + 1 - i], m.operand(n, i).index});
    }
  } else if (n.what == op::link && !a.link && roles[n.index].exact()) {
    const bool plain = is_plain(m, m.operand(n, 0)) && m.operand(n, 1).what == op::rule_field &&
                       (n.count == 2 || is_plain(m, m.operand(n, 2)));
    if (plain) a.link = at;
  }
}

void rule_index::fill(const expression& m, const rule_table& rules, alternative& a) {
  for (std::uint32_t i = 0; i < rules.size(); ++i) {
    const auto fields = rules.fields(i);
    if (!a.equalities.empty()) {
      std::uint64_t hash = 0;
      for (const auto& e : a.equalities)
        hash = mixed(hash, fields[e.field]);
      a.by_fields[hash].push_back(i);
    }
    if (a.link) a.by_role[fields[m.operand(m.nodes[*a.link], 1).index]].push_back(i);
  }
}

rule_index::outcome rule_index::find(const alternative& a, evaluator& request, const expression& m,
                                     std::vector<const row_list*>& lists) {
  if (!a.of_rule) {
    const bool matches = request.matches(m, m.nodes[a.node], {});
    const bool failed = request.failure().has_value();
    request.forget_failure();  // if it is reached, it fails again
    return matches || failed ? outcome::all : outcome::none;
  }
  const row_list* equal = nullptr;
  if (!a.equalities.empty()) {
    std::uint64_t hash = 0;
    for (const auto& e : a.equalities) {
      const auto text = request.text_of(m, m.nodes[e.node]);
      if (!text) return outcome::all;
      hash = mixed(hash, text->number);
    }
    const auto found = a.by_fields.find(hash);
    if (found == a.by_fields.end()) return outcome::none;
    equal = &found->second;
  }
  constexpr std::size_t few = 8;
  if (!a.link || (equal && equal->size() <= few)) {
    lists.push_back(equal);
    return outcome::found;
  }
  const auto* roles = request.reached(m, m.nodes[*a.link]);
  if (!roles) return outcome::all;
  const auto before = lists.size();
  std::size_t count = 0;
  for (const auto role : *roles) {
    const auto found = a.by_role.find(role);
    if (found == a.by_role.end()) continue;
    lists.push_back(&found->second);
    count += found->second.size();
  }
  if (equal && equal->size() <= count) {
    lists.resize(before);
    lists.push_back(equal);
  }
  return lists.size() == before ? outcome::none : outcome::found;
}

std::optional<std::span<const std::uint32_t>> rule_index::find(evaluator& request,
                                                               const expression& m,
                                                               row_list& room) const {
  if (!usable_) return std::nullopt;
  std::vector<const row_list*> lists;
  for (const auto& a : alternatives_) {
    if (find(a, request, m, lists) == outcome::all) return std::nullopt;
  }
  if (lists.empty()) return std::span<const std::uint32_t>();
  if (lists.size() == 1) return std::span<const std::uint32_t>(*lists.front());
  for (const auto* list : lists)
    room.insert(room.end(), list->begin(), list->end());
  std::sort(room.begin(), room.end());
  room.erase(std::unique(room.begin(), room.end()), room.end());
  return std::span<const std::uint32_t>(room);
}

}  // namespace kit::casbin::detail
