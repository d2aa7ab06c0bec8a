#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace kit::log::detail {

/// Records of bytes in a ring of fixed size, each with a header of its own. Memory is allocated
/// once. Threads: one.
template <class Header>
  requires std::is_trivially_copyable_v<Header>
class byte_ring {
 public:
  explicit byte_ring(std::size_t capacity)
      : bytes_(std::make_unique_for_overwrite<char[]>(capacity)), capacity_(capacity) {}

  bool empty() const noexcept { return used_ == 0; }
  std::size_t used() const noexcept { return used_; }
  std::size_t capacity() const noexcept { return capacity_; }

  static constexpr std::size_t size_of(std::string_view text) noexcept {
    return sizeof(prefix) + text.size();
  }
  bool has_room(std::string_view text) const noexcept { return size_of(text) <= capacity_ - used_; }

  /// There must be room.
  void push(const Header& header, std::string_view text) noexcept {
    const prefix p{text.size(), header};
    put(reinterpret_cast<const char*>(&p), sizeof p);
    put(text.data(), text.size());
  }
  /// Drops the oldest; there must be one.
  void drop() noexcept { skip(sizeof(prefix) + front().size); }
  /// Takes the oldest, its text into `text`; there must be one. It is dropped, too, where `text`
  /// finds no memory.
  Header pop(std::string& text) {
    const prefix p = front();
    const dropper at_end(*this);
    text.resize(p.size);
    copy(sizeof p, text.data(), p.size);
    return p.header;
  }

 private:
  struct prefix {
    std::size_t size = 0;
    Header header = {};
  };
  struct dropper {
    explicit dropper(byte_ring& r) : ring(r) {}
    dropper(const dropper&) = delete;
    dropper& operator=(const dropper&) = delete;
    ~dropper() { ring.drop(); }
    byte_ring& ring;
  };

  prefix front() const noexcept {
    prefix p;
    copy(0, reinterpret_cast<char*>(&p), sizeof p);
    return p;
  }
  void put(const char* from, std::size_t n) noexcept {
    std::size_t at = first_ + used_;
    if (at >= capacity_) at -= capacity_;
    const auto straight = std::min(n, capacity_ - at);
    if (straight > 0) std::memcpy(bytes_.get() + at, from, straight);
    if (straight < n) std::memcpy(bytes_.get(), from + straight, n - straight);
    used_ += n;
  }
  void copy(std::size_t offset, char* to, std::size_t n) const noexcept {
    std::size_t at = first_ + offset;
    if (at >= capacity_) at -= capacity_;
    const auto straight = std::min(n, capacity_ - at);
    if (straight > 0) std::memcpy(to, bytes_.get() + at, straight);
    if (straight < n) std::memcpy(to + straight, bytes_.get(), n - straight);
  }
  void skip(std::size_t n) noexcept {
    first_ += n;
    if (first_ >= capacity_) first_ -= capacity_;
    used_ -= n;
    if (used_ == 0) first_ = 0;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_;
  std::size_t first_ = 0;
  std::size_t used_ = 0;
};

}  // namespace kit::log::detail
