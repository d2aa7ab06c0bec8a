#include <kit/http/field.hpp>

#include <array>
#include <cstring>

namespace kit::http {
namespace {

constexpr std::array<std::string_view, field_count> names = {
    "",
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Accept-Patch",
    "Accept-Post",
    "Accept-Ranges",
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
    "Age",
    "Allow",
    "Alt-Svc",
    "Authorization",
    "B3",
    "Baggage",
    "Cache-Control",
    "Connection",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "Content-Security-Policy",
    "Content-Type",
    "Cookie",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Date",
    "DNT",
    "Early-Data",
    "ETag",
    "Expect",
    "Expires",
    "Forwarded",
    "From",
    "Grpc-Timeout",
    "Host",
    "Idempotency-Key",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Keep-Alive",
    "Last-Modified",
    "Link",
    "Location",
    "Max-Forwards",
    "Origin",
    "Pragma",
    "Prefer",
    "Priority",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Range",
    "Referer",
    "Referrer-Policy",
    "Retry-After",
    "Sec-Fetch-Dest",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "Sec-Fetch-User",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
    "Server",
    "Server-Timing",
    "Set-Cookie",
    "Strict-Transport-Security",
    "TE",
    "Traceparent",
    "Tracestate",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Upgrade-Insecure-Requests",
    "User-Agent",
    "Vary",
    "Via",
    "Warning",
    "WWW-Authenticate",
    "X-B3-Flags",
    "X-B3-ParentSpanId",
    "X-B3-Sampled",
    "X-B3-SpanId",
    "X-B3-TraceId",
    "X-Content-Type-Options",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Frame-Options",
    "X-Real-IP",
    "X-Request-Id",
    "X-Requested-With",
};

constexpr std::size_t max_name = 40;  // bytes, a multiple of 8
constexpr std::size_t slots = 512;

constexpr std::uint32_t lower_byte(char c) {
  return static_cast<unsigned char>(c) | 0x20u;
}

// Four characters and the length, spread by a multiplier that was searched for so that no two names
// share a slot; `make_slots` proves it at compile time. A new name may need a new multiplier.
constexpr std::uint32_t slot_of(const char* s, std::size_t size) {
  const std::uint32_t key = lower_byte(s[0]) | lower_byte(s[size / 2]) << 8 |
                            lower_byte(s[size - 2]) << 16 | lower_byte(s[size - 1]) << 24;
  const auto n = static_cast<std::uint32_t>(size);
  return ((key + n * 0x01010101u) ^ n) * 0x3af58685u >> 23;
}

constexpr std::array<std::uint8_t, slots> make_slots() {
  std::array<std::uint8_t, slots> table{};
  for (std::size_t i = 1; i < field_count; ++i) {
    auto& slot = table[slot_of(names[i].data(), names[i].size())];
    if (slot != 0 || names[i].size() > max_name) throw "two names in one slot, or a long name";
    slot = static_cast<std::uint8_t>(i);
  }
  return table;
}
constexpr auto slot_table = make_slots();

std::uint64_t load(const char* p, std::size_t bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, p, bytes);
  return word;
}

// Equal up to the case of letters. `known` holds only letters, digits and '-', of which exactly the
// letters have bit 0x40: those may differ in bit 0x20.
bool equal_word(std::uint64_t known, std::uint64_t given) noexcept {
  const std::uint64_t letters = known & 0x4040404040404040u;
  return ((known ^ given) & ~(letters >> 1)) == 0;
}

bool equal_name(std::string_view known, const char* given) noexcept {
  const char* k = known.data();
  const std::size_t size = known.size();
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 <= size; i += 8) {
      if (!equal_word(load(k + i, 8), load(given + i, 8))) return false;
    }
    return equal_word(load(k + size - 8, 8), load(given + size - 8, 8));
  }
  if (size >= 4) {
    return equal_word(load(k, 4), load(given, 4)) &&
           equal_word(load(k + size - 4, 4), load(given + size - 4, 4));
  }
  return equal_word(load(k, 2), load(given, 2)) &&
         equal_word(load(k + size - 2, 2), load(given + size - 2, 2));
}

}  // namespace

std::string_view name(field f) noexcept {
  const auto i = static_cast<std::size_t>(f);
  return i < field_count ? names[i] : std::string_view();
}

field find_field(std::string_view name) noexcept {
  if (name.size() < 2 || name.size() > max_name) return field::other;
  const std::size_t i = slot_table[slot_of(name.data(), name.size())];
  if (names[i].size() != name.size() || !equal_name(names[i], name.data())) return field::other;
  return static_cast<field>(i);
}

}  // namespace kit::http
