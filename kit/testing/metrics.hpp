#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/metrics/concepts.hpp>
#include <kit/metrics/snapshot.hpp>
#include <kit/random.hpp>

/// Checks for whatever counts, shows or sends metrics: an instrument is filled with known values,
/// and what comes out at the other end must be what they make. For tests of one's own exporters and
/// instruments:
///
///     const auto want = fill_counter(metrics.counter({.name = "c"}), random);
///     CHECK(sum_lines(sent(), "c:([0-9.]+)\\|c") == want);
///
///     CHECK(check_histogram(h, [&](double q) { return h.data().quantile(q); }) == "");
///
/// The histogram needs fine buckets around 500, such as `exponential_buckets{}`.
///
/// Source: Go kit's metrics/teststat.
namespace kit::testing {

/// Different numbers from 0 to 99 in any order: at least one.
std::vector<double> some_numbers(random_source& random);

/// Adds some of the numbers from 0 to 99, and gives their sum, which is exact.
template <metrics::addable Counter>
double fill_counter(const Counter& counter, random_source& random) {
  double sum = 0;
  for (const double n : some_numbers(random)) {
    counter.add(n);
    sum += n;
  }
  return sum;
}

/// Sets the gauge to some numbers, then adds the same: every value it had, in order.
template <metrics::settable Gauge>
std::vector<double> fill_gauge(const Gauge& gauge, random_source& random) {
  const auto numbers = some_numbers(random);
  auto had = numbers;
  for (const double n : numbers)
    gauge.set(n);
  for (const double n : numbers) {
    gauge.add(n);
    had.push_back(had.back() + n);
  }
  return had;
}

/// The normal distribution that histograms are filled with; what would be negative is 0.
struct normal {
  std::size_t count = 12'345;
  double mean = 500;
  double deviation = 25;

  /// The value below which that part lies, `q` between 0 and 1.
  double quantile(double q) const;
  /// How many of `count` values should be below.
  double count_below(double value) const;
  /// Draws `count` values.
  std::vector<double> values(random_source& random) const;
};

template <metrics::observable Histogram>
void fill_histogram(const Histogram& histogram, random_source& random, const normal& n = {}) {
  for (const double v : n.values(random))
    histogram.observe(v);
}

/// What the checks say is empty when all is right; else a message with all that is wrong.
std::string wrong_value(double want, double have);
std::string wrong_gauge(const std::vector<double>& had, std::vector<double> shown);
std::string wrong_quantiles(const std::function<double(double)>& quantile, double tolerance,
                            const normal& n = {});

/// Fills it, and compares what `value` then says.
template <metrics::addable Counter>
std::string check_counter(const Counter& counter, const std::function<double()>& value,
                          random_source random = random_source(1)) {
  const double want = fill_counter(counter, random);
  return wrong_value(want, value());
}
/// The same; `values` says the last value, or all that the gauge had, in any order, for backends
/// that send all.
template <metrics::settable Gauge>
std::string check_gauge(const Gauge& gauge, const std::function<std::vector<double>()>& values,
                        random_source random = random_source(1)) {
  const auto had = fill_gauge(gauge, random);
  return wrong_gauge(had, values());
}
/// The same for p50, p90, p95 and p99; `tolerance` is relative.
template <metrics::observable Histogram>
std::string check_histogram(const Histogram& histogram,
                            const std::function<double(double)>& quantile, double tolerance = 0.01,
                            random_source random = random_source(1)) {
  fill_histogram(histogram, random);
  return wrong_quantiles(quantile, tolerance);
}

/// The number in each line that matches the pattern, an ECMAScript regular expression for the whole
/// line whose first group is the number.
/// Errors: throws `std::regex_error`, and `errc::invalid_argument` when the group is no number.
std::vector<double> numbers_in_lines(std::string_view text, const std::string& pattern);
/// Their sum: for lines that each say what was added.
double sum_lines(std::string_view text, const std::string& pattern);
/// The last of them, for a gauge. Errors: throws `errc::not_found` when there is none.
double last_line(std::string_view text, const std::string& pattern);
/// The value below which that part of them lies: for backends that send each value.
/// Errors: throws `errc::not_found` when there is none.
double quantile_of_lines(std::string_view text, const std::string& pattern, double q);

/// The one value of a counter or gauge in a snapshot, of the series with these label values, in the
/// order of the sorted labels' names.
/// Errors: throws `errc::not_found` that names it.
double value_in(const metrics::snapshot& s, std::string_view name,
                const std::vector<std::string_view>& values = {});
/// The same of a histogram.
metrics::histogram_data histogram_in(const metrics::snapshot& s, std::string_view name,
                                     const std::vector<std::string_view>& values = {});

}  // namespace kit::testing
