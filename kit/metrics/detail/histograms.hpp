#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <kit/metrics/buckets.hpp>
#include <kit/metrics/detail/series.hpp>

/// Histograms by how they divide their values. What depends on the division alone is one immutable
/// object of the family.
namespace kit::metrics::detail {

class explicit_series final : public histogram_series {
 public:
  using division = std::vector<double>;  // the upper bounds

  explicit_series(std::shared_ptr<family_parts> family, std::vector<std::string> values,
                  std::shared_ptr<const division> bounds)
      : histogram_series(std::move(family), std::move(values), bounds->size() + 1),
        bounds_(std::move(bounds)) {}

  using histogram_series::observe;
  void observe(double v) noexcept override;

 private:
  std::size_t bucket_of(double v) const noexcept;
  int exemplar_key(double v) const noexcept override { return static_cast<int>(bucket_of(v)); }
  void read_buckets(histogram_data& into) const override;

  const std::shared_ptr<const division> bounds_;
};

/// The powers of two of a range, and how each is divided.
class power_division {
 public:
  explicit power_division(exponential_buckets options);

  const exponential_buckets& options() const noexcept { return options_; }
  /// Powers of two in the range.
  std::size_t powers() const noexcept {
    return static_cast<std::size_t>(options_.max_exponent - options_.min_exponent);
  }
  /// Buckets in each.
  std::size_t per_power() const noexcept { return std::size_t{1} << options_.scale; }

  struct place {
    int power;           ///< 0 is the first; negative: below the range, `powers()`: above
    std::size_t bucket;  ///< in that power
  };
  place find(double v) const noexcept;

  double lowest() const noexcept { return lowest_; }
  double highest() const noexcept { return highest_; }

 private:
  exponential_buckets options_;
  double lowest_;
  double highest_;
  // Of the significand's fraction bits: where each bucket begins, and the bucket in which each of
  // twice as many slots of equal width begins. A bucket is wider than a slot.
  std::vector<std::uint64_t> begins_;
  std::vector<std::uint16_t> slots_;
};

class exponential_series final : public histogram_series {
 public:
  using division = power_division;

  exponential_series(std::shared_ptr<family_parts> family, std::vector<std::string> values,
                     std::shared_ptr<const division> powers)
      : histogram_series(std::move(family), std::move(values), first_power + powers->powers()),
        powers_(std::move(powers)) {}
  ~exponential_series() override;

  using histogram_series::observe;
  void observe(double v) noexcept override;

 private:
  // Words behind `buckets_at`. Those of the powers hold the address of as many words as a power has
  // buckets, null until there is a value.
  static constexpr std::size_t below = 0;
  static constexpr std::size_t above = 1;
  static constexpr std::size_t first_power = 2;

  int exemplar_key(double v) const noexcept override { return powers_->find(v).power; }
  void read_buckets(histogram_data& into) const override;
  word* buckets_of(word& power) const noexcept;

  const std::shared_ptr<const division> powers_;
};

}  // namespace kit::metrics::detail
