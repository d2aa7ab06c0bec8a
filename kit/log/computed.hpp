#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include <kit/log/value.hpp>

/// Functions that compute the value of a stored field for each record:
///
///     log = log.with("ts", kit::log::timestamp_utc, "caller", kit::log::caller);
///
/// Any other function can be one; so can a clock of your own that returns time points.
namespace kit::log {

/// The system's time, which is written as RFC 3339 in UTC, with up to nine digits of fraction.
std::chrono::system_clock::time_point timestamp_utc() noexcept;

/// The same as text in local time, with its offset: `2024-05-01T14:00:00.5+02:00`.
std::string timestamp_local();

/// That time in local time, as `timestamp_local` writes it.
std::string local_text(std::chrono::system_clock::time_point t);

/// Which time a clock shows.
enum class zone : std::uint8_t { utc, local };

/// The time of a clock in a form of one's own.
class timestamp {
 public:
  using clock = std::function<std::chrono::system_clock::time_point()>;

  /// `layout` is as for `strftime`, and `%f` is six digits of fraction. The clock is called from
  /// any thread. What comes out is at most 255 bytes long, else the value is a failed one.
  /// Errors: throws `errc::invalid_argument` for an empty clock.
  timestamp(clock now, std::string layout, zone where = zone::utc);

  std::string operator()() const;

 private:
  clock now_;
  std::string layout_;
  zone zone_;
};

/// Where the record was logged, as `file.cpp:23`, without the folders.
std::string caller(const record_info& info);

}  // namespace kit::log
