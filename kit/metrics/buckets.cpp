#include <kit/metrics/buckets.hpp>

#include <cmath>
#include <string>

#include <kit/error.hpp>

namespace kit::metrics {
namespace {

constexpr std::size_t most_bounds = 1'000;

void require(bool right, const char* what) {
  if (!right) throw error(errc::invalid_argument, what);
}

void check(const explicit_buckets& b) {
  require(!b.bounds.empty() && b.bounds.size() <= most_bounds,
          "explicit_buckets::bounds: must be from 1 to 1000");
  for (std::size_t i = 0; i < b.bounds.size(); ++i) {
    require(std::isfinite(b.bounds[i]), "explicit_buckets::bounds: must be finite");
    require(i == 0 || b.bounds[i] > b.bounds[i - 1], "explicit_buckets::bounds: must increase");
  }
}

void check(const exponential_buckets& b) {
  require(b.scale >= 0 && b.scale <= 8, "exponential_buckets::scale: must be from 0 to 8");
  require(b.min_exponent >= -1022, "exponential_buckets::min_exponent: must be at least -1022");
  require(b.max_exponent <= 1023, "exponential_buckets::max_exponent: must be at most 1023");
  require(b.min_exponent < b.max_exponent,
          "exponential_buckets::max_exponent: must be above min_exponent");
}

template <class BoundAt>
explicit_buckets series_of(std::size_t count, BoundAt bound_at) {
  explicit_buckets b;
  for (std::size_t i = 0; i < count && i <= most_bounds; ++i)
    b.bounds.push_back(bound_at(static_cast<double>(i)));
  check(b);
  return b;
}

}  // namespace

void require_valid(const bucket_layout& buckets) {
  std::visit([](const auto& b) { check(b); }, buckets);
}

explicit_buckets linear_buckets(double start, double width, std::size_t count) {
  return series_of(count, [&](double i) { return start + width * i; });
}

explicit_buckets geometric_buckets(double start, double factor, std::size_t count) {
  require(start > 0, "geometric_buckets: start must be positive");
  require(factor > 1, "geometric_buckets: factor must be above 1");
  return series_of(count, [&](double i) { return start * std::pow(factor, i); });
}

explicit_buckets latency_buckets() {
  return {{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}};
}

}  // namespace kit::metrics
