#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kit::casbin::detail {

/// What follows from the rules that match.
enum class effect_kind : std::uint8_t {
  allow_override,    ///< some(where (p.eft == allow))
  deny_override,     ///< !some(where (p.eft == deny))
  allow_and_deny,    ///< the two above, joined by &&
  priority,          ///< priority(p.eft) || deny
  subject_priority,  ///< subjectPriority(p.eft) || deny
};

/// Nothing for a text that is none of these. White space doesn't count.
std::optional<effect_kind> parse_effect(std::string_view text);

/// What a rule says when it matches.
enum class rule_effect : std::uint8_t { allow, deny, indeterminate };
rule_effect parse_rule_effect(std::string_view eft) noexcept;

/// Comes to a decision while the rules that match are added in order.
class merged_effect {
 public:
  static constexpr std::size_t no_rule = SIZE_MAX;

  explicit merged_effect(effect_kind kind) noexcept
      : kind_(kind), allowed_(kind == effect_kind::deny_override) {}

  /// True: it is decided, whatever follows.
  bool add(rule_effect effect, std::size_t rule) noexcept;

  bool allowed() const noexcept { return allowed_; }
  /// The rule that decided, or `no_rule`.
  std::size_t rule() const noexcept { return rule_; }

 private:
  bool decide(bool allowed, std::size_t rule) noexcept;

  effect_kind kind_;
  bool allowed_;
  std::size_t rule_ = no_rule;
};

}  // namespace kit::casbin::detail
