#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <kit/log/event.hpp>
#include <kit/log/sink.hpp>

/// Syslog: an encoder that puts its header before a record, and a sink that sends it:
///
///     kit::log::logger log(
///         {.sink = std::make_shared<kit::log::syslog_sink>(),
///          .encoder = kit::log::syslog(kit::log::logfmt, {.tag = "addsvc"})});
namespace kit::log {

/// RFC 5424, section 6.2.1.
enum class severity : std::uint8_t {
  emergency,
  alert,
  critical,
  error,
  warning,
  notice,
  informational,
  debug,
};

/// RFC 5424, section 6.2.1.
enum class facility : std::uint8_t {
  kern = 0,
  user = 1,
  mail = 2,
  daemon = 3,
  auth = 4,
  syslog = 5,
  lpr = 6,
  news = 7,
  uucp = 8,
  cron = 9,
  authpriv = 10,
  ftp = 11,
  local0 = 16,
  local1 = 17,
  local2 = 18,
  local3 = 19,
  local4 = 20,
  local5 = 21,
  local6 = 22,
  local7 = 23,
};

enum class syslog_format : std::uint8_t {
  local,    ///< `<14>May  1 14:00:00 tag[123]: ...` (RFC 3164), for the daemon of this machine
  network,  ///< `<14>2024-05-01T14:00:00+02:00 host tag[123]: ...`, for others
  rfc5424,  ///< `<14>1 2024-05-01T12:00:00.000001Z host tag 123 - - ...`
};

/// `debug` for debug, `warning` for warn, `error` for error, else `informational`.
severity level_severity(const event& e);

/// Settings of `syslog`. Plain data; checked by `require_valid`, which `syslog` calls.
struct syslog_options {
  /// The program's name: 1 to 48 visible characters of ASCII.
  std::string tag = {};
  log::facility facility = log::facility::user;
  syslog_format format = syslog_format::local;
  /// Sees the level and all fields. Called from any thread.
  std::function<log::severity(const event&)> severity_of = level_severity;
  /// This machine, as the others know it: up to 255 visible characters. Empty: what `gethostname`
  /// says. Not in the local form.
  std::string host = {};
  /// At most 128 visible characters. Empty: this process's.
  std::string process_id = {};
  /// In RFC 5424's form, the fields also go into structured data of that name, e.g. `fields@32473`
  /// with your own enterprise number; 1 to 32 characters, without blanks, `=`, `]` and `"`. Empty:
  /// there is none. Computed values are then computed twice for a record.
  std::string structured_data = {};
  /// What time it is. Called from any thread.
  std::function<std::chrono::system_clock::time_point()> clock = std::chrono::system_clock::now;
};

/// Errors: throws `errc::invalid_argument` naming the member that cannot be.
void require_valid(const syslog_options& options);

/// Puts the header before what `body` writes, whose end of line stays.
/// Errors: as `require_valid`. Source: RFC 3164, RFC 5424, Go kit's log/syslog and Go's log/syslog.
encoder syslog(encoder body, syslog_options options);

/// Settings of a `syslog_sink`. Plain data; checked by `require_valid`, which the sink calls.
struct syslog_sink_options {
  /// `unix:/dev/log`, `udp://10.0.0.7:514`, `tcp://logs.internal:601`, IPv6 in brackets. A name is
  /// looked up once, by the constructor.
  std::string address = "unix:/dev/log";
  /// Over TCP and Unix streams each record has its length before it (RFC 6587), which counts the
  /// line end behind it.
  bool octet_counting = false;
  /// What may wait for a peer that reads slowly or isn't there, over TCP or a Unix stream; in
  /// bytes, from 1 KiB to 1 GiB.
  std::size_t max_pending = std::size_t{256} * 1024;
  /// How long `flush` waits for the peer. Not negative.
  std::chrono::milliseconds flush_limit{1000};
};

/// Errors: throws `errc::invalid_argument` naming the member that cannot be.
void require_valid(const syslog_sink_options& options);

/// Sends each record to a syslog daemon: a datagram, or a part of a stream where a Unix socket is
/// one, and over TCP. A record without the end of its line gets it. It never waits for the peer: a
/// record that the system doesn't take now, and for which there is no place to wait, is lost. When
/// the connection has failed it is made anew, once per record.
///
/// Lifetime: what still waits when it is destroyed is lost: call `flush` before.
/// Errors: the constructor, which blocks while it looks up a name, throws `errc::unavailable` when
/// the address cannot be found; that nobody listens shows later. `write` throws
/// `errc::resource_exhausted` when the record was lost because the peer is slow,
/// `errc::unavailable` when it cannot be reached.
///
/// Threads: any.
class syslog_sink final : public sink {
 public:
  explicit syslog_sink(syslog_sink_options options = {});
  ~syslog_sink() override;

  void write(const record& r) override;
  /// Errors: throws `errc::unavailable` when something still waits.
  void flush() override;

  /// How many records have been lost so far: for a metric.
  std::uint64_t dropped() const noexcept;

 private:
  class connection;
  const std::unique_ptr<connection> connection_;
};

}  // namespace kit::log
