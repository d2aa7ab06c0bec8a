#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

/// What the fuzzers share. An input starts with a few bytes of choices; the rest is text.
namespace fuzz {

class input {
 public:
  input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  /// A number below `limit`; 0 when the input is used up.
  std::size_t below(std::size_t limit) {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte % limit;
  }
  std::string_view rest() const { return rest_; }
  /// What is before the next `separator`, which is dropped.
  std::string_view until(char separator) {
    const auto end = rest_.find(separator);
    const auto text = rest_.substr(0, end);
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
    return text;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// A copy in memory of just its size, so that the address sanitizer sees a read past its end.
class tight {
 public:
  explicit tight(std::string_view text) : size_(text.size()), text_(new char[text.size()]) {
    text.copy(text_.get(), size_);
  }
  std::string_view view() const { return {text_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> text_;
};

/// Cuts a text into pieces whose sizes are drawn from a seed.
class splitter {
 public:
  splitter(std::size_t text_size, std::size_t seed) : left_(text_size), state_(seed * 2 + 1) {}

  /// The size of the next piece; 0 at the end.
  std::size_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    const auto kind = state_ >> 60;
    const auto most = kind < 6 ? 1u : kind < 12 ? 8u : 300u;
    const auto size = 1 + (state_ >> 32) % most;
    const auto taken = size < left_ ? size : left_;
    left_ -= taken;
    return taken;
  }

 private:
  std::size_t left_;
  std::uint64_t state_;
};

}  // namespace fuzz

#define FUZZ_REQUIRE(condition)                                            \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                        \
    }                                                                      \
  } while (false)
