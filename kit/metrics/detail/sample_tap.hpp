#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace kit::metrics::detail {

class sample_buffer;
class series;

/// Where the single values of one metric's series go, while somebody wants them.
/// Threads: any.
class sample_tap {
 public:
  bool open() const noexcept { return open_.load(std::memory_order_relaxed); }
  void record(const series& from, double value) noexcept;

  void attach(std::shared_ptr<sample_buffer> buffer);
  void detach(const sample_buffer& buffer);

 private:
  std::atomic<bool> open_{false};
  std::mutex mutex_;
  std::vector<std::shared_ptr<sample_buffer>> buffers_;
};

}  // namespace kit::metrics::detail
