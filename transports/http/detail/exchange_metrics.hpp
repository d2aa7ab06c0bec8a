#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <kit/clock.hpp>
#include <kit/error.hpp>
#include <kit/http/method.hpp>
#include <kit/http/status.hpp>
#include <kit/metrics/buckets.hpp>
#include <kit/metrics/registry.hpp>

namespace kit::http::detail {

/// What tells the series of exchanges apart.
struct exchange_key {
  http::method::id method = http::method::get;
  std::uint16_t status = 0;  ///< 0: there is none
  errc failure = errc::ok;
  std::string_view place = {};  ///< a server's route, the server that a client calls
};

struct exchange_series {
  metrics::histogram duration;
  metrics::histogram request_size;
  metrics::histogram response_size;
};

/// The metrics of the exchanges of a server or client. Their series are made when first needed, and
/// then found without a lock. Threads: any.
class exchange_metrics {
 public:
  /// `prefix` is `http_server` or `http_client`, `place` the label of that; a status from
  /// `errors_from` up is an error.
  exchange_metrics(const metrics::registry& registry, const std::string& prefix,
                   std::string_view place, int errors_from, metrics::bucket_layout durations);
  exchange_metrics(const exchange_metrics&) = delete;
  exchange_metrics& operator=(const exchange_metrics&) = delete;
  ~exchange_metrics();

  const metrics::up_down_counter& active() const noexcept { return active_; }
  /// Nothing is counted when there's no memory for it.
  void observe(const exchange_key& key, duration took, std::optional<std::uint64_t> request_bytes,
               std::optional<std::uint64_t> response_bytes) noexcept;

 private:
  struct node;
  static constexpr std::size_t places = 512;  // of a table of lists

  const exchange_series& series(const exchange_key& key);
  std::unique_ptr<node> make(const exchange_key& key) const;

  const int errors_from_;
  metrics::up_down_counter active_;
  metrics::histogram_family<4> duration_, request_size_, response_size_;
  std::mutex mutex_;  // of whoever adds
  std::size_t nodes_ = 0;
  std::array<std::atomic<const node*>, places> table_{};
};

}  // namespace kit::http::detail
