#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <kit/metrics/detail/cells.hpp>
#include <kit/metrics/detail/sample_tap.hpp>
#include <kit/metrics/snapshot.hpp>
#include <kit/tracing/span_context.hpp>

namespace kit::metrics::detail {

/// What all series of a metric share. Outlives the registry, with the handles.
struct family_parts {
  std::string name;
  metric_kind kind;
  std::string unit;
  std::vector<std::string> labels;
  std::function<wall_time()> now;
  sample_tap tap;
};

/// A metric with fixed label values. Shared by its family and its handles.
class series : public std::enable_shared_from_this<series> {
 public:
  series(std::shared_ptr<family_parts> family, std::vector<std::string> values)
      : family_(std::move(family)), values_(std::move(values)), start_(family_->now()) {}
  series(const series&) = delete;
  series& operator=(const series&) = delete;
  virtual ~series() = default;

  const family_parts& family() const noexcept { return *family_; }
  const std::vector<std::string>& values() const noexcept { return values_; }

  /// What is known now; false when that is nothing.
  bool read(point& into) const {
    into.values = values_;
    into.start = start_;
    return read_value(into);
  }

 protected:
  /// Hands the value to those who want single ones.
  void sample(double value) const noexcept {
    if (family_->tap.open()) [[unlikely]]
      family_->tap.record(*this, value);
  }

 private:
  virtual bool read_value(point& into) const = 0;

  const std::shared_ptr<family_parts> family_;
  const std::vector<std::string> values_;
  const wall_time start_;
};

/// Of counters and up-down counters.
class sum_series final : public series {
 public:
  using series::series;

  void add(double d) noexcept {
    if (auto* words = cells_.own()) [[likely]] {
      detail::add(*words, d, writers::one);
    } else {
      add_elsewhere(d);
    }
  }
  double value() const noexcept { return cells_.sum(0); }

 private:
  void add_elsewhere(double d) noexcept;
  bool read_value(point& into) const override;

  cells cells_{1};
};

class gauge_series final : public series {
 public:
  using series::series;

  void set(double v) noexcept {
    value_.store(v, std::memory_order_relaxed);
    changed(v);
  }
  void add(double d) noexcept { changed(value_.fetch_add(d, std::memory_order_relaxed) + d); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  // Two threads at once may count one for both: only whether it differs means something, and that
  // it does.
  void changed(double v) noexcept {
    updates_.store(updates_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    sample(v);
  }
  bool read_value(point& into) const override;

  alignas(128) std::atomic<double> value_{0};
  std::atomic<std::uint64_t> updates_{0};
};

class histogram_series : public series {
 public:
  /// The words before those of the buckets.
  static constexpr std::size_t sum_at = 0;
  static constexpr std::size_t min_at = 1;
  static constexpr std::size_t max_at = 2;
  static constexpr std::size_t buckets_at = 3;

  histogram_series(std::shared_ptr<family_parts> family, std::vector<std::string> values,
                   std::size_t bucket_words)
      : series(std::move(family), std::move(values)), cells_(buckets_at + bucket_words) {}

  virtual void observe(double v) noexcept = 0;
  void observe(double v, std::vector<label> example);
  void observe(double v, tracing::trace_id trace, tracing::span_id span);
  histogram_data data() const;

 protected:
  /// What all kinds of buckets have in common. Null when the value is no number that counts, or
  /// there is no memory.
  cells::place note(double v) noexcept;
  const cells& all_cells() const noexcept { return cells_; }

 private:
  // Without labels: those of a span, put into words when they are read.
  struct kept_exemplar {
    exemplar value;
    tracing::trace_id trace_id = {};
    tracing::span_id span_id = {};
  };
  void keep(kept_exemplar e);
  /// Of two values with the same key only the newer's exemplar is kept.
  virtual int exemplar_key(double v) const noexcept = 0;
  virtual void read_buckets(histogram_data& into) const = 0;
  bool read_value(point& into) const override;

  cells cells_;
  mutable std::mutex exemplars_mutex_;
  std::map<int, kept_exemplar> exemplars_;
};

/// A function of the user's that can be taken away: `stop` waits until it isn't running.
/// Threads: any; calls don't overlap. The function may itself stop it.
class callback {
 public:
  explicit callback(std::function<double()> f) : function_(std::move(f)) {}
  callback(const callback&) = delete;
  callback& operator=(const callback&) = delete;
  ~callback() = default;

  /// Nothing when it was stopped or throws.
  std::optional<double> call() noexcept;
  void stop() noexcept;

 private:
  std::recursive_mutex mutex_;
  bool stopped_ = false;
  std::function<double()> function_;
};

/// Whose value a function says.
class observed_series final : public series {
 public:
  observed_series(std::shared_ptr<family_parts> family, std::vector<std::string> values,
                  std::function<double()> f)
      : series(std::move(family), std::move(values)), callback_(std::move(f)) {}

  void stop() noexcept { callback_.stop(); }

 private:
  bool read_value(point& into) const override;

  mutable callback callback_;
  mutable std::atomic<std::uint64_t> updates_{0};  // how often it was asked
};

}  // namespace kit::metrics::detail
