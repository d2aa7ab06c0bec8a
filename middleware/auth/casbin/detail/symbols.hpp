#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kit::casbin::detail {

/// A text that a policy or a matcher has, as a number: so that comparing them is cheap.
using symbol = std::uint32_t;
inline constexpr symbol no_symbol = 0;

class symbols {
 public:
  symbols() = default;
  symbols(const symbols&) = delete;
  symbols& operator=(const symbols&) = delete;

  symbol add(std::string_view text) {
    if (const auto known = find(text); known != no_symbol) return known;
    texts_.emplace_back(text);
    return numbers_.emplace(texts_.back(), static_cast<symbol>(texts_.size())).first->second;
  }
  symbol find(std::string_view text) const noexcept {
    const auto found = numbers_.find(text);
    return found == numbers_.end() ? no_symbol : found->second;
  }
  std::string_view text(symbol s) const noexcept { return texts_[s - 1]; }
  std::size_t size() const noexcept { return texts_.size(); }

 private:
  std::deque<std::string> texts_;  // which the keys refer to
  std::unordered_map<std::string_view, symbol> numbers_;
};

}  // namespace kit::casbin::detail
