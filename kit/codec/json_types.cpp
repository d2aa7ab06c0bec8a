#include <algorithm>
#include <string>
#include <utility>

#include <kit/codec/base64.hpp>
#include <kit/codec/detail/json_containers.hpp>
#include <kit/codec/detail/json_scalars.hpp>
#include <kit/codec/detail/json_scan.hpp>
#include <kit/codec/detail/json_time.hpp>
#include <kit/codec/detail/time_text.hpp>

// What the codecs of types do that doesn't depend on the type.

namespace kit::json::detail {
namespace {

bool fail_text(reader& r, const char* what, std::string_view got) {
  return r.fail(std::string("expected ") + what + ", got " + quoted(got));
}

/// `"red", "green" or "blue"`, the first few.
std::string list_of(const std::string_view* names, std::size_t count) {
  constexpr std::size_t most = 8;
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += i + 1 == count ? " or " : ", ";
    if (i == most) return out + "...";
    out += quoted(names[i]);
  }
  return out.empty() ? "nothing" : out;
}

}  // namespace

std::size_t read_name(reader& r, const std::string_view* names, std::size_t count) {
  std::string_view text;
  if (!r.read_text(text)) return count;
  const auto i = static_cast<std::size_t>(std::find(names, names + count, text) - names);
  if (i == count) fail_text(r, list_of(names, count).c_str(), text);
  return i;
}

bool fail_nameless(writer& w, std::string_view type, long long value) {
  return w.fail(std::string(type) + ' ' + std::to_string(value) + " has no name");
}

bool read_bytes(reader& r, std::vector<std::byte>& v) {
  std::string_view text;
  if (!r.read_text(text)) return false;
  auto bytes = base64::decode(text);
  if (!bytes) return fail_text(r, "base64", text);
  v = std::move(*bytes);
  return true;
}

bool read_bytes(reader& r, std::span<std::byte> v) {
  std::vector<std::byte> bytes;
  if (!read_bytes(r, bytes)) return false;
  if (bytes.size() != v.size()) {
    return r.fail("expected " + std::to_string(v.size()) + " bytes, got " +
                  std::to_string(bytes.size()));
  }
  std::copy(bytes.begin(), bytes.end(), v.begin());
  return true;
}

bool write_bytes(writer& w, std::span<const std::byte> v) {
  return w.write(std::string_view(base64::encode(v)));
}

bool fail_count(reader& r, std::size_t n, std::size_t got) {
  return r.fail("expected " + std::to_string(n) + (n == 1 ? " element, got " : " elements, got ") +
                (got > n ? "more" : std::to_string(got)));
}

bool read_tuple(reader& r, const decode_function* functions, void* const* elements, std::size_t n) {
  std::size_t i = 0;
  const auto read_element = [&] {
    if (i == n) return fail_count(r, n, n + 1);
    const std::size_t current = i++;
    return functions[current](r, elements[current]);
  };
  return r.read_array(read_element) && (i == n || fail_count(r, n, i));
}

bool write_tuple(writer& w, const encode_function* functions, const void* const* elements,
                 std::size_t n) {
  return w.write_array([&] {
    for (std::size_t i = 0; i < n; ++i) {
      if (!writer_access::write_element(w, functions[i], elements[i])) return false;
    }
    return true;
  });
}

bool read_duration(reader& r, time_parts& d) {
  std::string_view text;
  if (!r.read_text(text)) return false;
  const time_status status = codec_detail::parse_duration(text, d);
  if (status == time_status::malformed) return fail_text(r, "duration such as 1.5s", text);
  return status == time_status::ok || fail_time(r, status);
}

bool read_time(reader& r, time_parts& t) {
  std::string_view text;
  if (!r.read_text(text)) return false;
  const time_status status = codec_detail::parse_time(text, t);
  if (status == time_status::malformed) return fail_text(r, "RFC 3339 time", text);
  return status == time_status::ok || fail_time(r, status);
}

bool fail_time(reader& r, time_status status) {
  return r.fail(status == time_status::too_fine ? "finer than what the type can hold"
                                                : "out of the range of the type");
}

bool write_duration(writer& w, time_parts d, bool in_range) {
  if (!in_range) return w.fail("the duration is not finite or too long");
  char text[codec_detail::time_room];
  const char* const end = codec_detail::format_duration(text, d);
  return w.write(std::string_view(text, static_cast<std::size_t>(end - text)));
}

bool write_time(writer& w, time_parts t, bool in_range) {
  if (!in_range || !codec_detail::is_writable_time(t)) {
    return w.fail("the time is outside the years 0 to 9999");
  }
  char text[codec_detail::time_room];
  const char* const end = codec_detail::format_time(text, t);
  return w.write(std::string_view(text, static_cast<std::size_t>(end - text)));
}

}  // namespace kit::json::detail
