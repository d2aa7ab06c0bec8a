#include <kit/detail/utc_stamp.hpp>

#include <cstddef>
#include <string_view>

namespace kit::detail {
namespace {

void append(std::string& out, std::int64_t number, std::size_t width) {
  const auto digits = std::to_string(number);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

}  // namespace

std::string utc_stamp(std::chrono::system_clock::time_point t, stamp_form form) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(t - day));
  const std::string_view dash = form == stamp_form::extended ? "-" : "";
  const std::string_view colon = form == stamp_form::extended ? ":" : "";
  std::string out;
  append(out, int{date.year()}, 4);
  out += dash;
  append(out, unsigned{date.month()}, 2);
  out += dash;
  append(out, unsigned{date.day()}, 2);
  out += 'T';
  append(out, time.hours().count(), 2);
  out += colon;
  append(out, time.minutes().count(), 2);
  out += colon;
  append(out, time.seconds().count(), 2);
  return out += 'Z';
}

}  // namespace kit::detail
