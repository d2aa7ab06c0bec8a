#include <kit/metrics/detail/histograms.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

namespace kit::metrics::detail {
namespace {

constexpr int fraction_bits = 52;
constexpr std::uint64_t fraction_mask = (std::uint64_t{1} << fraction_bits) - 1;
constexpr int exponent_bias = 1023;

// The address of a power's buckets is kept in a word.
word* address_in(std::uint64_t bits) noexcept {
  return reinterpret_cast<word*>(static_cast<std::uintptr_t>(bits));
}
std::uint64_t bits_of(const word* address) noexcept {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address));
}

}  // namespace

// --- explicit bounds ----------------------------------------------------------------------------

std::size_t explicit_series::bucket_of(double v) const noexcept {
  // The number of bounds below v. Of few they are compared all, which needs no branch that depends
  // on the value, and takes two at a time.
  std::span<const double> left = *bounds_;
  while (left.size() > 32) {
    const auto half = left.size() / 2;
    left = left[half - 1] < v ? left.subspan(half) : left.first(half);
  }
  auto below = static_cast<std::size_t>(left.data() - bounds_->data());
  for (const double bound : left)
    below += bound < v ? 1 : 0;
  return below;
}

void explicit_series::observe(double v) noexcept {
  const auto to = note(v);
  if (to.words) add(to.words[buckets_at + bucket_of(v)], std::uint64_t{1}, to.who);
}

void explicit_series::read_buckets(histogram_data& into) const {
  explicit_counts e{*bounds_, std::vector<std::uint64_t>(bounds_->size() + 1)};
  all_cells().for_each([&](const word* words) {
    for (std::size_t i = 0; i < e.counts.size(); ++i) {
      const auto n = words[buckets_at + i].load(std::memory_order_relaxed);
      e.counts[i] += n;
      into.count += n;
    }
  });
  into.buckets = std::move(e);
}

// --- powers of two ------------------------------------------------------------------------------

power_division::power_division(exponential_buckets options)
    : options_(options),
      lowest_(std::ldexp(1.0, options.min_exponent)),
      highest_(std::ldexp(1.0, options.max_exponent)) {
  const std::size_t n = per_power();
  for (std::size_t i = 0; i <= n; ++i) {
    const double begin = std::exp2(static_cast<double>(i) / static_cast<double>(n));
    begins_.push_back(i < n ? std::bit_cast<std::uint64_t>(begin) & fraction_mask
                            : fraction_mask + 1);
  }
  for (std::size_t slot = 0; slot < 2 * n; ++slot) {
    const auto at = static_cast<std::uint64_t>(slot) << (fraction_bits - options_.scale - 1);
    const auto above = std::ranges::upper_bound(begins_, at);
    slots_.push_back(static_cast<std::uint16_t>(above - begins_.begin() - 1));
  }
}

power_division::place power_division::find(double v) const noexcept {
  if (v <= lowest_) return {-1, 0};
  if (v > highest_) return {static_cast<int>(powers()), 0};
  // The next smaller double: so the upper bound of a bucket belongs to it.
  const auto bits = std::bit_cast<std::uint64_t>(v) - 1;
  const auto exponent = static_cast<int>(bits >> fraction_bits) - exponent_bias;
  const auto fraction = bits & fraction_mask;
  std::size_t bucket = slots_[fraction >> (fraction_bits - options_.scale - 1)];
  bucket += static_cast<std::size_t>(fraction >= begins_[bucket + 1]);
  return {exponent - options_.min_exponent, bucket};
}

exponential_series::~exponential_series() {
  all_cells().for_each([&](const word* words) {
    for (std::size_t i = 0; i < powers_->powers(); ++i)
      free_words(address_in(words[buckets_at + first_power + i].load(std::memory_order_relaxed)));
  });
}

void exponential_series::observe(double v) noexcept {
  const auto to = note(v);
  if (!to.words) return;
  word* const words = to.words + buckets_at;
  const auto place = powers_->find(v);
  if (place.power < 0) {
    add(words[below], std::uint64_t{1}, to.who);
  } else if (place.power == static_cast<int>(powers_->powers())) {
    add(words[above], std::uint64_t{1}, to.who);
  } else if (auto* buckets =
                 buckets_of(words[first_power + static_cast<std::size_t>(place.power)])) {
    add(buckets[place.bucket], std::uint64_t{1}, to.who);
  }
}

// Made when there is none. Also where several threads write.
word* exponential_series::buckets_of(word& power) const noexcept {
  auto bits = power.load(std::memory_order_acquire);
  if (bits != 0) [[likely]]
    return address_in(bits);
  auto* made = make_words(powers_->per_power());
  if (!made || power.compare_exchange_strong(bits, bits_of(made), std::memory_order_acq_rel))
    return made;
  free_words(made);
  return address_in(bits);
}

void exponential_series::read_buckets(histogram_data& into) const {
  const auto per_power = powers_->per_power();
  const auto& options = powers_->options();
  exponential_counts e{.scale = options.scale,
                       .zero_threshold = powers_->lowest(),
                       .offset = options.min_exponent * static_cast<std::int32_t>(per_power),
                       .counts = std::vector<std::uint64_t>(powers_->powers() * per_power),
                       .overflow_bound = powers_->highest()};
  all_cells().for_each([&](const word* words) {
    words += buckets_at;
    e.zero_count += words[below].load(std::memory_order_relaxed);
    e.overflow += words[above].load(std::memory_order_relaxed);
    for (std::size_t p = 0; p < powers_->powers(); ++p) {
      const auto* buckets = address_in(words[first_power + p].load(std::memory_order_acquire));
      for (std::size_t i = 0; buckets && i < per_power; ++i) {
        const auto n = buckets[i].load(std::memory_order_relaxed);
        e.counts[p * per_power + i] += n;
        into.count += n;
      }
    }
  });
  into.count += e.zero_count + e.overflow;
  e.trim();
  into.buckets = std::move(e);
}

}  // namespace kit::metrics::detail
