#include <middleware/auth/casbin/detail/effect.hpp>

#include <string>
#include <utility>

#include <middleware/auth/casbin/detail/words.hpp>

namespace kit::casbin::detail {
namespace {

constexpr std::pair<std::string_view, effect_kind> effects[] = {
    {"some(where(p.eft==allow))", effect_kind::allow_override},
    {"!some(where(p.eft==deny))", effect_kind::deny_override},
    {"some(where(p.eft==allow))&&!some(where(p.eft==deny))", effect_kind::allow_and_deny},
    {"priority(p.eft)||deny", effect_kind::priority},
    {"subjectPriority(p.eft)||deny", effect_kind::subject_priority},
};

// Without white space, and `p2.eft` as `p.eft`.
std::string normal_form(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_space(c)) continue;
    if (c == '.') {
      auto end = out.size();
      while (end > 0 && is_digit(out[end - 1]))
        --end;
      if (end > 0 && out[end - 1] == 'p') out.resize(end);
    }
    out += c;
  }
  return out;
}

}  // namespace

std::optional<effect_kind> parse_effect(std::string_view text) {
  const auto normal = normal_form(text);
  for (const auto& [form, kind] : effects) {
    if (normal == form) return kind;
  }
  return std::nullopt;
}

rule_effect parse_rule_effect(std::string_view eft) noexcept {
  if (eft == "allow") return rule_effect::allow;
  return eft == "deny" ? rule_effect::deny : rule_effect::indeterminate;
}

bool merged_effect::decide(bool allowed, std::size_t rule) noexcept {
  allowed_ = allowed;
  rule_ = rule;
  return true;
}

bool merged_effect::add(rule_effect effect, std::size_t rule) noexcept {
  if (effect == rule_effect::indeterminate) return false;
  const bool allows = effect == rule_effect::allow;
  switch (kind_) {
    case effect_kind::allow_override:
      return allows && decide(true, rule);
    case effect_kind::deny_override:
      return !allows && decide(false, rule);
    case effect_kind::allow_and_deny:
      if (!allows) return decide(false, rule);
      if (rule_ == no_rule) decide(true, rule);
      return false;
    case effect_kind::priority:
    case effect_kind::subject_priority:
      return decide(allows, rule);
  }
  return false;
}

}  // namespace kit::casbin::detail
