#include <kit/debug/inspector.hpp>

#include <chrono>
#include <limits>
#include <ranges>
#include <utility>

#include <kit/debug/detail/core.hpp>
#include <kit/debug/detail/page.hpp>
#include <kit/error.hpp>
#include <kit/metrics/buckets.hpp>
#include <kit/metrics/process.hpp>

namespace kit::debug {
namespace {

inspector_options checked(inspector_options o) {
  if (o.max_requests < 1) {
    throw error(errc::invalid_argument, "inspector_options::max_requests: must be at least 1");
  }
  if (o.max_traces < 1) {
    throw error(errc::invalid_argument, "inspector_options::max_traces: must be at least 1");
  }
  return o;
}

}  // namespace

namespace detail {

core::core(inspector_options o)
    : options(checked(std::move(o))),
      classify(std::make_shared<const kit::classify>(options.classify)),
      of_process(metrics::process_metrics(process)),
      started(start_of(process.collect())),
      took_(latencies_.histogram({.name = "took_seconds",
                                  .max_series = std::numeric_limits<std::size_t>::max(),
                                  .buckets = metrics::exponential_buckets{}},
                                 {"endpoint"})) {}

std::shared_ptr<watched> core::add(std::string_view name, std::vector<std::string> layers) {
  if (name.empty()) name = "endpoint";
  std::lock_guard lock(mutex_);
  auto& place = endpoints_[std::string(name)];
  if (!place) {
    place = std::make_shared<watched>(std::string(name), std::move(layers), took_.with(name));
  }
  return place;
}

std::shared_ptr<watched> core::find(std::string_view name) const {
  std::lock_guard lock(mutex_);
  const auto found = endpoints_.find(name);
  return found != endpoints_.end() ? found->second : nullptr;
}

std::vector<std::shared_ptr<watched>> core::all() const {
  std::lock_guard lock(mutex_);
  const auto values = endpoints_ | std::views::values;
  return {values.begin(), values.end()};
}

tracing::wall_time core::wall_now() const {
  return options.wall_now ? options.wall_now() : std::chrono::system_clock::now();
}

}  // namespace detail

inspector::inspector(inspector_options options)
    : core_(std::make_shared<detail::core>(std::move(options))) {}

detail::watcher inspector::watcher_of(std::string_view name,
                                      std::vector<std::string> layers) const {
  return {core_->add(name, std::move(layers)), core_->classify};
}

endpoint<http::request, http::response> inspector::handler() const {
  return [core = std::shared_ptr<const detail::core>(core_)](http::request req) {
    return detail::answer(core, std::move(req));
  };
}

}  // namespace kit::debug
