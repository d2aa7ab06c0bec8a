#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <middleware/auth/casbin/detail/symbols.hpp>
#include <middleware/auth/casbin/functions.hpp>

namespace kit::casbin::detail {

/// A text, and its number where the policy has it.
struct named {
  std::string_view text;
  symbol number = no_symbol;
};

/// How a role definition is to be understood.
struct role_rules {
  std::size_t max_depth = 10;  // links in a row
  name_matcher matches = {};
  name_matcher domain_matches = {};
};

/// The links of one role definition: who has which roles, in which domain.
class role_graph {
 public:
  role_graph(const symbols& names, role_rules rules) : names_(names), rules_(std::move(rules)) {}

  /// Without domains, `domain` is `no_symbol`.
  void link(symbol user, symbol role, symbol domain);

  /// Whether roles are found by their numbers alone.
  bool exact() const noexcept { return !rules_.matches; }

  /// The roles that somebody has in a domain, and himself where he is known; in order of their
  /// numbers. Without domains, `domain` is nothing.
  std::vector<symbol> reach(named user, const std::optional<named>& domain) const;

  /// Whether the role is among them. `reached` is what `reach` gave for this user.
  bool includes(const std::vector<symbol>& reached, named user, named role) const;

  /// For each user or role, how many links lead there at most from one that nobody is above of. By
  /// domain and name, as `key`. Errors: throws `errc::invalid_argument` for roles in a circle.
  std::unordered_map<std::uint64_t, std::size_t> levels() const;
  static std::uint64_t key(symbol domain, symbol name) noexcept {
    return std::uint64_t{domain} << 32 | name;
  }

 private:
  std::vector<symbol> domains_of(const std::optional<named>& domain) const;
  void add_direct(symbol of, const std::vector<symbol>& domains, std::vector<symbol>& to) const;
  void add_matching(std::string_view name, const std::vector<symbol>& domains,
                    std::vector<symbol>& to) const;
  std::vector<symbol> meant_by(std::span<const symbol> patterns) const;

  const symbols& names_;
  role_rules rules_;
  std::unordered_map<std::uint64_t, std::vector<symbol>> roles_;
  // Those that have links; where there are patterns among them.
  std::unordered_set<symbol> users_;
  std::unordered_set<symbol> domains_;
};

}  // namespace kit::casbin::detail
