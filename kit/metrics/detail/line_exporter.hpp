#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <system_error>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/metrics/detail/lines.hpp>
#include <kit/metrics/push.hpp>
#include <kit/metrics/registration.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/metrics/sender.hpp>
#include <kit/result.hpp>

namespace kit::metrics::detail {

/// Sends a registry's metrics as lines. `last` always is what the server knows: the series of a
/// line that could not be sent stay there as they were, so that the next flush has it all.
class line_exporter {
 public:
  /// From what the server knows and what is known now. Places in the groups are those in `now`.
  using encoder = std::function<line_batch(const snapshot& last, const snapshot& now)>;

  /// Errors: throws `errc::invalid_argument` for options out of range, or without a sender.
  line_exporter(registry metrics, std::shared_ptr<sender> to, encoder encode, push_options options);

  asio::awaitable<void> run();
  asio::awaitable<result<void>> flush();
  push_stats stats() const noexcept;
  std::vector<registration> observe(const registry& in) const;

 private:
  struct counts;

  asio::awaitable<void> round();
  asio::awaitable<std::error_code> send_all(line_batch& batch);
  void settle(const line_batch& batch, snapshot now);
  result<void> failed(const std::error_code& why) const;

  const registry metrics_;
  const std::shared_ptr<sender> to_;
  const encoder encode_;
  const push_options options_;
  const std::shared_ptr<counts> counts_;
  snapshot last_;
};

}  // namespace kit::metrics::detail
