#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

#include <kit/random.hpp>
#include <middleware/detail/keyed_hash.hpp>
#include <middleware/token_bucket.hpp>

namespace kit::middleware::detail {

/// A token bucket for each key, for as many as there is room: a table that doesn't grow. Where it
/// is full, the bucket that has the most tokens makes room for a new one: a full one loses nothing
/// by that, as a new one is full, too.
/// Threads: any.
class keyed_buckets {
 public:
  /// For about that many keys. The seed keeps outsiders from choosing keys that collide.
  keyed_buckets(std::size_t keys, random_source random);

  /// Calls `f(bucket)` with the key's one, which nobody else uses meanwhile.
  template <class F>
  auto with(std::string_view key, time_point now, const token_rate& rate, F f) {
    const auto tag = tag_of(key);
    auto& s = sets_[tag % sets_.size()];
    const std::lock_guard lock(s.mutex);
    return f(s.bucket_of(tag, now, rate));
  }

 private:
  static constexpr std::size_t ways = 8;

  struct entry {
    std::uint64_t tag = 0;  // 0: unused
    token_bucket bucket;
  };
  struct set {
    token_bucket& bucket_of(std::uint64_t tag, time_point now, const token_rate& rate);
    std::mutex mutex;
    std::array<entry, ways> entries;
  };

  std::uint64_t tag_of(std::string_view key) const noexcept;

  const keyed_hash hash_;
  std::vector<set> sets_;
};

}  // namespace kit::middleware::detail
