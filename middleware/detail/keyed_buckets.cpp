#include <middleware/detail/keyed_buckets.hpp>

#include <algorithm>
#include <cstring>

namespace kit::middleware::detail {
namespace {

// The product's halves, folded: mixes all bits of both.
std::uint64_t folded(std::uint64_t a, std::uint64_t b) noexcept {
  const auto low = [](std::uint64_t x) { return x & 0xffffffff; };
  const auto high = [](std::uint64_t x) { return x >> 32; };
  const std::uint64_t mid = high(a) * low(b) + high(low(a) * low(b));
  const std::uint64_t other = low(a) * high(b) + low(mid);
  const std::uint64_t top = high(a) * high(b) + high(mid) + high(other);
  return (a * b) ^ top;
}

}  // namespace

keyed_buckets::keyed_buckets(std::size_t keys, random_source random)
    : seeds_{random() | 1, random() | 1},
      sets_(std::max<std::size_t>(1, (keys + ways - 1) / ways)) {}

std::uint64_t keyed_buckets::tag_of(std::string_view key) const noexcept {
  std::uint64_t hash = seeds_[0] ^ key.size();
  while (!key.empty()) {
    std::uint64_t word = 0;
    const auto size = std::min(key.size(), sizeof(word));
    std::memcpy(&word, key.data(), size);
    key.remove_prefix(size);
    hash = folded(hash ^ word, seeds_[1] ^ hash);
  }
  hash = folded(hash, seeds_[1]);
  return hash == 0 ? 1 : hash;
}

token_bucket& keyed_buckets::set::bucket_of(std::uint64_t tag, time_point now,
                                            const token_rate& rate) {
  auto* most = &entries.front();
  double tokens = most->bucket.tokens(now, rate);
  for (auto& e : entries) {
    if (e.tag == tag) return e.bucket;
    const double there = e.bucket.tokens(now, rate);
    if (e.tag == 0 ? most->tag != 0 : most->tag != 0 && there > tokens) {
      most = &e;
      tokens = there;
    }
  }
  *most = {.tag = tag, .bucket = {}};
  return most->bucket;
}

}  // namespace kit::middleware::detail
