#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <doctest/doctest.h>
#include <zlib.h>

/// Content codings in tests, by the libraries' own functions for whole texts.
namespace test {

/// `bits`: 15 for zlib's frame, 31 for gzip's, -15 for none.
inline std::string deflated(std::string_view text, int bits) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

/// What the text is made of so far; `ended` tells whether it is complete.
inline std::string inflated(std::string_view text, int bits, bool* ended = nullptr) {
  z_stream z{};
  REQUIRE(inflateInit2(&z, bits) == Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  std::string out;
  int status = Z_OK;
  while (status == Z_OK) {
    char some[4096];
    z.next_out = reinterpret_cast<Bytef*>(some);
    z.avail_out = sizeof some;
    status = inflate(&z, Z_SYNC_FLUSH);
    out.append(some, sizeof some - z.avail_out);
  }
  CHECK((status == Z_STREAM_END || status == Z_BUF_ERROR));
  CHECK(z.avail_in == 0);
  if (ended) *ended = status == Z_STREAM_END;
  inflateEnd(&z);
  return out;
}

inline std::string brotli(std::string_view text) {
  std::size_t size = BrotliEncoderMaxCompressedSize(text.size()) + 64;
  std::string out(size, '\0');
  REQUIRE(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, text.size(),
                                reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                                reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_TRUE);
  out.resize(size);
  return out;
}

inline std::string unbrotli(std::string_view text, bool* ended = nullptr) {
  auto* const state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  const auto* in = reinterpret_cast<const std::uint8_t*>(text.data());
  std::size_t left = text.size(), none = 0;
  std::string out;
  auto status = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
  while (status == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
    status = BrotliDecoderDecompressStream(state, &left, &in, &none, nullptr, nullptr);
    std::size_t size = 0;
    const auto* made = BrotliDecoderTakeOutput(state, &size);
    out.append(reinterpret_cast<const char*>(made), size);
  }
  CHECK(status != BROTLI_DECODER_RESULT_ERROR);
  if (ended) *ended = status == BROTLI_DECODER_RESULT_SUCCESS;
  BrotliDecoderDestroyInstance(state);
  return out;
}

inline std::string packed(std::string_view coding, std::string_view text) {
  if (coding == "br") return brotli(text);
  return deflated(text, coding == "gzip" ? 31 : 15);
}
inline std::string unpacked(std::string_view coding, std::string_view text, bool* ended = nullptr) {
  if (coding == "br") return unbrotli(text, ended);
  return inflated(text, coding == "gzip" ? 31 : 15, ended);
}

}  // namespace test
