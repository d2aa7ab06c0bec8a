#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>

#include <kit/log/sink.hpp>

/// Sinks that write through spdlog. Each locks itself, and writes records as they are.
/// Errors of writing: what spdlog throws, as `errc::unknown`; see `sink` for who gets it.
namespace kit::log {

/// The standard streams; each record is flushed. Where one is a pipe whose reader has gone, writing
/// raises SIGPIPE, which ends a program that doesn't ignore it.
std::shared_ptr<sink> stderr_sink();
std::shared_ptr<sink> stdout_sink();

/// A stream of the caller's, which must outlive the sink. Each record is one write, then flushed.
/// Errors of writing: `errc::unavailable` when the stream has failed.
std::shared_ptr<sink> ostream_sink(std::ostream& out);

/// Settings of the sinks to files.
struct file_options {
  /// Starts with an empty file; else goes on at the end of what is there.
  bool truncate = false;
  /// Records may wait in this process until `flush`, or until some KiB are there. It saves a system
  /// call per record, and a process that is killed loses what waits. `async_sink` flushes when it
  /// has written all there is.
  bool buffered = false;
};

/// A file; its folder is made.
/// Errors: throws `errc::unavailable` when it cannot be opened.
std::shared_ptr<sink> file_sink(const std::string& path, file_options options = {});

/// When a file is closed and a new one begun. Plain data, checked by the sink.
struct rotation {
  /// Bytes in a file before it is renamed to `name.1.ext`; at least 1.
  std::size_t max_bytes = std::size_t{64} * 1024 * 1024;
  /// Renamed files that are kept; from 1 to 200'000.
  std::size_t max_files = 4;
};
/// A file that is renamed when it has become too long: `app.log`, `app.1.log` and so on, the
/// highest number the oldest.
/// Errors: as `file_sink`; throws `errc::invalid_argument` naming what is out of range.
std::shared_ptr<sink> rotating_file_sink(const std::string& path, rotation when = {},
                                         file_options options = {});

/// When a file of a day begins, in local time. Plain data, checked by the sink.
struct daily {
  int hour = 0;    ///< 0 to 23
  int minute = 0;  ///< 0 to 59
  /// Files that are kept, up to 65'535. 0: all.
  std::size_t max_files = 0;
};
/// A file per day: `app_2024-05-01.log` for `app.log`.
/// Errors: as `rotating_file_sink`.
std::shared_ptr<sink> daily_file_sink(const std::string& path, daily when = {},
                                      file_options options = {});

}  // namespace kit::log
