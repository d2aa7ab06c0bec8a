#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/error.hpp>
#include <kit/metrics/registry.hpp>

namespace kit::metrics {

/// Where PCP's agent for memory-mapped values looks: `mmv` in what the environment's PCP_TMP_DIR
/// says, else what it is in /etc/pcp.conf, else /var/lib/pcp/tmp.
std::filesystem::path pcp_directory();

/// Settings of a `pcp_exporter`. Plain data; checked by it.
struct pcp_options {
  /// The application: the file's name, and a part of the metrics' names: `mmv.<app>.requests`.
  /// Letters, digits and `_`, a letter first, at most 63. One process of that name at a time.
  std::string app;
  /// Empty: `pcp_directory()`. It is made where only its last part is missing.
  std::filesystem::path directory = {};
  /// How old values may be, positive.
  duration interval = std::chrono::seconds{1};
  /// Is told what went wrong, for the log; must not throw.
  std::function<void(const error&)> on_error = nullptr;
};

/// Shows a registry's metrics to Performance Co-Pilot, in a file that its agent maps into memory:
///
///     metrics::pcp_exporter exporter(metrics, {.app = "shop"});
///     rt.on(0, [&] { return exporter.run(); });
///
///     $ pmval mmv.shop.requests
///
/// Counters are 64-bit integers: the fraction of their sum is cut off. Gauges and up-down counters
/// are doubles. Histograms have, since they began, the instances `min`, `max`, `mean`, `variance`,
/// `standard_deviation`; the last two are as exact as the buckets are fine. A metric with labels
/// has an instance for each series, `error=false,method=sum` (`mean,error=false` of histograms).
/// The help text and the unit are PCP's; a `:` in a name becomes `_`, a space in a label's value
/// `%20`.
///
/// Values are changed in place; when series come or go, a new file takes the old one's place. The
/// layout is version 1, where names longer than 63 bytes need it, version 2. PCP has room for
/// 1,024 metrics of an application and 2,048 with labels; those beyond are left out.
///
/// Source: mmv(5); Go kit's metrics/pcp. Linux and other POSIX systems.
/// Threads: one at a time.
class pcp_exporter {
 public:
  /// Makes the file.
  /// Errors: throws `errc::invalid_argument` for options out of range, and `errc::unavailable`,
  /// naming the file, when it cannot be made.
  explicit pcp_exporter(registry metrics, pcp_options options);
  /// Removes the file.
  ~pcp_exporter();

  /// Updates each interval until cancelled, and then a last time.
  /// Cancellation: terminal; not an error. Lifetime: `*this` must outlive the awaitable.
  asio::awaitable<void> run();
  /// Writes what the metrics are now. Blocks: for microseconds, but for longer when there is a new
  /// file to make. Errors: throws as the constructor.
  void update();

  const std::filesystem::path& path() const noexcept;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace kit::metrics
