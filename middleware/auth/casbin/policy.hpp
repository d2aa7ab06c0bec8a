#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <kit/result.hpp>

namespace kit::casbin {

/// One line of a policy: a rule of some policy definition, or a link of a role definition.
struct rule {
  std::string type;                      ///< `p`, `p2`, `g`
  std::vector<std::string> fields = {};  ///< in the order of the definition
  std::size_t line = 0;  ///< where it stands in the text, from 1 on; 0: built in code

  friend bool operator==(const rule& a, const rule& b) noexcept {
    return a.type == b.type && a.fields == b.fields;
  }
};

/// As a line of CSV, which `policy::parse` reads back unless a field has a line break in it.
std::string to_csv(const rule& r);

/// How large a policy may be. Plain data.
struct policy_limits {
  /// Longest text, in bytes.
  std::size_t max_bytes = 64 * 1024 * 1024;
  /// Most rules and links.
  std::size_t max_rules = 1'000'000;
  /// Most fields of one, and the longest field, in bytes.
  std::size_t max_fields = 64;
  std::size_t max_field_bytes = 64 * 1024;
};

/// Who may do what: rules, and who has which role. As CSV text:
///
///     p, alice, data1, read
///     p, "r.sub.Age > 18 && r.sub.Name != ""bob""", data2, write
///     g, alice, admin
///
/// or built in code: `policy().add("p", {"alice", "data1", "read"})`. Of the text: empty lines and
/// those that begin with `#` don't count (behind a rule, `#` is part of it); white space around
/// fields neither; a field in double quotes may have commas and, doubled, quotes; lines may end
/// with CRLF. Whether the rules fit the model is looked at when an enforcer gets them.
///
/// Source: Go casbin's file adapter. Other than there, spaces behind a field don't count.
/// Threads: as a const value.
class policy {
 public:
  /// A policy without rules, to which they are added.
  policy() = default;

  /// Errors: `errc::invalid_argument`, naming line and byte, for what is no CSV;
  /// `errc::resource_exhausted` past a limit.
  static result<policy> parse(std::string_view text, const policy_limits& limits = {});
  /// Of a file. Errors: as `parse`, and `errc::not_found` for one that can't be read.
  static result<policy> load(const std::string& path, const policy_limits& limits = {});

  policy& add(std::string type, std::vector<std::string> fields);
  /// Takes out all that are equal. Returns how many.
  std::size_t remove(std::string_view type, const std::vector<std::string>& fields);

  bool empty() const noexcept { return rules_.empty(); }
  const std::vector<rule>& rules() const noexcept { return rules_; }

 private:
  std::vector<rule> rules_;
};

}  // namespace kit::casbin
