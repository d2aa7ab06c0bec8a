#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <kit/metrics/samples.hpp>

namespace kit::metrics::detail {

class series;
struct family_parts;

/// What one reader has not yet taken.
/// Threads: any.
class sample_buffer {
 public:
  /// Errors: throws `errc::invalid_argument` for a capacity of 0.
  explicit sample_buffer(sampling options);

  /// Asks the options; true when it wants values of that metric.
  bool wants(const family_parts& family);
  void record(const series& from, double value) noexcept;
  samples take();
  /// Keeps nothing from now on.
  void close() noexcept;

 private:
  struct kept {
    std::shared_ptr<const series> from;
    std::vector<double> values;
  };
  void keep(const series& from, double value);

  std::mutex mutex_;
  sampling options_;
  std::unordered_map<const family_parts*, double> rates_;
  std::unordered_map<const series*, kept> kept_;
  std::size_t size_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace kit::metrics::detail
