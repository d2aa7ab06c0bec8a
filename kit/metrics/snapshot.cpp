#include <kit/metrics/snapshot.hpp>

#include <algorithm>
#include <cmath>

namespace kit::metrics {
namespace {

enum class spread : std::uint8_t { linear, geometric };

struct bucket {
  double lower;
  double upper;
  std::uint64_t count;
  spread inside;
};

// Where in the bucket the value is that has `part` of the bucket's values below it.
double inside(bucket b, double part, double least, double most) noexcept {
  const double lower = std::clamp(b.lower, least, most);
  const double upper = std::clamp(b.upper, least, most);
  if (b.inside == spread::geometric && lower > 0) return lower * std::pow(upper / lower, part);
  return lower + (upper - lower) * part;
}

// Calls f(bucket) from the lowest to the highest until it answers true.
template <class F>
void find_bucket(const explicit_counts& e, F f) {
  const auto& bounds = e.bounds;
  if (bounds.empty()) return;
  double lower = -HUGE_VAL;
  for (std::size_t i = 0; i < e.counts.size(); ++i) {
    const double upper = i < bounds.size() ? bounds[i] : HUGE_VAL;
    if (f(bucket{lower, upper, e.counts[i], spread::linear})) return;
    lower = upper;
  }
}

template <class F>
void find_bucket(const exponential_counts& e, F f) {
  if (f(bucket{-HUGE_VAL, e.zero_threshold, e.zero_count, spread::linear})) return;
  for (std::size_t i = 0; i < e.counts.size(); ++i) {
    if (e.counts[i] == 0) continue;  // most are, and a bound is dear
    if (f(bucket{e.lower_bound(i), e.lower_bound(i + 1), e.counts[i], spread::geometric})) return;
  }
  f(bucket{e.overflow_bound, HUGE_VAL, e.overflow, spread::linear});
}

double least_of(const explicit_counts& e) noexcept {
  return e.bounds.empty() ? 0 : std::min(e.bounds.front(), 0.0);
}
double most_of(const explicit_counts& e) noexcept {
  return e.bounds.empty() ? 0 : e.bounds.back();
}
double least_of(const exponential_counts&) noexcept {
  return 0;
}
double most_of(const exponential_counts& e) noexcept {
  return e.overflow > 0 ? e.overflow_bound : e.lower_bound(e.counts.size());
}

}  // namespace

double exponential_counts::lower_bound(std::size_t i) const noexcept {
  // The fraction by itself, so that the bounds of a scale are those of any finer one, to the bit.
  const auto index = static_cast<std::int64_t>(offset) + static_cast<std::int64_t>(i);
  if (scale <= 0) return std::ldexp(1.0, static_cast<int>(index * (std::int64_t{1} << -scale)));
  const auto fraction = index & ((std::int64_t{1} << scale) - 1);
  const double inside_power = std::exp2(std::ldexp(static_cast<double>(fraction), -scale));
  return std::ldexp(inside_power, static_cast<int>(index >> scale));
}

void exponential_counts::trim() {
  const auto first = std::ranges::find_if(counts, [](std::uint64_t n) { return n != 0; });
  offset += static_cast<std::int32_t>(first - counts.begin());
  counts.erase(counts.begin(), first);
  while (!counts.empty() && counts.back() == 0)
    counts.pop_back();
}

exponential_counts exponential_counts::downscaled(std::size_t max_buckets) const {
  exponential_counts out = *this;
  // Those below and above 1 never become one.
  while (out.counts.size() > std::max<std::size_t>(max_buckets, 2)) {
    const auto first = static_cast<std::size_t>(out.offset & 1);  // the first may lack its partner
    std::vector<std::uint64_t> merged((out.counts.size() + first + 1) / 2);
    for (std::size_t i = 0; i < out.counts.size(); ++i)
      merged[(i + first) / 2] += out.counts[i];
    out.counts = std::move(merged);
    out.offset >>= 1;
    --out.scale;
  }
  return out;
}

double histogram_data::quantile(double q) const noexcept {
  if (count == 0) return -1;
  const double rank = std::clamp(q, 0.0, 1.0) * static_cast<double>(count);
  double below = 0;
  double answer = max.value_or(0);
  const auto search = [&](const auto& e) {
    const double least = min.value_or(least_of(e));
    const double most = std::max(max.value_or(most_of(e)), least);
    find_bucket(e, [&](bucket b) {
      const auto here = static_cast<double>(b.count);
      if (b.count == 0) return false;
      answer = inside(b, std::clamp((rank - below) / here, 0.0, 1.0), least, most);
      below += here;
      return below >= rank;
    });
  };
  std::visit(search, buckets);
  return answer;
}

explicit_counts histogram_data::with_bounds(std::size_t max_buckets) const {
  if (const auto* plain = std::get_if<explicit_counts>(&buckets)) return *plain;
  const auto e = std::get<exponential_counts>(buckets).downscaled(max_buckets);
  explicit_counts out;
  const auto add = [&out](double bound, std::uint64_t n) {
    if (!out.bounds.empty() && bound <= out.bounds.back()) return;
    out.bounds.push_back(bound);
    out.counts.push_back(n);
  };
  if (e.zero_count > 0) add(e.zero_threshold, e.zero_count);
  if (!e.counts.empty()) add(e.lower_bound(0), 0);
  for (std::size_t i = 0; i < e.counts.size(); ++i)
    add(e.lower_bound(i + 1), e.counts[i]);
  if (e.overflow > 0) add(e.overflow_bound, 0);
  out.counts.push_back(e.overflow);
  return out;
}

const point* family::find(std::span<const std::string_view> wanted) const noexcept {
  const auto found = std::ranges::find_if(
      points, [&](const point& p) { return std::ranges::equal(p.values, wanted); });
  return found != points.end() ? &*found : nullptr;
}

const family* snapshot::find(std::string_view name) const noexcept {
  const auto found = std::ranges::lower_bound(families, name, {}, &family::name);
  return found != families.end() && found->name == name ? &*found : nullptr;
}

}  // namespace kit::metrics
