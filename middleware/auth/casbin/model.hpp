#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <kit/result.hpp>

namespace kit::casbin {

/// How large a model may be. Plain data.
struct model_limits {
  /// Longest text, in bytes.
  std::size_t max_bytes = 1024 * 1024;
  /// Most definitions, of all sections.
  std::size_t max_definitions = 1000;
};

/// How decisions are made: what a request and a rule consist of, when a rule matches a request, and
/// what follows from the rules that match. As text, in the format of casbin's model files:
///
///     [request_definition]
///     r = sub, obj, act
///     [policy_definition]
///     p = sub, obj, act
///     [role_definition]
///     g = _, _
///     [policy_effect]
///     e = some(where (p.eft == allow))
///     [matchers]
///     m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
///
/// or built in code: `model().add("r", "sub, obj, act").add("p", ...)`. Keys are the section's
/// letter, and a number from 2 on for further definitions: `r2`, `g2`. Of the text: what follows
/// `#` or `;` outside of quotes is a comment; a line that ends with `\` goes on in the next one;
/// lines may end with CRLF.
///
/// Effects: `some(where (p.eft == allow))`, `!some(where (p.eft == deny))`, both joined by `&&`,
/// `priority(p.eft) || deny`, `subjectPriority(p.eft) || deny`. Where rules have no field `eft`
/// they allow; one whose `eft` is neither `allow` nor `deny` decides nothing. With a field
/// `priority`, an integer, the rules come in its order, the lowest first. `subjectPriority` puts
/// rules for a subject before those for its roles.
///
/// Matchers have the operators of govaluate: `==` `!=` `<` `<=` `>` `>=` `=~` `!~` `in` `&&` `||`
/// `!` `+` `-` `*` `/` `%` `**` `&` `|` `^` `~` `<<` `>>` and `?:`; texts in either quotes, in
/// which
/// `\` takes the next character as it is; tuples, `r.act in ('read', 'write')`; attributes,
/// `r.sub.Age`; functions (see `functions.hpp`); role definitions as functions; and `eval(p.rule)`,
/// which computes the expression that a rule has in a field.
///
/// Source: casbin's "Syntax for Models" and Go casbin 2.60. Other than there a definition that
/// isn't known is an error, and so is dividing by zero; dates are no numbers; `??` isn't there.
/// Threads: as a const value.
class model {
 public:
  struct definition {
    std::string key;       ///< `r`, `m2`
    std::string text;      ///< what is behind the `=`
    std::size_t line = 0;  ///< where it begins in the text, from 1 on; 0: built in code
  };

  /// A model without definitions, to which they are added.
  model() = default;

  /// Errors: `errc::invalid_argument`, naming section, key and line, for what is no model or lacks
  /// a section; past a limit, `errc::resource_exhausted`.
  static result<model> parse(std::string_view text, const model_limits& limits = {});
  /// Of a file. Errors: as `parse`, and `errc::not_found` for one that can't be read.
  static result<model> load(const std::string& path, const model_limits& limits = {});

  /// Errors: throws `errc::invalid_argument` for a key that is none, a definition that is wrong,
  /// and `errc::already_exists` where there is one of that key. What a matcher says is looked at
  /// when an enforcer is made.
  model& add(std::string_view key, std::string_view text);

  bool empty() const noexcept { return definitions_.empty(); }
  const std::vector<definition>& definitions() const noexcept { return definitions_; }
  /// Null where there is none.
  const definition* find(std::string_view key) const noexcept;

  /// Errors: `errc::invalid_argument` where one of the sections is missing that all models have.
  result<void> check() const;

 private:
  result<void> try_add(std::string_view key, std::string_view text, std::size_t line);

  std::vector<definition> definitions_;
};

}  // namespace kit::casbin
