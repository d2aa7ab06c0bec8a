#include <kit/constraints/rules.hpp>

#include <kit/detail/utf8.hpp>

namespace kit::detail {

std::string size_text(std::size_t min, std::size_t max, std::string_view unit) {
  if (max == size_rule::any) return "at least " + show_count(min, unit);
  if (min == max) return show_count(min, unit);
  if (min == 0) return "at most " + show_count(max, unit);
  return std::to_string(min) + " to " + show_count(max, unit);
}

std::size_t code_points(std::string_view text) noexcept {
  std::size_t n = 0;
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p != end; ++n)
    p += std::max<std::size_t>(utf8_length(p, end), 1);
  return n;
}

}  // namespace kit::detail
