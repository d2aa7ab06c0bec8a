#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <kit/constraints/rules.hpp>

namespace kit {

namespace detail {

/// A pattern ready to be matched. Threads: any.
class matcher {
 public:
  explicit matcher(std::string_view pattern);
  matcher(const matcher&) = delete;
  matcher& operator=(const matcher&) = delete;
  ~matcher();

  template <text_like V>
  bool holds(const V& v) const {
    return matches(std::string_view(v));
  }

 private:
  struct expression;  // RE2's
  bool matches(std::string_view text) const;

  std::unique_ptr<const expression> expression_;
};

struct pattern_rule {
  std::string_view text;

  matcher compile() const { return matcher(text); }
  std::string wanted() const;
  void describe(constraint_facts& f) const { f.patterns.emplace_back(text); }
};

}  // namespace detail

/// Texts all of which match the regular expression: `kit::pattern("[A-Z]{2}[0-9]+")`. Matching
/// takes time linear in the text, whatever the pattern. Texts that aren't valid UTF-8 don't match.
///
/// The syntax is RE2's. Documents have the pattern as it is, between `^(?:` and `)$`; so that other
/// programs read it alike, keep to what it has in common with ECMA-262: no `\A`, `\z`, `\pN` or
/// `(?i)`.
///
/// Of the library cokit-pattern, which needs RE2. A pattern takes some KB, up to 8 MB for a large
/// one, and is kept as long as the program. `expression` lives as long as the program, too.
/// Errors: for a wrong one `prepare_constraints` throws `errc::invalid_argument`.
/// Source: RE2's syntax page, github.com/google/re2/wiki/Syntax; JSON Schema Validation 6.3.3.
consteval auto pattern(std::string_view expression) {
  return detail::pattern_rule{expression};
}

}  // namespace kit
