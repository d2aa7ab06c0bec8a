#include <middleware/detail/keyed_hash.hpp>

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

std::uint64_t keyed_hash::operator()(std::string_view text) const noexcept {
  std::uint64_t hash = seeds_[0] ^ text.size();
  while (!text.empty()) {
    std::uint64_t word = 0;
    const auto size = std::min(text.size(), sizeof(word));
    std::memcpy(&word, text.data(), size);
    text.remove_prefix(size);
    hash = folded(hash ^ word, seeds_[1] ^ hash);
  }
  return folded(hash, seeds_[1]);
}

std::size_t process_hash::operator()(std::string_view text) const noexcept {
  static const keyed_hash hash(random_source::from_entropy());
  return static_cast<std::size_t>(hash(text));
}

}  // namespace kit::middleware::detail
