#include <examples/telemetry.hpp>

#include <chrono>
#include <utility>

#include <kit/codec/text.hpp>
#include <kit/error.hpp>
#include <kit/log/computed.hpp>
#include <kit/log/sinks.hpp>
#include <kit/metrics/graphite.hpp>
#include <kit/metrics/influx.hpp>
#include <kit/metrics/pcp.hpp>
#include <kit/metrics/process.hpp>
#include <kit/metrics/sender.hpp>
#include <kit/metrics/statsd.hpp>
#include <kit/network.hpp>
#include <kit/tcp_network.hpp>
#include <kit/tracing/batch_exporter.hpp>
#include <kit/tracing/otlp.hpp>
#include <kit/tracing/zipkin.hpp>
#include <transports/http/client.hpp>

namespace examples {
namespace {

using namespace std::chrono_literals;
namespace metrics = kit::metrics;
namespace tracing = kit::tracing;

kit::log::logger make_log(const kit::log::levels& levels) {
  return kit::log::logger({.sink = kit::log::stderr_sink(), .levels = levels})
      .with("ts", kit::log::timestamp_utc, "caller", kit::log::caller);
}

kit::duration push_interval(const options& options) {
  kit::duration every = 1s;
  std::string expected;
  if (const auto given = options.get("--push-interval");
      given && !kit::text::parse(*given, every, expected)) {
    throw kit::error(kit::errc::invalid_argument, "--push-interval: must be " + expected);
  }
  if (every <= 0s) {
    throw kit::error(kit::errc::invalid_argument, "--push-interval: must be positive");
  }
  return every;
}

// An exporter whose sender needs a network of the loop that it runs on.
asio::awaitable<void> send_graphite(metrics::registry all, std::string address,
                                    metrics::graphite_options options) {
  kit::tcp_network network(co_await asio::this_coro::executor);
  metrics::graphite_exporter exporter(std::move(all), metrics::tcp_sender(network, address),
                                      std::move(options));
  co_await exporter.run();
}

}  // namespace

std::vector<own_option> telemetry::options() {
  return {{"--statsd", "HOST:PORT", "sends metrics to StatsD."},
          {"--dogstatsd", "HOST:PORT", "sends metrics to DogStatsD."},
          {"--graphite", "HOST:PORT", "sends metrics to Graphite's carbon."},
          {"--influx", "URL", "sends metrics to InfluxDB 1, database `cokit`."},
          {"--push-interval", "TIME", "how often these are sent: 1s, 500ms."},
          {"--pcp", "FOLDER", "shows metrics to Performance Co-Pilot in that folder."},
          {"--zipkin", "URL", "sends traces to Zipkin: http://127.0.0.1:9411/api/v2/spans."},
          {"--otlp", "URL", "sends traces to OpenTelemetry: http://127.0.0.1:4318/v1/traces."}};
}

telemetry::telemetry(const examples::options& options, std::string_view service)
    : levels(kit::log::level::info),
      log(make_log(levels)),
      traces(std::make_shared<tracing::trace_ring>()),
      tracer({.resource = {{{"service.name", service}}}, .processors = span_exporters(options)}),
      process_(metrics::process_metrics(metrics)) {
  send_metrics(options, service);
}

void telemetry::send_metrics(const examples::options& options, std::string_view service) {
  const auto prefix = std::string(service) + '.';
  const metrics::push_options push{
      .interval = push_interval(options),
      .on_error = [l = log](const auto& e) { l.warn("metrics", "during", "push", "err", e); }};
  for (const auto dialect : {metrics::statsd_dialect::statsd, metrics::statsd_dialect::dogstatsd}) {
    const bool dog = dialect == metrics::statsd_dialect::dogstatsd;
    if (const auto to = options.get(dog ? "--dogstatsd" : "--statsd")) {
      add(std::make_shared<metrics::statsd_exporter>(
          metrics, metrics::udp_sender(*to),
          metrics::statsd_options{.format = {.dialect = dialect, .prefix = prefix}, .push = push}));
    }
  }
  if (const auto to = options.get("--graphite")) {
    if (const auto address = kit::parse_address(*to); !address) {
      throw kit::error(kit::errc::invalid_argument,
                       "--graphite: " + std::string(address.error().message()));
    }
    work_.emplace_back([=, all = metrics] {
      return send_graphite(all, *to, {.format = {.prefix = prefix}, .push = push});
    });
  }
  if (const auto url = options.get("--influx")) {
    add(std::make_shared<metrics::influx_exporter>(
        metrics, kit::http::client(),
        metrics::influx_options{
            .url = *url, .to = metrics::influx_database{.name = "cokit"}, .push = push}));
  }
  if (const auto folder = options.get("--pcp")) {
    add(std::make_shared<metrics::pcp_exporter>(
        metrics,
        metrics::pcp_options{
            .app = std::string(service), .directory = *folder, .on_error = push.on_error}));
  }
}

std::vector<std::shared_ptr<tracing::span_processor>> telemetry::span_exporters(
    const examples::options& options) {
  std::vector<std::shared_ptr<tracing::span_processor>> all{traces};
  const auto send_to = [&](tracing::span_exporter to) {
    auto exporter = std::make_shared<tracing::batch_exporter>(
        std::move(to), tracing::batch_options{.on_error = [l = log](const auto& e) {
          l.warn("traces", "during", "export", "err", e);
        }});
    add(exporter);
    all.push_back(std::move(exporter));
  };
  if (const auto url = options.get("--zipkin")) {
    send_to(tracing::zipkin_exporter(kit::http::client(), {.url = *url}));
  }
  if (const auto url = options.get("--otlp")) {
    send_to(tracing::otlp_exporter(kit::http::client(), {.url = *url}));
  }
  return all;
}

void telemetry::send_from(kit::runtime& rt) {
  for (const auto& work : work_)
    rt.on(0, work);
}

}  // namespace examples
