#include <kit/log/spdlog.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
    std::vector<field> pairs;
    std::string caller;
    if (msg.logger_name.size() > 0) {
      pairs.push_back({"logger", std::string_view(msg.logger_name.data(), msg.logger_name.size())});
    }
    if (!msg.source.empty()) {
      std::string_view file = msg.source.filename;
      file.remove_prefix(file.find_last_of("/\\") + 1);  // npos + 1 is 0
      caller = std::string(file) + ':' + std::to_string(msg.source.line);
      pairs.push_back({"caller", caller});
    }
    target_.at(level_of(msg.level), std::string_view(msg.payload.data(), msg.payload.size()),
               pairs);
  }
  void flush() override { target_.flush(); }
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
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
