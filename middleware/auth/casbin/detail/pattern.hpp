#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/ip_networks.hpp>
#include <middleware/auth/casbin/detail/symbols.hpp>

namespace kit::casbin::detail {

/// How a pattern is to be understood: by the function that it is given to.
enum class pattern_style : std::uint8_t {
  key,    ///< keyMatch, keyGet
  key2,   ///< keyMatch2, keyGet2
  key3,   ///< keyMatch3, keyGet3
  key4,   ///< keyMatch4
  key5,   ///< keyMatch5
  regex,  ///< regexMatch, =~, !~
  ip,     ///< ipMatch
  glob,   ///< globMatch
};
inline constexpr std::size_t pattern_styles = 8;

/// A pattern ready to be matched. Threads: as a const value.
class pattern {
 public:
  /// `max_bytes`: of memory that a regular expression may take, and what is built while it matches.
  pattern(pattern_style style, std::string_view text, std::size_t max_bytes);
  pattern(const pattern&) = delete;
  pattern& operator=(const pattern&) = delete;
  ~pattern();

  /// What is wrong with it, so that it can't be matched; empty: nothing.
  const std::string& problem() const noexcept { return problem_; }

  /// False with `problem` set where the text isn't what such a pattern is for.
  bool matches(std::string_view text, std::string& problem) const;

  /// The part of the text that the place of that name stands for; for `key` what `*` stands for.
  /// Empty where the text doesn't match.
  std::string get(std::string_view text, std::string_view name) const;

 private:
  struct expression;  // RE2's

  void compile(const std::string& regex);
  void compile_key();
  bool compile_segments();
  bool matches_segments(std::string_view text) const noexcept;
  bool matches_regex(std::string_view text) const;
  /// What the places stand for; nothing where the text doesn't match.
  std::optional<std::vector<std::string>> values_of(std::string_view text) const;
  bool same_values(std::string_view text) const;
  bool matches_address(std::string_view text, std::string& problem) const;

  pattern_style style_;
  std::string text_;
  std::size_t max_bytes_;
  std::string problem_;
  std::unique_ptr<expression> regex_;
  std::vector<std::string> names_;   // of the places
  std::vector<std::size_t> groups_;  // theirs in the expression, ascending
  // Without a regular expression: texts between the places, and whether anything may follow.
  std::vector<std::string> segments_;
  bool open_ = false;
  ip_networks networks_;
};

/// The patterns that a policy and matchers are known to have.
class pattern_set {
 public:
  explicit pattern_set(std::size_t max_bytes) noexcept : max_bytes_(max_bytes) {}

  std::size_t max_bytes() const noexcept { return max_bytes_; }
  const pattern& add(pattern_style style, symbol text, const symbols& names);
  /// Null: isn't there.
  const pattern* find(pattern_style style, symbol text) const noexcept {
    const auto& all = by_symbol_[static_cast<std::size_t>(style)];
    return text < all.size() ? all[text].get() : nullptr;
  }

 private:
  std::size_t max_bytes_;
  std::array<std::vector<std::unique_ptr<pattern>>, pattern_styles> by_symbol_;
};

/// The shell's patterns, as Go's path.Match has them: `*` and `?` don't go beyond a `/`.
/// False with `problem` set for a pattern that is none.
bool glob_matches(std::string_view text, std::string_view glob, std::string& problem);

}  // namespace kit::casbin::detail
