#include <kit/jwt/detail/max_age.hpp>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <kit/http/field.hpp>
#include <kit/http/syntax.hpp>

namespace kit::jwt::detail {
namespace {

using std::chrono::seconds;

// RFC 9111 1.2.2: what is larger counts as 2^31.
std::optional<seconds> number(std::string_view text) {
  constexpr std::int64_t most = std::int64_t{1} << 31;
  std::int64_t value = 0;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  if (text.empty()) return std::nullopt;
  for (const char c : text) {
    if (!http::is_digit(c)) return std::nullopt;
    value = std::min(most, value * 10 + (c - '0'));
  }
  return seconds(value);
}

}  // namespace

std::optional<seconds> max_age(const http::headers& fields) {
  constexpr std::string_view wanted = "max-age=";
  std::optional<seconds> age;
  for (auto list : fields.get_all(http::field::cache_control)) {
    for (auto m = http::next_list_member(list); !m.empty(); m = http::next_list_member(list)) {
      if (http::iequals(m, "no-store") || http::iequals(m, "no-cache")) return seconds(0);
      if (http::iequals(m.substr(0, wanted.size()), wanted) && !age) {
        age = number(m.substr(wanted.size()));
      }
    }
  }
  const auto spent = number(fields.get("Age").value_or("0"));
  if (age && spent) age = std::max(seconds(0), *age - *spent);
  return age;
}

}  // namespace kit::jwt::detail
