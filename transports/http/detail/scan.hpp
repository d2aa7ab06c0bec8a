#pragma once

#include <bit>

#include <kit/http/syntax.hpp>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Searches that the parsers spend their time in: 16 bytes at a step where SSE2 is there. Inline,
/// as they are called for a few bytes at a time.
namespace kit::http::scan {

/// The same byte by byte, for other processors; the tests compare the two.
namespace portable {

inline const char* find_control(const char* p, const char* end) noexcept {
  while (p != end && is_value_char(*p))
    ++p;
  return p;
}
inline const char* find_not_token(const char* p, const char* end) noexcept {
  while (p != end && is_token_char(*p))
    ++p;
  return p;
}
inline const char* find_not_target(const char* p, const char* end) noexcept {
  while (p != end && is_target_char(*p))
    ++p;
  return p;
}

}  // namespace portable

#if defined(__SSE2__)

namespace detail {

inline __m128i load(const char* p) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
inline __m128i equal(__m128i bytes, char c) noexcept {
  return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));
}
// Bytes compare as signed numbers, so that those above 0x7f are below any other.
inline __m128i between(__m128i bytes, char first, char last) noexcept {
  return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(static_cast<char>(first - 1))),
                       _mm_cmpgt_epi8(_mm_set1_epi8(static_cast<char>(last + 1)), bytes));
}
inline unsigned bits(__m128i mask) noexcept {
  return static_cast<unsigned>(_mm_movemask_epi8(mask));
}

// Steps over blocks of which `suspects` marks no byte, and over marked bytes that `allowed` allows.
template <class Suspects, class Allowed>
inline const char* search(const char* p, const char* end, Suspects suspects,
                          Allowed allowed) noexcept {
  while (end - p >= 16) {
    const unsigned found = suspects(load(p));
    if (found == 0) {
      p += 16;
      continue;
    }
    p += std::countr_zero(found);
    if (!allowed(*p)) return p;
    ++p;
  }
  while (p != end && allowed(*p))
    ++p;
  return p;
}

}  // namespace detail

/// The first byte in [p, end) that no field value may hold: a control character other than HTAB.
/// `end` when there is none.
inline const char* find_control(const char* p, const char* end) noexcept {
  const auto suspects = [](__m128i v) {
    // At most 0x1f as unsigned bytes, or DEL; tabs are sorted out by `is_value_char`.
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    return detail::bits(_mm_or_si128(low, detail::equal(v, 0x7f)));
  };
  return detail::search(p, end, suspects, is_value_char);
}

/// The first byte that is no `tchar`.
inline const char* find_not_token(const char* p, const char* end) noexcept {
  const auto suspects = [](__m128i v) {
    const __m128i letter = detail::between(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 'z');
    const __m128i other = _mm_or_si128(detail::between(v, '0', '9'), detail::equal(v, '-'));
    return ~detail::bits(_mm_or_si128(letter, other)) & 0xffffu;
  };
  return detail::search(p, end, suspects, is_token_char);
}

/// The first byte that no request target may hold, see `is_target_char`.
inline const char* find_not_target(const char* p, const char* end) noexcept {
  const auto suspects = [](__m128i v) {
    const __m128i quote = _mm_or_si128(detail::equal(v, '"'), detail::equal(v, '#'));
    const __m128i angle = _mm_or_si128(detail::equal(v, '<'), detail::equal(v, '>'));
    const __m128i refused = _mm_or_si128(_mm_or_si128(quote, angle), detail::equal(v, '\\'));
    return detail::bits(refused) | (~detail::bits(detail::between(v, 0x21, 0x7e)) & 0xffffu);
  };
  return detail::search(p, end, suspects, is_target_char);
}

#else

using portable::find_control;
using portable::find_not_target;
using portable::find_not_token;

#endif

}  // namespace kit::http::scan
