#include <kit/metrics/provider.hpp>

namespace kit::metrics {
namespace {

template <class Exporter, class Options>
provider pushing(const asio::any_io_executor& ex, registry metrics, std::shared_ptr<sender> to,
                 Options options) {
  auto exporter = std::make_shared<Exporter>(metrics, std::move(to), std::move(options));
  return provider(std::move(metrics), ex, [exporter] { return exporter->run(); });
}

asio::awaitable<void> nothing() {
  co_return;
}

asio::awaitable<void> ended(std::shared_ptr<task_set> work) {
  (co_await work->join()).rethrow();
}

}  // namespace

provider::provider(registry metrics, std::string prefix)
    : metrics_(std::move(metrics)), prefix_(std::move(prefix)) {}

provider::provider(registry metrics, const asio::any_io_executor& ex,
                   std::function<asio::awaitable<void>()> run, std::string prefix)
    : provider(std::move(metrics), std::move(prefix)) {
  work_ = std::make_unique<task_set>(ex);
  static_cast<void>(work_->try_spawn("metrics", std::move(run)));  // the set is new
}

metrics::counter provider::counter(std::string name) const {
  return metrics_ ? metrics_->counter({.name = prefix_ + name}) : metrics::counter();
}

metrics::gauge provider::gauge(std::string name) const {
  return metrics_ ? metrics_->gauge({.name = prefix_ + name}) : metrics::gauge();
}

metrics::histogram provider::histogram(std::string name, bucket_layout buckets) const {
  if (!metrics_) return metrics::histogram();
  return metrics_->histogram({.name = prefix_ + name, .buckets = std::move(buckets)});
}

asio::awaitable<void> provider::stop() {
  if (!work_) return nothing();
  work_->cancel();
  return ended(std::move(work_));
}

provider discard_provider() {
  return {};
}

provider prometheus_provider(registry metrics, std::string prefix) {
  return provider(std::move(metrics), std::move(prefix));
}

provider expvar_provider(registry metrics, std::string prefix) {
  return provider(std::move(metrics), std::move(prefix));
}

provider statsd_provider(const asio::any_io_executor& ex, registry metrics,
                         std::shared_ptr<sender> to, statsd_options options) {
  return pushing<statsd_exporter>(ex, std::move(metrics), std::move(to), std::move(options));
}

provider graphite_provider(const asio::any_io_executor& ex, registry metrics,
                           std::shared_ptr<sender> to, graphite_options options) {
  return pushing<graphite_exporter>(ex, std::move(metrics), std::move(to), std::move(options));
}

}  // namespace kit::metrics
