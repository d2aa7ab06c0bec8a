#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include <kit/log/logger.hpp>

/// For code that writes lines of text to a stream: each becomes a record.
namespace kit::log {

/// The parts of a line such as `2009/01/23 01:23:23.5 folder/file.cpp:23: message`: views of it,
/// empty where a part isn't there.
struct line_parts {
  std::string_view date;
  std::string_view time;
  std::string_view file;
  std::string_view message;
  friend bool operator==(const line_parts&, const line_parts&) = default;
};

/// Takes a line apart: a date `2009/01/23`, a time `01:23:23` with any fraction, `file:line` before
/// `: ` or the end, each if it is there; the rest is the message, which may have line ends inside.
/// Line ends at the end are dropped. Without `with_file` a message such as `127.0.0.1:80: refused`
/// stays whole. Takes time proportional to the length. Source: Go kit's log.NewStdlibAdapter.
line_parts parse_line(std::string_view text, bool with_file = true) noexcept;

/// Settings of a `stream`.
struct stream_options {
  /// The level of its records; nothing: they are unlevelled.
  std::optional<log::level> level = {};
  std::string time_key = "ts";  ///< of date and time, with a blank between them
  std::string file_key = "caller";
  std::string message_key = "msg";
  /// Looks for the file in lines; see `parse_line`.
  bool with_file = true;
  /// Is removed where a line or its message starts with it.
  std::string prefix = {};
  /// Puts the prefix in front of each message.
  bool join_prefix = false;
  /// A longer line is cut into several records, in bytes; at least 1.
  std::size_t max_line = std::size_t{64} * 1024;
};

/// Logs what `parse_line` found in the text, as one record, under the keys of the options.
void log_line(const logger& to, std::string_view text, const stream_options& options = {}) noexcept;

/// A stream whose lines are records, once they are complete; what is left, when it is destroyed.
/// Flushing it does not end a line. To catch what others write to `std::clog`, which then may be
/// used by one thread at a time, too, and must get its own buffer back before the stream goes:
///
///     auto* const before = std::clog.rdbuf(s.rdbuf());
///     std::clog.rdbuf(before);
///
/// Threads: one at a time, as any stream.
class stream final : public std::ostream {
 public:
  /// Errors: throws `errc::invalid_argument` for `max_line` 0.
  explicit stream(logger to, stream_options options = {});
  ~stream() override;

 private:
  class buffer;
  const std::unique_ptr<buffer> buffer_;
};

}  // namespace kit::log
