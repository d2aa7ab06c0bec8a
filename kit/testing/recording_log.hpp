#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/log/sink.hpp>

namespace kit::testing {

/// What happened, in order, to be compared by a test: events with fields.
///
///     recording_log log;
///     auto ep = kit::chain(logging(log), limit)(inner);
///     ...
///     CHECK(log.lines() == std::vector<std::string>{"refused method=sum code=unavailable"});
///
/// A handle: copies record into the same log, so that a middleware can keep one.
/// Threads: safe; records of several threads are in the order in which they came.
class recording_log {
 public:
  using field = std::pair<std::string, std::string>;

  /// One event.
  struct record {
    std::string event;
    std::vector<field> fields;

    /// The first field of that key; empty when there is none.
    std::string_view operator[](std::string_view key) const noexcept;
    /// `event key=value ...`, values as in logfmt.
    std::string line() const;
    friend bool operator==(const record&, const record&) = default;
  };

  recording_log();

  void add(record r) const;
  void add(std::string event, std::vector<field> fields = {}) const;

  std::vector<record> records() const;
  std::vector<std::string> lines() const;
  /// A sink for loggers that write logfmt: an event is the record's message, its fields are the
  /// others. A line that is no logfmt is an event without fields.
  ///
  ///     kit::log::logger logger({.sink = log.sink()});
  std::shared_ptr<kit::log::sink> sink() const;

  /// How many events of that name there are.
  std::size_t count(std::string_view event) const;
  /// The lines so far; the log is empty then.
  std::vector<std::string> take() const;

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace kit::testing
