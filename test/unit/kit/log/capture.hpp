#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <kit/log/logger.hpp>

/// What the tests of loggers share.
namespace log_test {

/// Keeps the lines that it gets. Threads: any.
class capture final : public kit::log::sink {
 public:
  void write(const kit::log::record& r) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(r.line);
    levels_.push_back(r.level);
  }
  void flush() override {
    const std::lock_guard lock(mutex_);
    ++flushes_;
  }

  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  std::vector<std::optional<kit::log::level>> levels() const {
    const std::lock_guard lock(mutex_);
    return levels_;
  }
  int flushes() const {
    const std::lock_guard lock(mutex_);
    return flushes_;
  }
  /// All lines so far, which are forgotten.
  std::string take() {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const auto& line : std::exchange(lines_, {}))
      all += line;
    levels_.clear();
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::vector<std::optional<kit::log::level>> levels_;
  int flushes_ = 0;
};

/// A logger that lets everything through, and what it wrote.
struct recorded {
  explicit recorded(kit::log::encoder encoder = kit::log::logfmt)
      : recorded(kit::log::logger_options{.encoder = std::move(encoder),
                                          .levels = kit::log::level::debug}) {}
  explicit recorded(kit::log::logger_options options) {
    options.sink = out;
    log = kit::log::logger(std::move(options));
  }

  std::string take() const { return out->take(); }

  std::shared_ptr<capture> out = std::make_shared<capture>();
  kit::log::logger log;
};

}  // namespace log_test
