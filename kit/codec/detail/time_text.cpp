#include <kit/codec/detail/time_text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>

namespace kit::codec_detail {
namespace {

constexpr std::int64_t billion = 1'000'000'000;
constexpr std::int64_t seconds_of_day = 86'400;
/// The first second of the year 0 and the last of 9999.
constexpr std::int64_t first_second = -62'167'219'200;
constexpr std::int64_t last_second = 253'402'300'799;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// A fraction of a second without zeros at the end; nothing for 0.
char* put_fraction(char* out, std::uint32_t nanoseconds) noexcept {
  if (nanoseconds == 0) return out;
  *out++ = '.';
  for (std::uint32_t unit = 100'000'000; nanoseconds != 0; unit /= 10) {
    *out++ = static_cast<char>('0' + nanoseconds / unit);
    nanoseconds %= unit;
  }
  return out;
}

char* put_number(char* out, unsigned n, int width) noexcept {
  for (int i = width; i-- > 0; n /= 10)
    out[i] = static_cast<char>('0' + n % 10);
  return out + width;
}

/// A number of units.
struct component {
  std::uint64_t whole = 0;
  std::string_view fraction = {};
};

time_status read_number(std::string_view& text, component& c) noexcept {
  const char* p = text.data();
  const char* const end = p + text.size();
  const auto [after, error] = std::from_chars(p, end, c.whole);
  const bool has_whole = after != p;
  if (error == std::errc::result_out_of_range) return time_status::out_of_range;
  p = after;
  if (p != end && *p == '.') {
    const char* const start = ++p;
    while (p != end && is_digit(*p))
      ++p;
    c.fraction = std::string_view(start, static_cast<std::size_t>(p - start));
  }
  if (!has_whole && c.fraction.empty()) return time_status::malformed;
  text.remove_prefix(static_cast<std::size_t>(p - text.data()));
  return time_status::ok;
}

/// Takes the unit from the text; in nanoseconds, 0: there is none.
std::int64_t read_unit(std::string_view& text) noexcept {
  struct unit {
    std::string_view name;
    std::int64_t nanoseconds;
  };
  static constexpr std::array units{unit{"ns", 1},
                                    unit{"us", 1'000},
                                    unit{"\xc2\xb5s", 1'000},
                                    unit{"\xce\xbcs", 1'000},
                                    unit{"ms", 1'000'000},
                                    unit{"s", billion},
                                    unit{"m", 60 * billion},
                                    unit{"h", 3600 * billion}};
  std::size_t n = 0;
  while (n < text.size() && text[n] != '.' && !is_digit(text[n]))
    ++n;
  const std::string_view name = text.substr(0, n);
  text.remove_prefix(n);
  const auto found =
      std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == name; });
  return found == units.end() ? 0 : found->nanoseconds;
}

/// What is summed up while a duration is read; not negative.
struct total {
  std::uint64_t seconds = 0;  // at most 2^63, as a negative one may be
  std::int64_t nanoseconds = 0;

  bool add_seconds(std::uint64_t n) noexcept {
    constexpr std::uint64_t most = std::uint64_t{1} << 63;
    if (n > most - seconds) return false;
    seconds += n;
    return true;
  }
  bool add_nanoseconds(std::int64_t n) noexcept {
    nanoseconds += n % billion;
    const std::int64_t carry = nanoseconds / billion;
    nanoseconds %= billion;
    return add_seconds(static_cast<std::uint64_t>(n / billion + carry));
  }

  time_status add(const component& c, std::int64_t unit) noexcept {
    if (unit >= billion) {
      const auto each = static_cast<std::uint64_t>(unit / billion);
      if (c.whole > std::numeric_limits<std::uint64_t>::max() / each) {
        return time_status::out_of_range;
      }
      if (!add_seconds(c.whole * each)) return time_status::out_of_range;
    } else {
      const auto in_second = static_cast<std::uint64_t>(billion / unit);
      if (!add_seconds(c.whole / in_second)) return time_status::out_of_range;
      const auto rest = static_cast<std::int64_t>(c.whole % in_second);
      if (!add_nanoseconds(rest * unit)) return time_status::out_of_range;
    }
    for (char digit : c.fraction) {
      if (digit != '0' && unit % 10 != 0) return time_status::too_fine;
      unit /= 10;
      if (!add_nanoseconds((digit - '0') * unit)) return time_status::out_of_range;
    }
    return time_status::ok;
  }
};

/// A field of digits, at that place of the text; -1: it's none.
int read_digits(std::string_view text, std::size_t at, std::size_t width) noexcept {
  int n = 0;
  for (std::size_t i = at; i < at + width; ++i) {
    if (i >= text.size() || !is_digit(text[i])) return -1;
    n = n * 10 + (text[i] - '0');
  }
  return n;
}

/// `Z`, `+hh:mm` or `-hh:mm`, in seconds.
bool read_offset(std::string_view text, std::int64_t& seconds) noexcept {
  if (text == "Z" || text == "z") {
    seconds = 0;
    return true;
  }
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
  const int h = read_digits(text, 1, 2), m = read_digits(text, 4, 2);
  if (h < 0 || h > 23 || m < 0 || m > 59) return false;
  seconds = (h * 60 + m) * 60 * (text[0] == '-' ? -1 : 1);
  return true;
}

/// `YYYY-MM-DDThh:mm:ss`, the first 19 characters, in seconds since 1970. `leap`: the second is 60.
bool read_date_and_time(std::string_view text, std::int64_t& seconds, bool& leap) noexcept {
  namespace chrono = std::chrono;
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
    return false;
  }
  const int year = read_digits(text, 0, 4), month = read_digits(text, 5, 2);
  const int day = read_digits(text, 8, 2), hour = read_digits(text, 11, 2);
  const int minute = read_digits(text, 14, 2), second = read_digits(text, 17, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) return false;
  const chrono::year_month_day date(chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day)));
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return false;
  leap = second == 60;
  seconds = chrono::sys_days(date).time_since_epoch().count() * seconds_of_day + hour * 3600 +
            minute * 60 + second;
  return true;
}

}  // namespace

char* format_duration(char* out, time_parts d) noexcept {
  if (d.seconds < 0 || d.nanoseconds < 0) *out++ = '-';
  const auto bits = static_cast<std::uint64_t>(d.seconds);
  out = std::to_chars(out, out + 20, d.seconds < 0 ? 0 - bits : bits).ptr;
  out = put_fraction(
      out, static_cast<std::uint32_t>(d.nanoseconds < 0 ? -d.nanoseconds : d.nanoseconds));
  *out++ = 's';
  return out;
}

time_status parse_duration(std::string_view text, time_parts& d) noexcept {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return time_status::malformed;
  total sum;
  if (text == "0") text = {};  // needs no unit
  while (!text.empty()) {
    component c;
    if (auto status = read_number(text, c); status != time_status::ok) return status;
    const std::int64_t unit = read_unit(text);
    if (unit == 0) return time_status::malformed;
    if (auto status = sum.add(c, unit); status != time_status::ok) return status;
  }
  if (!negative && sum.seconds >> 63) return time_status::out_of_range;
  const auto nanoseconds = static_cast<std::int32_t>(sum.nanoseconds);
  d.seconds = static_cast<std::int64_t>(negative ? 0 - sum.seconds : sum.seconds);
  d.nanoseconds = negative ? -nanoseconds : nanoseconds;
  return time_status::ok;
}

bool is_writable_time(time_parts t) noexcept {
  return t.seconds >= first_second + (t.nanoseconds < 0 ? 1 : 0) && t.seconds <= last_second;
}

char* format_time(char* out, time_parts t) noexcept {
  namespace chrono = std::chrono;
  if (t.nanoseconds < 0) {
    --t.seconds;
    t.nanoseconds += static_cast<std::int32_t>(billion);
  }
  const auto days = chrono::floor<chrono::days>(chrono::sys_seconds(chrono::seconds(t.seconds)));
  const chrono::year_month_day date(days);
  const auto second_of_day =
      static_cast<unsigned>(t.seconds - days.time_since_epoch().count() * seconds_of_day);
  out = put_number(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  *out++ = '-';
  out = put_number(out, static_cast<unsigned>(date.month()), 2);
  *out++ = '-';
  out = put_number(out, static_cast<unsigned>(date.day()), 2);
  *out++ = 'T';
  out = put_number(out, second_of_day / 3600, 2);
  *out++ = ':';
  out = put_number(out, second_of_day / 60 % 60, 2);
  *out++ = ':';
  out = put_number(out, second_of_day % 60, 2);
  out = put_fraction(out, static_cast<std::uint32_t>(t.nanoseconds));
  *out++ = 'Z';
  return out;
}

time_status parse_time(std::string_view text, time_parts& t) noexcept {
  std::int64_t seconds = 0, offset = 0;
  bool leap = false;
  if (!read_date_and_time(text, seconds, leap)) return time_status::malformed;
  text.remove_prefix(19);
  total fraction;
  time_status status = time_status::ok;
  if (text.starts_with('.')) {
    std::size_t n = 1;
    while (n < text.size() && is_digit(text[n]))
      ++n;
    if (n == 1) return time_status::malformed;
    status = fraction.add({0, text.substr(1, n - 1)}, billion);
    text.remove_prefix(n);
  }
  if (!read_offset(text, offset)) return time_status::malformed;
  seconds -= offset;
  // Leap seconds stand at the end of a UTC day.
  if (leap && seconds % seconds_of_day != 0) return time_status::malformed;
  if (seconds < first_second || seconds > last_second) return time_status::out_of_range;
  if (status != time_status::ok) return status;
  t = {seconds, static_cast<std::int32_t>(fraction.nanoseconds)};
  if (t.seconds < 0 && t.nanoseconds > 0) {
    ++t.seconds;
    t.nanoseconds -= static_cast<std::int32_t>(billion);
  }
  return time_status::ok;
}

}  // namespace kit::codec_detail
