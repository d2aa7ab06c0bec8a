#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <middleware/auth/casbin/detail/effect.hpp>
#include <middleware/auth/casbin/detail/symbols.hpp>

namespace kit::casbin::detail {

/// The rules of one definition, in the order in which they count.
class rule_table {
 public:
  /// Where a rule is in the policy, and in its text.
  struct origin {
    std::size_t index = 0;
    std::size_t line = 0;
  };

  /// `width` is the number of fields.
  explicit rule_table(std::size_t width) noexcept : width_(width) {}

  void add(const std::vector<symbol>& fields, rule_effect effect, origin from) {
    cells_.insert(cells_.end(), fields.begin(), fields.end());
    effects_.push_back(effect);
    origins_.push_back(from);
  }

  std::size_t size() const noexcept { return effects_.size(); }
  std::span<const symbol> fields(std::size_t rule) const noexcept {
    return {cells_.data() + rule * width_, width_};
  }
  rule_effect effect(std::size_t rule) const noexcept { return effects_[rule]; }
  const origin& from(std::size_t rule) const noexcept { return origins_[rule]; }

  /// Puts the rules into that order: of indices.
  void reorder(const std::vector<std::size_t>& order) {
    rule_table out(width_);
    for (const auto i : order) {
      const auto row = fields(i);
      out.add({row.begin(), row.end()}, effects_[i], origins_[i]);
    }
    *this = std::move(out);
  }

 private:
  std::size_t width_;
  std::vector<symbol> cells_;
  std::vector<rule_effect> effects_;
  std::vector<origin> origins_;
};

}  // namespace kit::casbin::detail
