#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>

#include <asio/awaitable.hpp>

#include <kit/metrics/detail/lines.hpp>
#include <kit/metrics/detail/push_impl.hpp>
#include <kit/metrics/push.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/metrics/sender.hpp>
#include <kit/result.hpp>

namespace kit::metrics::detail {

/// Sends a registry's metrics as lines. `last` always is what the server knows: the series of a
/// line that could not be sent stay there as they were, so that the next flush has it all.
class line_exporter final : public push_impl {
 public:
  /// From what the server knows and what is known now. Places in the groups are those in `now`.
  using encoder = std::function<line_batch(const snapshot& last, const snapshot& now)>;

  /// Errors: throws `errc::invalid_argument` for options out of range, or without a sender.
  line_exporter(registry metrics, std::shared_ptr<sender> to, encoder encode, push_options options);

  asio::awaitable<void> run() override;
  asio::awaitable<result<void>> flush() override;
  std::string address() const override { return to_->address(); }

 private:
  asio::awaitable<std::error_code> send_all(line_batch& batch);
  void settle(const line_batch& batch, snapshot now);
  result<void> failed(const std::error_code& why) const;

  const registry metrics_;
  const std::shared_ptr<sender> to_;
  const encoder encode_;
  snapshot last_;
};

}  // namespace kit::metrics::detail
