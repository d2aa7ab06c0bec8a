#include <algorithm>
#include <utility>

#include <kit/codec/detail/json_scan.hpp>
#include <kit/codec/detail/protobuf_writer.hpp>
#include <kit/detail/utf8.hpp>

namespace kit::protobuf::detail {
namespace {

/// What protobuf's implementations take, in bytes.
constexpr std::size_t longest_message = 0x7fffffff;

/// As small as this, in bytes, a buffer isn't worth the copies.
constexpr std::size_t smallest_growth = 4096;

}  // namespace

writer::writer(std::string& out, const encode_options& options) noexcept
    : begin_(buffer_),
      at_(buffer_ + sizeof buffer_),
      end_(at_),
      depth_left_(json::detail::clamped_depth(options.max_depth)),
      options_(options),
      out_(out),
      start_(out.size()) {}

writer::~writer() {
  if (!done_) out_.resize(start_);
}

void writer::grow(std::size_t n) {
  const std::size_t written = size();
  const bool in_buffer = begin_ == buffer_;
  const std::size_t old_room = static_cast<std::size_t>(end_ - begin_);
  const std::size_t new_room = std::max({2 * old_room, written + n, smallest_growth});
  out_.resize(start_ + new_room);
  char* const start = out_.data() + start_;
  const char* const from = in_buffer ? at_ : start + (old_room - written);
  begin_ = start;
  end_ = start + new_room;
  at_ = end_ - written;
  std::memmove(at_, from, written);
}

bool writer::put_text(std::string_view v) {
  if (const char* const bad = kit::detail::find_invalid_utf8(v)) {
    return fail("invalid UTF-8 at byte " + std::to_string(bad - v.data()) + " of the string");
  }
  put_bytes(v.data(), v.size());
  put_varint(v.size());
  return true;
}

bool writer::fail(std::string what) {
  failure_.what = std::move(what);
  return false;
}
bool writer::fail_depth() {
  return fail("nested deeper than " +
              std::to_string(json::detail::clamped_depth(options_.max_depth)));
}
bool writer::in_field(std::string_view name) {
  failure_.in_field(name);
  return false;
}
bool writer::in_element(std::size_t index) {
  failure_.in_element(index);
  return false;
}

result<void> writer::finish(bool ok) {
  if (!ok) return kit::fail(errc::internal, failure_.text());
  const std::size_t written = size();
  if (written > longest_message) {
    return kit::fail(errc::internal,
                     "message of " + std::to_string(written) + " bytes, but 2 GiB are the most");
  }
  if (begin_ == buffer_) {
    out_.append(at_, written);
  } else {
    std::memmove(begin_, at_, written);
    out_.resize(start_ + written);
  }
  done_ = true;
  return {};
}

}  // namespace kit::protobuf::detail
