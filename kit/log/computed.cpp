#include <kit/log/computed.hpp>

#include <array>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <utility>

#include <kit/codec/text.hpp>
#include <kit/error.hpp>

namespace kit::log {
namespace {

using std::chrono::system_clock;

std::tm local_parts(std::time_t t) {
  std::tm parts{};
  if (!localtime_r(&t, &parts)) throw error(errc::out_of_range, "no such local time");
  return parts;
}

std::tm utc_parts(std::time_t t) {
  std::tm parts{};
  if (!gmtime_r(&t, &parts)) throw error(errc::out_of_range, "no such time");
  return parts;
}

void append_digits(std::string& out, long v, int count) {
  for (long unit = count == 6 ? 100'000 : 10; unit > 0; unit /= 10)
    out += static_cast<char>('0' + v / unit % 10);
}

}  // namespace

system_clock::time_point timestamp_utc() noexcept {
  return system_clock::now();
}

std::string timestamp_local() {
  return local_text(system_clock::now());
}

std::string local_text(system_clock::time_point t) {
  const auto second = std::chrono::floor<std::chrono::seconds>(t);
  const long offset = local_parts(system_clock::to_time_t(second)).tm_gmtoff;
  std::string out, problem;
  out.reserve(40);
  if (!text::append(out, t + std::chrono::seconds(offset), problem)) {
    throw error(errc::out_of_range, problem);
  }
  if (offset == 0) return out;
  out.back() = offset < 0 ? '-' : '+';  // the Z of UTC
  const long minutes = std::labs(offset) / 60;
  append_digits(out, minutes / 60, 2);
  out += ':';
  append_digits(out, minutes % 60, 2);
  return out;
}

timestamp::timestamp(clock now, std::string layout, zone where)
    : now_(std::move(now)), layout_(std::move(layout)), zone_(where) {
  if (!now_) throw error(errc::invalid_argument, "log::timestamp: the clock is empty");
}

std::string timestamp::operator()() const {
  const auto t = now_();
  const auto second = std::chrono::floor<std::chrono::seconds>(t);
  const auto micros = std::chrono::floor<std::chrono::microseconds>(t - second).count();
  const auto since_epoch = system_clock::to_time_t(second);
  const auto parts = zone_ == zone::local ? local_parts(since_epoch) : utc_parts(since_epoch);

  // `%f` is ours; the rest is for strftime.
  std::string layout;
  for (std::size_t i = 0; i < layout_.size(); ++i) {
    if (layout_[i] != '%' || i + 1 == layout_.size()) {
      layout += layout_[i];
    } else if (layout_[++i] == 'f') {
      append_digits(layout, static_cast<long>(micros), 6);
    } else {
      layout += {'%', layout_[i]};
    }
  }
  std::array<char, 256> text{};
  const auto size = std::strftime(text.data(), text.size(), layout.c_str(), &parts);
  if (size == 0 && !layout.empty()) throw error(errc::out_of_range, "longer than 255 bytes");
  return {text.data(), size};
}

std::string caller(const record_info& info) {
  std::string_view file = info.location.file_name();
  file = file.substr(file.find_last_of("/\\") + 1);  // npos + 1 is 0
  std::string out;
  out.reserve(file.size() + 11);
  out += file;
  out += ':';
  std::string problem;
  text::append(out, info.location.line(), problem);
  return out;
}

}  // namespace kit::log
