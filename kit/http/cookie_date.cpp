#include <algorithm>
#include <array>

#include <kit/http/cookie.hpp>
#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

namespace chrono = std::chrono;

// RFC 6265 5.1.1: anything but letters, digits, `:`, control characters and obs-text.
bool is_delimiter(char c) noexcept {
  return c == '\t' || (c >= ' ' && c <= '/') || (c >= ';' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

// Takes a number of `least` to `most` digits off the front; what follows is no digit.
std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t n = 0;
  int value = 0;
  for (; n < text.size() && is_digit(text[n]); ++n) {
    if (n == most) return std::nullopt;
    value = value * 10 + (text[n] - '0');
  }
  if (n < least) return std::nullopt;
  text.remove_prefix(n);
  return value;
}

struct parts {
  std::optional<chrono::seconds> time;
  std::optional<int> day, month, year;
};

std::optional<chrono::seconds> read_time(std::string_view token) {
  std::array<int, 3> hms{};
  for (std::size_t i = 0; i < hms.size(); ++i) {
    const auto n = take_number(token, 1, 2);
    if (!n || (i < 2 && !token.starts_with(':'))) return std::nullopt;
    if (i < 2) token.remove_prefix(1);
    hms[i] = *n;
  }
  if (hms[0] > 23 || hms[1] > 59 || hms[2] > 59) return chrono::seconds(-1);
  return chrono::hours(hms[0]) + chrono::minutes(hms[1]) + chrono::seconds(hms[2]);
}

std::optional<int> read_month(std::string_view token) {
  constexpr std::string_view months = "janfebmaraprmayjunjulaugsepoctnovdec";
  for (std::size_t i = 0; i < 12 && token.size() >= 3; ++i) {
    if (iequals(token.substr(0, 3), months.substr(i * 3, 3))) return static_cast<int>(i) + 1;
  }
  return std::nullopt;
}

std::optional<int> read_year(std::string_view token) {
  const auto year = take_number(token, 2, 4);
  if (!year || *year > 99) return year;
  return *year + (*year >= 70 ? 1900 : 2000);
}

// A token is the first part that is missing and that it can be.
void take_token(parts& p, std::string_view token) {
  if (!p.time && (p.time = read_time(token))) return;
  if (auto rest = token; !p.day && (p.day = take_number(rest, 1, 2))) return;
  if (!p.month && (p.month = read_month(token))) return;
  if (!p.year) p.year = read_year(token);
}

}  // namespace

std::optional<chrono::sys_seconds> parse_cookie_date(std::string_view text) noexcept {
  parts p;
  while (!text.empty()) {
    const auto start = std::find_if_not(text.begin(), text.end(), is_delimiter);
    const auto end = std::find_if(start, text.end(), is_delimiter);
    if (start != end) take_token(p, std::string_view(start, end));
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
  }
  if (!p.time || *p.time < chrono::seconds(0) || !p.day || !p.month || !p.year) return std::nullopt;
  const chrono::year_month_day date{chrono::year(*p.year),
                                    chrono::month(static_cast<unsigned>(*p.month)),
                                    chrono::day(static_cast<unsigned>(*p.day))};
  if (*p.year < 1601 || !date.ok()) return std::nullopt;
  return chrono::sys_days(date) + *p.time;
}

}  // namespace kit::http
