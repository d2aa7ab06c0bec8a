#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/log/detail/pairs.hpp>
#include <kit/log/event.hpp>
#include <kit/log/levels.hpp>
#include <kit/log/logfmt.hpp>
#include <kit/log/sink.hpp>

namespace kit::log {

/// Settings of a logger. Plain data; checked by `require_valid`, which the logger calls.
struct logger_options {
  /// Where records go; see <kit/log/sinks.hpp>. Null discards them.
  std::shared_ptr<log::sink> sink = {};
  /// What a record looks like: `logfmt`, `json`, or one of your own.
  log::encoder encoder = logfmt;
  /// The least level that is logged: one for all, or a table by the names of loggers that is
  /// changed while the program runs. `std::nullopt` lets only unlevelled records through.
  log::levels levels = level::info;

  /// The level of records that have none, so that they are levelled. Nothing leaves them without.
  std::optional<level> default_level = {};
  /// Drops unlevelled records.
  bool squelch_unlevelled = false;

  /// Keys of the level, of the message, and of the name of a logger made by `named`; an empty
  /// `name_key` leaves the name out.
  std::string level_key = "level";
  std::string message_key = "msg";
  std::string name_key = "logger";
  /// Texts of the levels, from `debug` to `error`.
  std::array<std::string, 4> level_names = {"debug", "info", "warn", "error"};

  /// Gets what went wrong: what a sink or encoder threw, and the two below. Runs on the thread that
  /// logs, maybe at once on several; it must not log to the same sink. What it throws is dropped.
  std::function<void(const kit::error&)> on_error = {};
  /// What `on_error` gets when a record's level isn't let through, and when an unlevelled one is
  /// squelched. Nothing: that isn't reported.
  std::optional<kit::error> not_allowed = {};
  std::optional<kit::error> no_level = {};
};

/// Errors: throws `errc::invalid_argument` naming the member that cannot be.
void require_valid(const logger_options& options);

/// The text of a record, and where it is logged. May be empty: then the record has no `msg`.
class message {
 public:
  template <detail::text_like T>
  message(const T& text,
          const std::source_location& location = std::source_location::current()) noexcept
      : text_(detail::text_of(text)), location_(location) {}

  std::string_view text() const noexcept { return text_; }
  const std::source_location& location() const noexcept { return location_; }

 private:
  std::string_view text_;
  std::source_location location_;
};

namespace detail {
/// What must be known to drop a record.
struct logger_head {
  std::shared_ptr<const threshold> minimum;
  std::optional<level> default_level;
  bool squelch_unlevelled = false;
  bool reports_dropped = false;
};
}  // namespace detail

/// Writes structured records: a message, then keys and values by turns.
///
///     kit::log::logger log({.sink = kit::log::stderr_sink()});
///     log = log.with("ts", kit::log::timestamp_utc, "svc", "addsvc");
///     log.info("listening", "transport", "http", "addr", addr);
///
///     level=info ts=2024-05-01T12:00:00Z svc=addsvc msg=listening transport=http addr=:80
///
/// A record has, in this order: the level; the fields added by `with_prefix`; the name; those added
/// by `with`; of the context that it is bound to `trace_id`, `span_id` and the log's fields (see
/// <kit/log/fields.hpp>); the message; the pairs of the call; those added by `with_suffix`.
///
/// A value is any that is `loggable`. Nothing is formatted, nor copied, before the record is known
/// to be let through. Functions that log don't throw and don't lose a record to a bad value or key:
/// what fails goes to `logger_options::on_error`.
///
/// A small handle that never changes; copies write to the same place. A default-constructed one
/// discards. Threads: any. Source: Go kit's log.Logger, log.With and level.NewFilter.
class logger {
 public:
  logger() noexcept = default;
  /// Errors: as `require_valid`.
  explicit logger(logger_options options);

  template <class... KeysAndValues>
    requires key_values<KeysAndValues...>
  void debug(const message& m, const KeysAndValues&... pairs) const noexcept {
    if (lets_through(level::debug)) write(level::debug, m, pairs...);
  }
  template <class... KeysAndValues>
    requires key_values<KeysAndValues...>
  void info(const message& m, const KeysAndValues&... pairs) const noexcept {
    if (lets_through(level::info)) write(level::info, m, pairs...);
  }
  template <class... KeysAndValues>
    requires key_values<KeysAndValues...>
  void warn(const message& m, const KeysAndValues&... pairs) const noexcept {
    if (lets_through(level::warn)) write(level::warn, m, pairs...);
  }
  template <class... KeysAndValues>
    requires key_values<KeysAndValues...>
  void error(const message& m, const KeysAndValues&... pairs) const noexcept {
    if (lets_through(level::error)) write(level::error, m, pairs...);
  }
  /// At a level that is known at run time.
  template <class... KeysAndValues>
    requires key_values<KeysAndValues...>
  void at(level l, const message& m, const KeysAndValues&... pairs) const noexcept {
    if (lets_through(l)) write(l, m, pairs...);
  }
  /// With pairs that were put together at run time, without a level or with one.
  void at(std::optional<level> l, const message& m, std::span<const field> pairs) const noexcept;
  /// Without a level, or at `logger_options::default_level`.
  template <class... KeysAndValues>
    requires key_values<KeysAndValues...>
  void print(const message& m, const KeysAndValues&... pairs) const noexcept {
    if (lets_through_unlevelled()) write(head_->default_level, m, pairs...);
  }

  /// Whether a record of that level would be written: to save work that only a record needs.
  bool enabled(level l) const noexcept {
    if (!head_) return false;
    const auto number = static_cast<std::uint8_t>(l);
    return number >= head_->minimum->load(std::memory_order_relaxed) || number >= context_minimum_;
  }
  /// The same of the logger that is bound to this context, without binding it.
  bool enabled(level l, const context& ctx) const noexcept;

  /// A logger whose records have these fields, too. Values are copied; texts and exceptions as
  /// texts. A value may be a function, which is then called for each record; see `computed`.
  template <class... KeysAndValues>
    requires stored_key_values<KeysAndValues...>
  logger with(KeysAndValues&&... pairs) const {
    return extended(place::middle, detail::stored(std::forward<KeysAndValues>(pairs)...));
  }
  /// The same, in front of all fields so far.
  template <class... KeysAndValues>
    requires stored_key_values<KeysAndValues...>
  logger with_prefix(KeysAndValues&&... pairs) const {
    return extended(place::front, detail::stored(std::forward<KeysAndValues>(pairs)...));
  }
  /// The same, behind all fields and the pairs of each record.
  template <class... KeysAndValues>
    requires stored_key_values<KeysAndValues...>
  logger with_suffix(KeysAndValues&&... pairs) const {
    return extended(place::back, detail::stored(std::forward<KeysAndValues>(pairs)...));
  }

  /// A logger of that name below this one's: `log.named("http").named("client")` is `http.client`.
  /// Its level is what `logger_options::levels` says for that.
  logger named(std::string_view name) const;
  std::string_view name() const noexcept;

  /// A logger whose records carry `trace_id` and `span_id` of the context's span and the context's
  /// fields, and that honours `with_level`. It keeps the context alive.
  logger in(const context& ctx) const;
  /// The same, for the context of the calling coroutine:
  ///
  ///     const auto log = co_await log_.here();
  asio::awaitable<logger> here() const;

  /// Flushes the sink. Errors go to `logger_options::on_error`.
  void flush() const noexcept;

 private:
  struct core;
  enum class place : std::uint8_t { front, middle, back };

  bool lets_through(level l) const noexcept {
    if (enabled(l)) return true;
    if (head_ && head_->reports_dropped) report_dropped(true);
    return false;
  }
  bool lets_through_unlevelled() const noexcept {
    if (!head_) return false;
    if (head_->default_level) return lets_through(*head_->default_level);
    if (!head_->squelch_unlevelled) return true;
    if (head_->reports_dropped) report_dropped(false);
    return false;
  }
  template <class... KeysAndValues>
  void write(std::optional<level> l, const message& m,
             const KeysAndValues&... pairs) const noexcept {
    std::array<field, (sizeof...(pairs) + 1) / 2> fields;
    detail::fill(fields.data(), pairs...);
    emit(l, m, fields);
  }

  const core& state() const noexcept;
  logger extended(place where, detail::stored_fields fields) const;
  void emit(std::optional<level> l, const message& m, std::span<const field> pairs) const noexcept;
  void report_dropped(bool levelled) const noexcept;
  static asio::awaitable<logger> bind(logger l);

  std::shared_ptr<const detail::logger_head> head_;  // of a core; null discards
  context context_;
  std::uint8_t context_minimum_ = detail::nothing;
};

}  // namespace kit::log
