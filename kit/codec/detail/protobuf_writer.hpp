#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <kit/codec/detail/protobuf_wire.hpp>
#include <kit/codec/protobuf_options.hpp>
#include <kit/result.hpp>

namespace kit::protobuf::detail {

/// What messages are written to, from their end to their start: so a message's length is known when
/// it is to be written, without a look at the message before. Functions return false after a
/// failure, which is passed on at once.
class writer {
 public:
  /// Appends to `out`, once all is well.
  writer(std::string& out, const encode_options& options) noexcept;
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;
  ~writer();

  /// Of what was written so far, in bytes.
  std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  void put_varint(std::uint64_t v) {
    char* const end = room(longest_varint);
    if (v < 0x80) {
      *--at_ = static_cast<char>(v);
    } else {
      at_ = end - varint_size(v);
      write_varint(at_, v);
    }
  }
  template <std::unsigned_integral U>
  void put_fixed(U v) {
    v = little_endian(v);
    std::memcpy(at_ = room(sizeof v) - sizeof v, &v, sizeof v);
  }
  void put_bytes(const void* bytes, std::size_t n) {
    at_ = room(n) - n;
    if (n != 0) std::memcpy(at_, bytes, n);
  }
  template <std::uint32_t Tag>
  void put_tag() {
    put_bytes(tag_bytes<Tag>.data(), tag_bytes<Tag>.size());
  }
  /// With its length in front; fails where it isn't valid UTF-8.
  [[nodiscard]] bool put_text(std::string_view v);
  void put_delimited(std::span<const std::byte> v) {
    put_bytes(v.data(), v.size());
    put_varint(v.size());
  }

  /// Writes a message: `f() -> bool` writes what it consists of. The length isn't written.
  template <class F>
  [[nodiscard]] bool write_message(F f) {
    if (depth_left_ < 0) return fail_depth();
    --depth_left_;
    if (!f()) return false;
    ++depth_left_;
    return true;
  }

  bool fail(std::string what);
  /// Adds to the path of the failure. Always false.
  bool in_field(std::string_view name);
  bool in_element(std::size_t index);

  /// Ends the writing; `ok`: there was no failure.
  result<void> finish(bool ok);

 private:
  static constexpr std::size_t longest_varint = 10;

  /// Makes sure of `n` bytes before what was written, and returns its start.
  char* room(std::size_t n) {
    if (static_cast<std::size_t>(at_ - begin_) < n) grow(n);
    return at_;
  }
  void grow(std::size_t n);
  bool fail_depth();

  char* begin_;
  char* at_;
  char* end_;
  int depth_left_;
  bool done_ = false;
  const encode_options& options_;
  std::string& out_;
  const std::size_t start_;  // what was in the string before
  failure failure_;
  // Small messages are put together here, so that a string is made in the right size.
  char buffer_[1024];
};

}  // namespace kit::protobuf::detail
