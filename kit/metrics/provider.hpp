#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/endpoint.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/metrics/buckets.hpp>
#include <kit/metrics/counter.hpp>
#include <kit/metrics/gauge.hpp>
#include <kit/metrics/graphite.hpp>
#include <kit/metrics/histogram.hpp>
#include <kit/metrics/influx.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/metrics/sender.hpp>
#include <kit/metrics/statsd.hpp>

namespace kit::metrics {

/// Makes metrics for code that is not to know where they go, and owns what takes them there:
///
///     auto metrics = cfg.statsd.empty()
///         ? prometheus_provider(all)
///         : statsd_provider(ex, all, udp_sender(cfg.statsd), {.format = {.prefix = "shop."}});
///     const auto requests = metrics.counter("requests_total", {"method"});
///     ...
///     co_await metrics.stop();          // what was counted last is sent
///
/// Lifetime: metrics may outlive it. Destroying it ends the sending, too, but doesn't wait.
/// Threads: any, one at a time. Source: Go kit's metrics/provider.
class provider {
 public:
  /// Its metrics discard everything.
  provider() noexcept;
  /// Of a registry that is read by whoever wants to, such as a `prometheus_handler`. The prefix
  /// stands before each name, as it is.
  explicit provider(registry metrics, std::string prefix = {});
  /// The same, with work to be done until `stop`, such as an exporter's `run`: started now, on that
  /// executor (on a loop run by several threads, on a strand), cancelled by `stop`. How other
  /// backends are provided:
  ///
  ///     provider(all, ex, [e = std::make_shared<my_exporter>(all)] { return e->run(); });
  provider(registry metrics, const asio::any_io_executor& ex,
           std::function<asio::awaitable<void>()> run, std::string prefix = {});
  provider(provider&&) noexcept;
  provider& operator=(provider&&) noexcept;
  ~provider();

  /// Metrics of that name, and families when there are names of labels; see `registry`.
  /// Errors: those of the registry.
  metrics::counter counter(std::string name) const;
  template <std::size_t N>
  counter_family<N> counter(std::string name, const std::string_view (&labels)[N]) const {
    return metrics_ ? metrics_->counter({.name = prefix_ + name}, labels) : counter_family<N>();
  }
  metrics::gauge gauge(std::string name) const;
  template <std::size_t N>
  gauge_family<N> gauge(std::string name, const std::string_view (&labels)[N]) const {
    return metrics_ ? metrics_->gauge({.name = prefix_ + name}, labels) : gauge_family<N>();
  }
  /// The buckets are for backends that show them, or quantiles.
  metrics::histogram histogram(std::string name, bucket_layout buckets = latency_buckets()) const;
  template <std::size_t N>
  histogram_family<N> histogram(std::string name, bucket_layout buckets,
                                const std::string_view (&labels)[N]) const {
    if (!metrics_) return histogram_family<N>();
    return metrics_->histogram({.name = prefix_ + name, .buckets = std::move(buckets)}, labels);
  }

  /// Ends the work, which sends what there is a last time, and waits for that. Does nothing
  /// without work, or when called again. Metrics go on to count.
  /// Errors: what the work threw. Cancellation: any type; the work ends all the same.
  asio::awaitable<void> stop();

 private:
  class work;

  std::optional<registry> metrics_;
  std::string prefix_;
  std::unique_ptr<work> work_;
};

provider discard_provider();
/// For a `prometheus_handler` of that registry; a prefix takes the place of Go kit's namespace and
/// subsystem.
provider prometheus_provider(registry metrics, std::string prefix = {});
/// For an `expvar_handler` of that registry.
provider expvar_provider(registry metrics, std::string prefix = {});
/// StatsD, DogStatsD and InfluxStatsD, as the format says. Errors: as the exporter.
provider statsd_provider(const asio::any_io_executor& ex, registry metrics,
                         std::shared_ptr<sender> to, statsd_options options = {});
provider graphite_provider(const asio::any_io_executor& ex, registry metrics,
                           std::shared_ptr<sender> to, graphite_options options = {});
provider influx_provider(const asio::any_io_executor& ex, registry metrics,
                         endpoint<http::request, http::response> client, influx_options options);

}  // namespace kit::metrics
