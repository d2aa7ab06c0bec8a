#pragma once

#include <kit/metrics/registration.hpp>
#include <kit/metrics/registry.hpp>

namespace kit::metrics {

/// What Linux knows of this process, read from /proc whenever metrics are collected, as Prometheus'
/// client libraries name it:
///
///     process_cpu_seconds_total        user and system time
///     process_resident_memory_bytes
///     process_virtual_memory_bytes
///     process_open_fds, process_max_fds
///     process_threads
///     process_start_time_seconds       since 1970
///
/// What cannot be read stays as it was. Reading ends with the registration, and then all stays as
/// it was last; once per registry.
///
///     const auto process = kit::metrics::process_metrics(metrics);
///
/// Other numbers of a program are observed gauges:
///
///     const auto tasks =
///         metrics.observe_gauge({.name = "tasks"}, [&] { return double(set.size()); });
///
/// Errors: throws `errc::already_exists` when there are others of these names.
registration process_metrics(const registry& metrics);

}  // namespace kit::metrics
