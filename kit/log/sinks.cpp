#include <kit/log/sinks.hpp>

#include <mutex>
#include <ostream>
#include <utility>

#include <spdlog/formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/daily_file_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <kit/error.hpp>
#include <kit/log/detail/spdlog_level.hpp>

namespace kit::log {
namespace {

/// Records are lines already.
class verbatim final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    out.append(msg.payload.data(), msg.payload.data() + msg.payload.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<verbatim>(); }
};

class spdlog_target final : public sink {
 public:
  spdlog_target(std::unique_ptr<spdlog::sinks::sink> target, bool buffered)
      : target_(std::move(target)), buffered_(buffered) {
    target_->set_formatter(std::make_unique<verbatim>());
  }

  void write(const record& r) override {
    const auto l = detail::spdlog_level(r.level.value_or(level::info));
    target_->log({spdlog::source_loc(), {}, l, {r.line.data(), r.line.size()}});
    if (!buffered_) target_->flush();
  }
  void flush() override { target_->flush(); }

 private:
  const std::unique_ptr<spdlog::sinks::sink> target_;
  const bool buffered_;
};

class ostream_target final : public sink {
 public:
  explicit ostream_target(std::ostream& out) : out_(out) {}

  void write(const record& r) override {
    const std::lock_guard lock(mutex_);
    out_.clear();  // what has failed may have passed
    out_.write(r.line.data(), static_cast<std::streamsize>(r.line.size()));
    out_.flush();
    if (!out_) throw error(errc::unavailable, "log: the stream has failed");
  }
  void flush() override {
    const std::lock_guard lock(mutex_);
    out_.flush();
  }

 private:
  std::mutex mutex_;
  std::ostream& out_;
};

template <class Target, class... Args>
std::shared_ptr<sink> open(const file_options& options, const Args&... args) {
  try {
    return std::make_shared<spdlog_target>(std::make_unique<Target>(args...), options.buffered);
  } catch (const spdlog::spdlog_ex& e) {
    throw error(errc::unavailable, std::string("log: ") + e.what());
  }
}

void require(bool fine, const char* what) {
  if (!fine) throw error(errc::invalid_argument, std::string("log::") + what);
}

}  // namespace

std::shared_ptr<sink> stderr_sink() {
  return open<spdlog::sinks::stderr_sink_mt>({.buffered = true});  // flushes by itself
}

std::shared_ptr<sink> stdout_sink() {
  return open<spdlog::sinks::stdout_sink_mt>({.buffered = true});
}

std::shared_ptr<sink> ostream_sink(std::ostream& out) {
  return std::make_shared<ostream_target>(out);
}

std::shared_ptr<sink> file_sink(const std::string& path, file_options options) {
  return open<spdlog::sinks::basic_file_sink_mt>(options, path, options.truncate);
}

std::shared_ptr<sink> rotating_file_sink(const std::string& path, rotation when,
                                         file_options options) {
  require(when.max_bytes >= 1, "rotation::max_bytes is 0");
  require(when.max_files >= 1 && when.max_files <= 200'000,
          "rotation::max_files is not in 1..200000");
  return open<spdlog::sinks::rotating_file_sink_mt>(options, path, when.max_bytes, when.max_files,
                                                    options.truncate);
}

std::shared_ptr<sink> daily_file_sink(const std::string& path, daily when, file_options options) {
  require(when.hour >= 0 && when.hour < 24, "daily::hour is not in 0..23");
  require(when.minute >= 0 && when.minute < 60, "daily::minute is not in 0..59");
  require(when.max_files <= 65'535, "daily::max_files is above 65535");
  return open<spdlog::sinks::daily_file_sink_mt>(options, path, when.hour, when.minute,
                                                 options.truncate,
                                                 static_cast<std::uint16_t>(when.max_files));
}

}  // namespace kit::log
