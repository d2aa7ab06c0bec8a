#include <algorithm>
#include <utility>

#include <kit/codec/detail/json_scan.hpp>
#include <kit/codec/detail/protobuf_reader.hpp>
#include <kit/detail/utf8.hpp>

namespace kit::protobuf::detail {
namespace {

constexpr std::uint32_t most_number = (std::uint32_t{1} << 29) - 1;

/// The end of the varint at `p`, which is of any value; null: it doesn't end within `end`.
const char* parse_varint(const char* p, const char* end, std::uint64_t& v) noexcept {
  v = 0;
  for (unsigned shift = 0; p != end && shift < 70; shift += 7) {
    const auto byte = static_cast<unsigned char>(*p++);
    v |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return p;
  }
  return nullptr;
}

}  // namespace

void failure::in_field(std::string_view name) {
  json::detail::prepend_name(path, name);
}
void failure::in_element(std::size_t index) {
  json::detail::prepend_index(path, index);
}
std::string failure::text() const {
  if (path.empty()) return what;
  return path.substr(path.front() == '.' ? 1 : 0) + ": " + what;
}

reader::reader(std::string_view bytes, const decode_options& options)
    : at_(bytes.data()),
      end_(bytes.data() + bytes.size()),
      depth_left_(json::detail::clamped_depth(options.max_depth)),
      options_(options),
      start_(bytes.data()) {
  if (bytes.size() > options.max_bytes) {
    fail("message is longer than " + std::to_string(options.max_bytes) + " bytes",
         start_ + options.max_bytes);
  }
}

bool reader::read_long_tag(std::uint32_t& tag) {
  const char* const start = at_;
  std::uint64_t v = 0;
  if (!read_long_varint(v, "tag")) return false;
  if (v >> 3 > most_number) return fail("field number out of range", start);
  if (v >> 3 == 0) return fail("field number 0", start);
  tag = static_cast<std::uint32_t>(v);
  return true;
}

bool reader::read_long_varint(std::uint64_t& v, std::string_view what) {
  const char* const end = parse_varint(at_, end_, v);
  if (!end && end_ - at_ < 10) return fail_truncated(what, at_);
  // The tenth byte holds the highest bit.
  if (!end || (end - at_ == 10 && end[-1] > 1)) {
    return fail(std::string(what) + " of more than 64 bits", at_);
  }
  at_ = end;
  return true;
}

bool reader::read_long_length(std::size_t& n) {
  const char* const start = at_;
  std::uint64_t length = 0;
  if (!read_long_varint(length, "length")) return false;
  if (length > left()) {
    return fail("length " + std::to_string(length) + " of a value, but " + std::to_string(left()) +
                    " bytes are left",
                start);
  }
  n = static_cast<std::size_t>(length);
  return true;
}

bool reader::read_text(std::string_view& v) {
  if (!read_bytes(v)) return false;
  const char* const bad = kit::detail::find_invalid_utf8(v);
  return !bad || fail("invalid UTF-8", bad);
}

std::size_t reader::count_run(std::string_view tag, std::size_t most) const noexcept {
  std::size_t n = 0;
  for (const char* p = at_;;) {
    std::uint64_t length = 0;
    p = parse_varint(p, end_, length);
    if (!p || length > static_cast<std::size_t>(end_ - p) || ++n >= most) return n;
    p += length;
    if (!std::string_view(p, static_cast<std::size_t>(end_ - p)).starts_with(tag)) return n;
    p += tag.size();
  }
}

std::size_t reader::count_packed(std::size_t size) const noexcept {
  std::uint64_t length = 0;
  const char* const p = parse_varint(at_, end_, length);
  return p && length <= static_cast<std::size_t>(end_ - p) ? length / size : 0;
}

bool reader::skip_unknown(std::uint32_t tag) {
  if (options_.refuse_unknown) {
    return fail("unknown field " + std::to_string(tag >> 3) + " of wire type " +
                std::to_string(tag & 7));
  }
  return skip_value(tag);
}

bool reader::skip_value(std::uint32_t tag) {
  std::uint64_t varint = 0;
  std::uint32_t four = 0;
  std::string_view bytes;
  switch (static_cast<wire>(tag & 7)) {
    case wire::varint:
      return read_varint(varint);
    case wire::fixed64:
      return read_fixed(varint);
    case wire::delimited:
      return read_bytes(bytes);
    case wire::group:
      return skip_group(tag >> 3);
    case wire::group_end:
      return fail("end of group " + std::to_string(tag >> 3) + ", which hasn't begun");
    case wire::fixed32:
      return read_fixed(four);
  }
  return fail("wire type " + std::to_string(tag & 7));
}

bool reader::skip_group(std::uint32_t number) {
  const char* const start = at_;
  const std::uint32_t end = make_tag(number, wire::group_end);
  if (depth_left_ == 0) return fail_depth();
  --depth_left_;
  for (std::uint32_t tag = 0;;) {
    if (at_end()) return fail_truncated("group", start);
    if (!read_tag(tag)) return false;
    if (tag == end) break;
    if (!skip_value(tag)) return false;
  }
  ++depth_left_;
  return true;
}

bool reader::fail(std::string what, const char* at) {
  failure_.what = std::move(what);
  failed_at_ = at;
  return false;
}
bool reader::fail_range(std::int64_t v, std::int64_t least, std::int64_t most, const char* at) {
  return fail(std::to_string(v) + " is out of the range of [" + std::to_string(least) + ", " +
                  std::to_string(most) + ']',
              at);
}
bool reader::fail_depth() {
  return fail("nested deeper than " +
              std::to_string(json::detail::clamped_depth(options_.max_depth)));
}
bool reader::fail_truncated(std::string_view what, const char* at) {
  return fail("truncated " + std::string(what), at);
}
bool reader::in_field(std::string_view name) {
  failure_.in_field(name);
  return false;
}
bool reader::in_element(std::size_t index) {
  failure_.in_element(index);
  return false;
}

error reader::take_error() const {
  return error(errc::invalid_argument,
               failure_.text() + " at byte " + std::to_string(failed_at_ - start_));
}

}  // namespace kit::protobuf::detail
