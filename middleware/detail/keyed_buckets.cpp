#include <middleware/detail/keyed_buckets.hpp>

#include <algorithm>

namespace kit::middleware::detail {
keyed_buckets::keyed_buckets(std::size_t keys, random_source random)
    : hash_(random), sets_(std::max<std::size_t>(1, (keys + ways - 1) / ways)) {}

std::uint64_t keyed_buckets::tag_of(std::string_view key) const noexcept {
  const auto hash = hash_(key);
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
