#include <kit/log/spdlog.hpp>

#include <string>
#include <string_view>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>

#include <kit/error.hpp>
#include <kit/log/detail/spdlog_level.hpp>

namespace kit::log {
namespace detail {

spdlog::level::level_enum spdlog_level(level l) noexcept {
  switch (l) {
    case level::debug:
      return spdlog::level::debug;
    case level::info:
      return spdlog::level::info;
    case level::warn:
      return spdlog::level::warn;
    case level::error:
      break;
  }
  return spdlog::level::err;
}

}  // namespace detail

namespace {

class spdlog_target final : public sink {
 public:
  spdlog_target(std::shared_ptr<spdlog::logger> target, spdlog_sink_options options)
      : target_(std::move(target)), options_(options) {}

  void write(const record& r) override {
    const auto text = r.text();
    target_->log(detail::spdlog_level(r.level.value_or(options_.unlevelled)),
                 spdlog::string_view_t(text.data(), text.size()));
  }
  void flush() override { target_->flush(); }

 private:
  const std::shared_ptr<spdlog::logger> target_;
  const spdlog_sink_options options_;
};

level level_of(spdlog::level::level_enum l) noexcept {
  if (l <= spdlog::level::debug) return level::debug;
  if (l == spdlog::level::info) return level::info;
  return l == spdlog::level::warn ? level::warn : level::error;
}

class from_spdlog final : public spdlog::sinks::sink {
 public:
  explicit from_spdlog(logger target) : target_(std::move(target)) {}

  void log(const spdlog::details::log_msg& msg) override {
    const std::string_view text(msg.payload.data(), msg.payload.size());
    const std::string_view name(msg.logger_name.data(), msg.logger_name.size());
    const auto l = level_of(msg.level);
    if (msg.source.empty()) {
      named(l, text, name);
    } else {
      std::string_view file = msg.source.filename;
      file.remove_prefix(file.find_last_of("/\\") + 1);  // npos + 1 is 0
      named(l, text, name, "caller", std::string(file) + ':' + std::to_string(msg.source.line));
    }
  }
  void flush() override { target_.flush(); }
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  template <class... KeysAndValues>
  void named(log::level l, std::string_view text, std::string_view name,
             const KeysAndValues&... pairs) const {
    if (name.empty()) {
      target_.at(l, text, pairs...);
    } else {
      target_.at(l, text, "logger", name, pairs...);
    }
  }

  const logger target_;
};

}  // namespace

std::shared_ptr<sink> spdlog_sink(std::shared_ptr<spdlog::logger> target,
                                  spdlog_sink_options options) {
  if (!target) throw error(errc::invalid_argument, "log::spdlog_sink: no logger");
  return std::make_shared<spdlog_target>(std::move(target), options);
}

std::shared_ptr<spdlog::sinks::sink> to_spdlog_sink(logger target) {
  return std::make_shared<from_spdlog>(std::move(target));
}

}  // namespace kit::log
