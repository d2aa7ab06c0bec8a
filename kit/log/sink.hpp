#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include <kit/log/level.hpp>

namespace kit::log {

/// A record as it goes out.
struct record {
  std::optional<log::level> level;
  /// Whole, with the end of its line, in whatever form the logger's encoder wrote. Valid during the
  /// call.
  std::string_view line;

  /// The line without its end.
  std::string_view text() const noexcept {
    return line.substr(0, line.size() - (line.ends_with('\n') ? 1 : 0));
  }
};

/// Where records go. A logger calls `write` exactly once for each record.
///
/// Errors: either function throws; `logger_options::on_error` of the logger gets it, behind an
///         `async_sink` that of `async_options`.
/// Threads: calls overlap, so that a sink locks what it must, and unlocks it when it throws.
class sink {
 public:
  sink() = default;
  sink(const sink&) = delete;
  sink& operator=(const sink&) = delete;
  virtual ~sink() = default;

  virtual void write(const record& r) = 0;
  /// Hands what was written to the system, if the sink keeps it back.
  virtual void flush() {}
};

/// A sink whose target can be exchanged while it is in use; one without discards. The old target
/// lives on until the writes that have begun are done.
/// Threads: any. Source: Go kit's log.SwapLogger.
class swap_sink final : public sink {
 public:
  explicit swap_sink(std::shared_ptr<sink> target = {}) noexcept : target_(std::move(target)) {}

  /// The former target. Null discards from now on.
  std::shared_ptr<sink> swap(std::shared_ptr<sink> target) noexcept;

  void write(const record& r) override;
  void flush() override;

 private:
  std::shared_ptr<sink> target() const noexcept;

  mutable std::mutex mutex_;
  std::shared_ptr<sink> target_;
};

}  // namespace kit::log
