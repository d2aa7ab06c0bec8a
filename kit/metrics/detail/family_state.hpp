#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <kit/metrics/buckets.hpp>
#include <kit/metrics/detail/histograms.hpp>
#include <kit/metrics/detail/series.hpp>
#include <kit/metrics/snapshot.hpp>

namespace kit::metrics::detail {

/// All that makes two metrics of one name the same metric. Label names are sorted.
struct family_info {
  metric_kind kind = metric_kind::gauge;
  std::string name;
  std::string help = {};
  std::string unit = {};
  std::size_t max_series = 0;
  std::vector<std::string> labels = {};
  bucket_layout buckets = {};          ///< of histograms
  std::vector<double> quantiles = {};  ///< of histograms
  friend bool operator==(const family_info&, const family_info&) = default;
};

/// Throws `errc::invalid_argument` that names the metric and says what is wrong.
void require_valid(const family_info& info);

/// A metric and its series.
/// Threads: any.
class family_state {
 public:
  using clock = std::function<wall_time()>;

  /// `overflow` counts look-ups beyond the limit, by the metric's name; null: nobody counts.
  family_state(family_info info, clock now, std::shared_ptr<family_state> overflow);

  const family_info& info() const noexcept { return info_; }
  family_parts& parts() noexcept { return *parts_; }

  /// Values are in the order of the sorted names.
  /// Errors: throws `errc::already_exists` when a function was registered for that series.
  std::shared_ptr<series> find_or_make(std::span<const std::string_view> values);
  bool remove(std::span<const std::string_view> values);

  /// Errors: throws `errc::already_exists` when there is such a series.
  std::shared_ptr<observed_series> observe(std::span<const std::string_view> values,
                                           std::function<double()> f);
  void remove(const observed_series& which);

  /// No points when there are no series. Calls the user's functions, under no lock of the family.
  family read() const;

 private:
  struct less {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
      return std::ranges::lexicographical_compare(a, b, std::ranges::less());
    }
  };
  using map = std::map<std::vector<std::string>, std::shared_ptr<series>, less>;

  std::shared_ptr<series> make(std::vector<std::string> values) const;
  std::shared_ptr<series> find_or_make(std::span<const std::string_view> values, bool& overflowed);
  void count_overflow() const;

  const family_info info_;
  const std::shared_ptr<family_parts> parts_;
  const std::shared_ptr<family_state> overflow_;
  std::variant<std::monostate, std::shared_ptr<const explicit_series::division>,
               std::shared_ptr<const exponential_series::division>>
      division_;

  mutable std::mutex mutex_;
  map series_;
  std::shared_ptr<series> other_;  // also in series_; null until the limit was reached
};

}  // namespace kit::metrics::detail
