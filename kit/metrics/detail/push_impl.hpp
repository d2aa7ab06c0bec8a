#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/metrics/push.hpp>
#include <kit/metrics/registration.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/result.hpp>

namespace kit::metrics::detail {

/// What exporters that push have in common: the loop and the numbers.
class push_impl {
 public:
  /// Errors: throws `errc::invalid_argument` for options out of range.
  explicit push_impl(push_options options);
  push_impl(const push_impl&) = delete;
  push_impl& operator=(const push_impl&) = delete;
  virtual ~push_impl() = default;

  virtual asio::awaitable<void> run();
  virtual asio::awaitable<result<void>> flush() = 0;
  /// Where metrics go, for people.
  virtual std::string address() const = 0;

  push_stats stats() const noexcept;
  std::vector<registration> observe(const registry& in) const;

 protected:
  using tally = std::atomic<std::uint64_t>;
  struct counts {
    tally values_sent{0};
    tally values_lost{0};
    tally bytes_sent{0};
    tally failures{0};
  };
  static void add(tally& to, std::uint64_t n) noexcept {
    to.fetch_add(n, std::memory_order_relaxed);
  }
  counts& counted() noexcept { return *counts_; }

 private:
  asio::awaitable<void> round();

  const push_options options_;
  const std::shared_ptr<counts> counts_ = std::make_shared<counts>();
};

}  // namespace kit::metrics::detail
