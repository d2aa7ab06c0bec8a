#pragma once

#include <memory>

#include <kit/log/logger.hpp>

// Declared, not included: who uses this has spdlog's headers for the loggers that it makes.
namespace spdlog {
class logger;
namespace sinks {
class sink;
}
}  // namespace spdlog

/// Between Cokit's loggers and spdlog's, in both directions. The program must see the same spdlog
/// as Cokit was built with.
namespace kit::log {

/// Settings of `spdlog_sink`.
struct spdlog_sink_options {
  /// spdlog knows no records without a level: they have this one.
  level unlevelled = level::info;
};

/// Records go to a logger of spdlog: each is one message at its level, the line that the encoder
/// wrote, without its end. What spdlog puts around it, such as the time, is its pattern's. spdlog
/// filters by its own level, too, and handles the errors of its own sinks.
/// Errors: throws `errc::invalid_argument` for a null target.
std::shared_ptr<sink> spdlog_sink(std::shared_ptr<spdlog::logger> target,
                                  spdlog_sink_options options = {});

/// A sink for loggers of spdlog that hands their messages to one of Cokit: the text as the message,
/// their name as `logger`, the place of SPDLOG_INFO and its like as `caller`. `trace` is `debug`,
/// `critical` is `error`. Patterns don't matter to it.
std::shared_ptr<spdlog::sinks::sink> to_spdlog_sink(logger target);

}  // namespace kit::log
