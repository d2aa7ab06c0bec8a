#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <kit/log/level.hpp>

namespace kit::log {

namespace detail {
/// The number of the least level that is let through; `nothing` above all.
using threshold = std::atomic<std::uint8_t>;
inline constexpr std::uint8_t nothing = 4;
constexpr std::uint8_t rank(std::optional<level> minimum) noexcept {
  return minimum ? static_cast<std::uint8_t>(*minimum) : nothing;
}
}  // namespace detail

/// The least level that is logged, for each name of a logger, to be changed while the program runs:
///
///     kit::log::levels levels(kit::log::level::info);
///     kit::log::logger log({.sink = kit::log::stderr_sink(), .levels = levels});
///     const auto http = log.named("http");
///     levels.set("http", kit::log::level::debug);    // for "http", "http.client" and so on
///
/// A name that has none of its own has that of the name before its last dot, and so on up to the
/// empty name, the root. A level that is nothing lets nothing through but unlevelled records.
///
/// A handle: copies are the same table. Threads: any; loggers see a change at their next record.
class levels {
 public:
  levels(level root = level::info);
  levels(std::nullopt_t);

  void set(std::string_view name, std::optional<level> minimum);
  /// Gives the name what it inherits. The root has `level::info` then.
  void reset(std::string_view name);

  /// As in `info,http=debug,http.client=none`: the root's level, then those of names, in any case.
  /// What isn't named stays as it is.
  /// Errors: `errc::invalid_argument` naming the part that is wrong; nothing has been changed.
  result<void> apply(std::string_view text);

  /// What counts for the name.
  std::optional<level> get(std::string_view name) const;
  /// What was set, by name.
  std::map<std::string, std::optional<level>, std::less<>> settings() const;

 private:
  friend class logger;
  struct state;

  /// What a logger of that name looks at.
  std::shared_ptr<const detail::threshold> watch(std::string_view name) const;

  std::shared_ptr<state> state_;
};

}  // namespace kit::log
