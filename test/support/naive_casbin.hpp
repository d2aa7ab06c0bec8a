#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// casbin's rules, told again as simply as can be: every rule is tried, roles are looked for link
/// by link, effects follow from all rules that match. What decides fast is held against it.
namespace test {

struct naive_request {
  std::string sub, obj, act;
};
struct naive_rule {
  std::string sub, obj, act, eft;
};
struct naive_policy {
  std::vector<naive_rule> rules;
  std::vector<std::pair<std::string, std::string>> links;
};

inline bool naive_has_role(const naive_policy& p, const std::string& user,
                           const std::string& role) {
  std::set<std::string> level{user};
  for (int depth = 0; depth <= 10; ++depth) {
    if (level.contains(role)) return true;
    std::set<std::string> next;
    for (const auto& [from, to] : p.links) {
      if (level.contains(from)) next.insert(to);
    }
    level = std::move(next);
  }
  return false;
}

struct naive_matcher {
  const char* text;
  std::function<bool(const naive_policy&, const naive_request&, const naive_rule&)> matches;
};

inline const std::vector<naive_matcher>& naive_matchers() {
  using P = const naive_policy&;
  using Q = const naive_request&;
  using R = const naive_rule&;
  static const std::vector<naive_matcher> all{
      {"r.sub == p.sub && r.obj == p.obj && r.act == p.act",
       [](P, Q q, R r) { return q.sub == r.sub && q.obj == r.obj && q.act == r.act; }},
      {"g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act",
       [](P p, Q q, R r) {
         return naive_has_role(p, q.sub, r.sub) && q.obj == r.obj && q.act == r.act;
       }},
      {"g(r.sub, p.sub) && r.act != p.act",
       [](P p, Q q, R r) { return naive_has_role(p, q.sub, r.sub) && q.act != r.act; }},
      {"p.act == r.act && g(r.sub, p.sub)",
       [](P p, Q q, R r) { return q.act == r.act && naive_has_role(p, q.sub, r.sub); }},
      {"r.sub == p.sub && r.obj == p.obj || r.sub == 'a'",
       [](P, Q q, R r) { return (q.sub == r.sub && q.obj == r.obj) || q.sub == "a"; }},
      {"g(r.sub, p.sub) || r.obj == p.obj && r.act == 'w'",
       [](P p, Q q, R r) {
         return naive_has_role(p, q.sub, r.sub) || (q.obj == r.obj && q.act == "w");
       }},
      {"g(p.sub, r.sub) && r.obj in (p.obj, 'y')",
       [](P p, Q q, R r) {
         return naive_has_role(p, r.sub, q.sub) && (q.obj == r.obj || q.obj == "y");
       }},
      {"!(r.sub == p.sub) && (r.obj == p.obj ? r.act == p.act : r.act == 'r')",
       [](P, Q q, R r) {
         return q.sub != r.sub && (q.obj == r.obj ? q.act == r.act : q.act == "r");
       }},
      {"p.sub == 'a' && p.obj == r.obj && regexMatch(r.act, p.act)",
       [](P, Q q, R r) {
         return r.sub == "a" && r.obj == q.obj && q.act.find(r.act) != std::string::npos;
       }},
  };
  return all;
}

struct naive_effect {
  const char* text;
  /// Of the effects of all rules that match, in order.
  std::function<bool(const std::vector<std::string>&)> allows;
};

inline bool naive_contains(const std::vector<std::string>& all, std::string_view one) {
  for (const auto& e : all) {
    if (e == one) return true;
  }
  return false;
}

inline const std::vector<naive_effect>& naive_effects() {
  using E = const std::vector<std::string>&;
  static const std::vector<naive_effect> all{
      {"some(where (p.eft == allow))", [](E e) { return naive_contains(e, "allow"); }},
      {"!some(where (p.eft == deny))", [](E e) { return !naive_contains(e, "deny"); }},
      {"some(where (p.eft == allow)) && !some(where (p.eft == deny))",
       [](E e) { return naive_contains(e, "allow") && !naive_contains(e, "deny"); }},
      {"priority(p.eft) || deny",
       [](E e) {
         for (const auto& one : e) {
           if (one == "allow" || one == "deny") return one == "allow";
         }
         return false;
       }},
  };
  return all;
}

inline bool naive_allows(const naive_policy& p, const naive_request& q, const naive_matcher& m,
                         const naive_effect& e) {
  std::vector<std::string> effects;
  for (const auto& r : p.rules) {
    if (m.matches(p, q, r)) effects.push_back(r.eft);
  }
  return e.allows(effects);
}

}  // namespace test
