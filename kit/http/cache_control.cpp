#include <kit/http/cache_control.hpp>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <kit/http/date.hpp>
#include <kit/http/field.hpp>
#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

using std::chrono::seconds;

// RFC 9111 1.2.2: what is larger counts as 2^31.
seconds number(std::string_view text) {
  constexpr std::int64_t most = std::int64_t{1} << 31;
  std::int64_t value = 0;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  for (const char c : text) {
    if (!is_digit(c)) return seconds(0);
    value = std::min(most, value * 10 + (c - '0'));
  }
  return seconds(value);
}

void add(cache_control& c, std::string_view directive) {
  const auto equals = std::min(directive.find('='), directive.size());
  const auto name = directive.substr(0, equals);
  const auto value = directive.substr(std::min(equals + 1, directive.size()));
  const auto is = [name](std::string_view other) { return iequals(name, other); };
  c.no_store |= is("no-store");
  c.no_cache |= is("no-cache");
  c.is_private |= is("private");
  c.must_revalidate |= is("must-revalidate");
  c.proxy_revalidate |= is("proxy-revalidate");
  if (is("max-age") && !c.max_age) c.max_age = number(value);
  if (is("s-maxage") && !c.s_maxage) c.s_maxage = number(value);
}

seconds expires_after(const headers& fields, std::string_view when) {
  const auto now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  const auto date = fields.get(field::date);
  const auto from = date ? parse_date(*date, now) : std::nullopt;
  const auto until = parse_date(when, now);
  return from && until ? std::max(*until - *from, seconds(0)) : seconds(0);
}

}  // namespace

cache_control cache_control::of(const headers& fields) {
  cache_control c;
  for (auto list : fields.get_all(field::cache_control)) {
    for (auto m = next_list_member(list); !m.empty(); m = next_list_member(list))
      add(c, m);
  }
  auto age = fields.get(field::age).value_or(std::string_view());
  c.age = number(next_list_member(age));
  if (const auto when = fields.get(field::expires)) c.expires = expires_after(fields, *when);
  return c;
}

std::optional<seconds> cache_control::fresh_for(bool shared) const noexcept {
  if (shared && s_maxage) return s_maxage;
  return max_age ? max_age : expires;
}

}  // namespace kit::http
