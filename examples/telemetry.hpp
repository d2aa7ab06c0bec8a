#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <asio/awaitable.hpp>

#include <examples/program.hpp>
#include <kit/log/levels.hpp>
#include <kit/log/logger.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/runtime.hpp>
#include <kit/tracing/trace_ring.hpp>
#include <kit/tracing/tracer.hpp>

namespace examples {

/// What an example logs, counts and traces, and where that is sent: by its options.
class telemetry {
  std::vector<std::function<asio::awaitable<void>()>>
      work_;  // first: filled while the rest is made

 public:
  /// `--statsd`, `--dogstatsd`, `--graphite`, `--influx`, `--push-interval`, `--pcp`, `--zipkin`,
  /// `--otlp`.
  static std::vector<own_option> options();

  telemetry(const examples::options& options, std::string_view service);

  /// Sends metrics and traces from the runtime's first loop, until it is stopped.
  void send_from(kit::runtime& rt);

  kit::log::levels levels;
  kit::log::logger log;
  kit::metrics::registry metrics;
  std::shared_ptr<kit::tracing::trace_ring> traces;  // to be looked at
  kit::tracing::tracer tracer;

 private:
  void send_metrics(const examples::options& options, std::string_view service);
  std::vector<std::shared_ptr<kit::tracing::span_processor>> span_exporters(
      const examples::options& options);
  template <class Exporter>
  void add(std::shared_ptr<Exporter> exporter) {
    work_.push_back([exporter] { return exporter->run(); });
  }

  kit::metrics::registration process_;
};

}  // namespace examples
