#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <kit/codec/detail/protobuf_wire.hpp>
#include <kit/codec/protobuf_options.hpp>
#include <kit/result.hpp>

namespace kit::protobuf::detail {

/// What messages are read from. Functions return false after a failure, which is passed on at once.
class reader {
 public:
  /// Refuses what is too long: `failed()`.
  reader(std::string_view bytes, const decode_options& options);
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;

  bool failed() const noexcept { return !failure_.what.empty(); }
  /// Of the current message.
  bool at_end() const noexcept { return at_ == end_; }
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  const char* position() const noexcept { return at_; }

  [[nodiscard]] bool read_tag(std::uint32_t& tag) {
    // Mostly numbers up to 15, of one byte.
    if (at_ != end_) {
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte >= 8 && byte < 0x80) {
        tag = byte;
        ++at_;
        return true;
      }
    }
    return read_long_tag(tag);
  }
  [[nodiscard]] bool read_varint(std::uint64_t& v) {
    if (at_ != end_ && static_cast<signed char>(*at_) >= 0) {
      v = static_cast<unsigned char>(*at_++);
      return true;
    }
    return read_long_varint(v, "varint");
  }
  template <std::unsigned_integral U>
  [[nodiscard]] bool read_fixed(U& v) {
    if (left() < sizeof v) return fail_truncated("fixed-width value", at_);
    std::memcpy(&v, at_, sizeof v);
    v = little_endian(v);
    at_ += sizeof v;
    return true;
  }
  /// The view is into the input.
  [[nodiscard]] bool read_bytes(std::string_view& v) {
    std::size_t n = 0;
    if (!read_length(n)) return false;
    v = {at_, n};
    at_ += n;
    return true;
  }
  /// The same, of valid UTF-8.
  [[nodiscard]] bool read_text(std::string_view& v);

  /// Reads what a length-delimited value consists of: `f() -> bool` is called until its end.
  template <class F>
  [[nodiscard]] bool read_packed(F f) {
    std::size_t n = 0;
    if (!read_length(n)) return false;
    const char* const outer = end_;
    end_ = at_ + n;
    while (at_ != end_) {
      if (!f()) return false;
    }
    end_ = outer;
    return true;
  }
  /// Reads a length-delimited message: `f() -> bool` reads until `at_end()`.
  template <class F>
  [[nodiscard]] bool read_message(F f) {
    std::size_t n = 0;
    if (depth_left_ == 0) return fail_depth();
    if (!read_length(n)) return false;
    const char* const outer = end_;
    end_ = at_ + n;
    --depth_left_;
    if (!f()) return false;
    ++depth_left_;
    end_ = outer;
    return true;
  }

  /// Passes over a field whose tag was read, or refuses it.
  [[nodiscard]] bool skip_unknown(std::uint32_t tag);

  /// Whether such a tag comes next; it is read then.
  template <std::uint32_t Tag>
  bool take_tag() noexcept {
    constexpr auto& bytes = tag_bytes<Tag>;
    if (left() < bytes.size() || std::memcmp(at_, bytes.data(), bytes.size()) != 0) return false;
    at_ += bytes.size();
    return true;
  }
  /// How many length-delimited fields of this tag follow each other, `most` at most; of the first
  /// one the tag was read. They may turn out to be malformed.
  std::size_t count_run(std::string_view tag, std::size_t most) const noexcept;

  /// How many values of that size the length-delimited value has that comes next.
  std::size_t count_packed(std::size_t size) const noexcept;

  /// Fails where the reader stands, or at `at`. Always false.
  bool fail(std::string what) { return fail(std::move(what), at_); }
  bool fail(std::string what, const char* at);
  bool fail_range(std::int64_t v, std::int64_t least, std::int64_t most, const char* at);
  /// Adds to the path of the failure. Always false.
  bool in_field(std::string_view name);
  bool in_element(std::size_t index);

  error take_error() const;

 private:
  bool read_length(std::size_t& n) {
    if (left() > 1 && static_cast<signed char>(*at_) >= 0) {
      n = static_cast<unsigned char>(*at_);
      if (n < left()) {
        ++at_;
        return true;
      }
    }
    return read_long_length(n);
  }
  bool read_long_tag(std::uint32_t& tag);
  bool read_long_varint(std::uint64_t& v, std::string_view what);
  bool read_long_length(std::size_t& n);
  bool skip_value(std::uint32_t tag);
  bool skip_group(std::uint32_t number);
  bool fail_depth();
  bool fail_truncated(std::string_view what, const char* at);

  const char* at_;
  const char* end_;  // of the current message
  int depth_left_;
  const decode_options& options_;
  const char* const start_;
  const char* failed_at_ = nullptr;
  failure failure_;
};

}  // namespace kit::protobuf::detail
