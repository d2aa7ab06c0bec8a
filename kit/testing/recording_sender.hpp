#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <kit/metrics/sender.hpp>

namespace kit::testing {

/// Keeps what exporters of metrics send, and fails when told to:
///
///     const auto to = std::make_shared<recording_sender>();
///     metrics::statsd_exporter exporter(registry, to);
///     loop.start(exporter.flush());
///     CHECK(to->take() == "requests_total:1.000000|c\n");
///
/// Threads: one at a time.
class recording_sender final : public metrics::sender {
 public:
  explicit recording_sender(std::size_t max_size = metrics::ethernet_datagram)
      : max_size_(max_size) {}

  /// From now on opening fails so, or no longer.
  void fail_open(std::error_code with = make_error_code(std::errc::connection_refused)) {
    open_error_ = with;
  }
  /// Says how each sending ends; what it says went out is kept. Empty: all succeeds.
  void answer(std::function<io_result(std::string_view data)> how) { answer_ = std::move(how); }

  /// What went out, each sending by itself.
  const std::vector<std::string>& sent() const noexcept { return sent_; }
  /// All of it together, which is then forgotten.
  std::string take();
  bool is_open() const noexcept { return open_; }

  std::size_t max_size() const noexcept override { return max_size_; }
  std::string address() const override { return "recording"; }
  asio::awaitable<std::error_code> open() override;
  asio::awaitable<io_result> send(asio::const_buffer data) override;
  asio::awaitable<void> close() override;

 private:
  const std::size_t max_size_;
  std::error_code open_error_;
  std::function<io_result(std::string_view)> answer_;
  std::vector<std::string> sent_;
  bool open_ = false;
};

}  // namespace kit::testing
