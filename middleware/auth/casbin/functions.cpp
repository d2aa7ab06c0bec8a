#include <middleware/auth/casbin/functions.hpp>

#include <cstddef>
#include <utility>

#include <kit/error.hpp>
#include <middleware/auth/casbin/detail/pattern.hpp>

namespace kit::casbin {
namespace {

using detail::pattern;
using detail::pattern_style;

constexpr std::size_t max_pattern_bytes = 8 * 1024 * 1024;

bool match(pattern_style style, std::string_view text, std::string_view against) {
  std::string problem;
  const bool matches = pattern(style, against, max_pattern_bytes).matches(text, problem);
  if (!problem.empty()) throw error(errc::invalid_argument, std::move(problem));
  return matches;
}

std::string get(pattern_style style, std::string_view key, std::string_view against,
                std::string_view name) {
  const pattern p(style, against, max_pattern_bytes);
  if (!p.problem().empty()) throw error(errc::invalid_argument, p.problem());
  return p.get(key, name);
}

}  // namespace

bool key_match(std::string_view key, std::string_view pattern) {
  return match(pattern_style::key, key, pattern);
}
bool key_match2(std::string_view key, std::string_view pattern) {
  return match(pattern_style::key2, key, pattern);
}
bool key_match3(std::string_view key, std::string_view pattern) {
  return match(pattern_style::key3, key, pattern);
}
bool key_match4(std::string_view key, std::string_view pattern) {
  return match(pattern_style::key4, key, pattern);
}
bool key_match5(std::string_view key, std::string_view pattern) {
  return match(pattern_style::key5, key, pattern);
}
bool regex_match(std::string_view text, std::string_view pattern) {
  return match(pattern_style::regex, text, pattern);
}
bool glob_match(std::string_view text, std::string_view pattern) {
  return match(pattern_style::glob, text, pattern);
}
bool ip_match(std::string_view address, std::string_view network) {
  return match(pattern_style::ip, address, network);
}

std::string key_get(std::string_view key, std::string_view pattern) {
  return get(pattern_style::key, key, pattern, {});
}
std::string key_get2(std::string_view key, std::string_view pattern, std::string_view name) {
  return get(pattern_style::key2, key, pattern, name);
}
std::string key_get3(std::string_view key, std::string_view pattern, std::string_view name) {
  return get(pattern_style::key3, key, pattern, name);
}

}  // namespace kit::casbin
