#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <kit/result.hpp>
#include <middleware/auth/casbin/functions.hpp>
#include <middleware/auth/casbin/model.hpp>
#include <middleware/auth/casbin/policy.hpp>
#include <middleware/auth/casbin/value.hpp>

namespace kit::casbin {

namespace detail {
class snapshot;
}

/// Settings of an `enforcer`.
struct enforcer_options {
  /// What matchers may call, by name, besides the functions that there are; hides one of these.
  std::map<std::string, function, std::less<>> functions = {};
  /// By role definition: whether a name is meant by a user or role in the policy that is a pattern,
  /// so that `g2, /books/*, library` gives its role to `/books/7`: `{{"g2", key_match}}`. Such
  /// roles take time in proportion to the number of users that have one.
  std::map<std::string, name_matcher, std::less<>> role_patterns = {};
  /// The same for the domains of a role definition.
  std::map<std::string, name_matcher, std::less<>> domain_patterns = {};
  /// Links in a row that lead to a role.
  std::size_t max_role_depth = 10;
  /// Operators, values and calls in an expression, and how deeply they are nested; the depth bounds
  /// the use of the stack. The latter from 2 to 200; what is above counts as 200.
  std::size_t max_expression_nodes = 10'000;
  std::size_t max_expression_depth = 100;
  /// Memory that a regular expression may take, in bytes, with what is built while it matches.
  std::size_t max_pattern_bytes = 1024 * 1024;
};

/// Which definitions of the model a decision is made by.
struct definitions {
  std::string_view request = "r";
  std::string_view rule = "p";
  std::string_view effect = "e";
  std::string_view matcher = "m";
};

/// A decision, and what it rests on. Refers to the policy that it was made by, and keeps it.
class decision {
 public:
  bool allowed() const noexcept { return allowed_; }
  /// The rule that decided. Nothing where none did: because none matched, or no rule is asked for.
  std::optional<casbin::rule> rule() const;
  /// Where it stands in `policy::rules`.
  std::optional<std::size_t> index() const noexcept;

 private:
  friend class enforcer;
  std::shared_ptr<const detail::snapshot> by_;
  std::size_t table_ = 0;
  std::size_t rule_ = 0;
  bool decided_ = false;
  bool allowed_ = false;
};

/// Says who may do what: a model and a policy, and requests that are judged by them.
///
///     kit::casbin::enforcer enforcer(*kit::casbin::model::load("model.conf"),
///                                    *kit::casbin::policy::load("policy.csv"));
///     if (enforcer.enforce({"alice", "data1", "read"})) ...
///
/// All that can be is done when it gets the policy: matchers and the expressions of rules are read,
/// patterns prepared, rules indexed. Where a matcher has `r.x == p.x` or `g(r.x, p.x)` among what
/// is joined by `&&`, only the rules are tried of which these are true; so what would fail for
/// others goes unnoticed. A policy without rules allows no more than the matcher does whatever a
/// rule says (Go casbin takes the fields of the missing rule as empty).
///
/// Errors of requests: `errc::invalid_argument` for one that hasn't as many values as the model
/// says, and for definitions that there aren't; `errc::failed_precondition` where a matcher or the
/// expression of a rule can't be computed: a type that an operator isn't for, an attribute that
/// isn't there, a pattern that is none, a division by zero; and what functions of the application
/// fail with. The error of a rule has it as a detail, `error::get<rule>()`. `enforce` throws,
/// `try_enforce` and `explain` return them.
///
/// Threads: any. Source: casbin's PERM metamodel; Go casbin 2.60.
class enforcer {
 public:
  /// Errors: throws `errc::invalid_argument`, naming the definition or the policy's line, for a
  /// model that is incomplete or wrong, and a policy that doesn't fit it.
  explicit enforcer(model m, const policy& p = {}, enforcer_options options = {});
  enforcer(const enforcer&) = delete;
  enforcer& operator=(const enforcer&) = delete;
  ~enforcer();

  /// Puts another policy in the place of the one that is there. Requests that are being judged, and
  /// decisions, keep theirs; later ones see the new one. Takes as long as reading it does; nobody
  /// waits meanwhile.
  /// Errors: throws as the constructor does; then the policy stays as it was.
  void set_policy(const policy& p);

  /// Whether the request is allowed. The values stand in the order of the request's definition.
  bool enforce(std::span<const value> request, const definitions& by = {}) const;
  bool enforce(std::initializer_list<value> request, const definitions& by = {}) const {
    return enforce(std::span(request.begin(), request.size()), by);
  }
  result<bool> try_enforce(std::span<const value> request, const definitions& by = {}) const;
  result<bool> try_enforce(std::initializer_list<value> request, const definitions& by = {}) const {
    return try_enforce(std::span(request.begin(), request.size()), by);
  }

  /// The same, with the rule that decided. Errors: as `try_enforce`.
  result<decision> explain(std::span<const value> request, const definitions& by = {}) const;
  result<decision> explain(std::initializer_list<value> request, const definitions& by = {}) const {
    return explain(std::span(request.begin(), request.size()), by);
  }

 private:
  std::shared_ptr<const detail::snapshot> current() const;

  const model model_;
  const enforcer_options options_;
  mutable std::mutex mutex_;
  std::shared_ptr<const detail::snapshot> snapshot_;
};

}  // namespace kit::casbin
