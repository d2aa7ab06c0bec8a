#include <kit/http/date.hpp>

#include <algorithm>

#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

namespace chrono = std::chrono;

constexpr std::array<std::string_view, 7> days = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                  "Thursday", "Friday", "Saturday"};
constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";

// Reads a date from the front; once something does not match, nothing matches any more.
class reader {
 public:
  explicit reader(std::string_view text) noexcept : rest_(text) {}

  reader& literal(std::string_view text) noexcept {
    ok_ = ok_ && rest_.starts_with(text);
    if (ok_) rest_.remove_prefix(text.size());
    return *this;
  }
  reader& number(std::size_t digits, int& out) noexcept {
    out = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      ok_ = ok_ && !rest_.empty() && is_digit(rest_.front());
      if (!ok_) return *this;
      out = out * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return *this;
  }
  reader& month(int& out) noexcept {
    const auto at = rest_.size() < 3 ? months.npos : months.find(rest_.substr(0, 3));
    ok_ = ok_ && at != months.npos && at % 3 == 0;
    if (!ok_) return *this;
    out = static_cast<int>(at / 3) + 1;
    rest_.remove_prefix(3);
    return *this;
  }
  // The name of a day, whole or its first three letters.
  reader& day_name(bool whole) noexcept {
    for (const auto day : days) {
      const auto name = whole ? day : day.substr(0, 3);
      if (ok_ && rest_.starts_with(name)) return literal(name);
    }
    ok_ = false;
    return *this;
  }
  reader& time(int& h, int& m, int& s) noexcept {
    return number(2, h).literal(":").number(2, m).literal(":").number(2, s);
  }
  bool starts_with(std::string_view text) const noexcept { return rest_.starts_with(text); }
  bool done() const noexcept { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

struct fields {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<chrono::sys_seconds> to_time(const fields& f) noexcept {
  const chrono::year_month_day date{chrono::year(f.year),
                                    chrono::month(static_cast<unsigned>(f.month)),
                                    chrono::day(static_cast<unsigned>(f.day))};
  if (!date.ok() || f.hour > 23 || f.minute > 59 || f.second > 60) return std::nullopt;
  return chrono::sys_days(date) + chrono::hours(f.hour) + chrono::minutes(f.minute) +
         chrono::seconds(std::min(f.second, 59));
}

int year_of(chrono::sys_seconds time) noexcept {
  const chrono::year_month_day date(chrono::floor<chrono::days>(time));
  return static_cast<int>(date.year());
}

// Sun, 06 Nov 1994 08:49:37 GMT
bool read_fixdate(std::string_view text, fields& f) noexcept {
  reader in(text);
  return in.day_name(false)
      .literal(", ")
      .number(2, f.day)
      .literal(" ")
      .month(f.month)
      .literal(" ")
      .number(4, f.year)
      .literal(" ")
      .time(f.hour, f.minute, f.second)
      .literal(" GMT")
      .done();
}

// Sunday, 06-Nov-94 08:49:37 GMT
bool read_rfc850(std::string_view text, chrono::sys_seconds now, fields& f) noexcept {
  reader in(text);
  in.day_name(true)
      .literal(", ")
      .number(2, f.day)
      .literal("-")
      .month(f.month)
      .literal("-")
      .number(2, f.year)
      .literal(" ")
      .time(f.hour, f.minute, f.second)
      .literal(" GMT");
  if (!in.done()) return false;
  const int current = year_of(now);
  f.year += current / 100 * 100 + 100;  // at most 50 years ahead: the latest such year
  while (f.year > current + 50)
    f.year -= 100;
  return true;
}

// Sun Nov  6 08:49:37 1994
bool read_asctime(std::string_view text, fields& f) noexcept {
  reader in(text);
  in.day_name(false).literal(" ").month(f.month).literal(" ");
  if (in.starts_with(" ")) {
    in.literal(" ").number(1, f.day);
  } else {
    in.number(2, f.day);
  }
  return in.literal(" ").time(f.hour, f.minute, f.second).literal(" ").number(4, f.year).done();
}

}  // namespace

date_text format_date(chrono::sys_seconds time) noexcept {
  constexpr chrono::sys_seconds first = chrono::sys_days(chrono::year(0) / 1 / 1);
  constexpr chrono::sys_seconds last =
      chrono::sys_days(chrono::year(10000) / 1 / 1) - chrono::seconds(1);
  time = std::clamp(time, first, last);
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(time - day);

  date_text text;
  char* at = text.data();
  const auto put = [&at](std::string_view s) { at = std::copy(s.begin(), s.end(), at); };
  const auto two = [&at](auto value) {
    *at++ = static_cast<char>('0' + value / 10 % 10);
    *at++ = static_cast<char>('0' + value % 10);
  };
  const int year = static_cast<int>(date.year());
  put(days[chrono::weekday(day).c_encoding()].substr(0, 3));
  put(", ");
  two(static_cast<unsigned>(date.day()));
  put(" ");
  put(months.substr((static_cast<unsigned>(date.month()) - 1) * 3, 3));
  put(" ");
  two(year / 100);
  two(year % 100);
  put(" ");
  two(clock.hours().count());
  put(":");
  two(clock.minutes().count());
  put(":");
  two(clock.seconds().count());
  put(" GMT");
  return text;
}

std::optional<chrono::sys_seconds> parse_date(std::string_view text,
                                              chrono::sys_seconds now) noexcept {
  fields f;
  if (read_fixdate(text, f) || read_rfc850(text, now, f) || read_asctime(text, f)) {
    return to_time(f);
  }
  return std::nullopt;
}

}  // namespace kit::http
