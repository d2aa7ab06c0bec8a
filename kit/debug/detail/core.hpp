#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <kit/debug/detail/watched.hpp>
#include <kit/debug/inspector.hpp>
#include <kit/metrics/registry.hpp>

namespace kit::debug::detail {

/// When the process of these metrics started, by its own.
tracing::wall_time start_of(const metrics::snapshot& process);

/// What the copies of an inspector and its pages share.
struct core {
  explicit core(inspector_options o);

  /// The endpoint of that name, made if there is none.
  std::shared_ptr<watched> add(std::string_view name, std::vector<std::string> layers);
  std::shared_ptr<watched> find(std::string_view name) const;
  /// By their names.
  std::vector<std::shared_ptr<watched>> all() const;
  tracing::wall_time wall_now() const;

  const inspector_options options;
  const std::shared_ptr<const kit::classify> classify;
  const metrics::registry process;
  const metrics::registration of_process;
  const tracing::wall_time started;  // the process

 private:
  const metrics::registry latencies_;
  const metrics::histogram_family<1> took_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<watched>, std::less<>> endpoints_;
};

}  // namespace kit::debug::detail
