#pragma once

#include <cstddef>
#include <variant>
#include <vector>

namespace kit::metrics {

/// Buckets with these upper bounds, which belong to them, and one for what is above. Increasing and
/// finite; at least one and at most 1,000.
struct explicit_buckets {
  std::vector<double> bounds;
  friend bool operator==(const explicit_buckets&, const explicit_buckets&) = default;
};

/// Buckets of which 2^scale make a power of two: whatever the values are, each is known to that
/// precision, with nothing to choose. Memory: 8 bytes for each power of two in the range, and
/// 8 * 2^scale for each in which there are values; in each series, for each thread.
struct exponential_buckets {
  /// 0 to 8. The default tells values apart that differ by 1.1 %; each step less doubles that.
  int scale = 6;
  /// Values up to 2^min_exponent, also negative ones, count as zero. The default is about 1e-9.
  int min_exponent = -30;
  /// Of values above 2^max_exponent only the number is known. The default is about 1.7e10. The
  /// exponents are from −1022 to 1023.
  int max_exponent = 34;
  friend bool operator==(exponential_buckets, exponential_buckets) = default;
};

/// `count` bounds: start, start + width, ...
explicit_buckets linear_buckets(double start, double width, std::size_t count);
/// `count` bounds: start, start * factor, ... `start` is positive, `factor` above 1.
explicit_buckets geometric_buckets(double start, double factor, std::size_t count);
/// For the time that requests take, in seconds: 14 bounds from 5 ms to 10 s.
/// Source: OpenTelemetry's advice for http.server.request.duration.
explicit_buckets latency_buckets();

using bucket_layout = std::variant<explicit_buckets, exponential_buckets>;

/// Throws `errc::invalid_argument` that says what is wrong.
void require_valid(const bucket_layout& buckets);

}  // namespace kit::metrics
