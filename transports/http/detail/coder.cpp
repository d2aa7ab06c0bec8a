#include <transports/http/detail/coder.hpp>

#include <algorithm>
#include <bit>
#include <new>

#include <brotli/decode.h>
#include <brotli/encode.h>

#include <kit/error.hpp>
#include <transports/http/detail/zlib_coder.hpp>

namespace kit::http::detail {
namespace {

// Bits of the window: what a stream holds in memory, and what pays for whole content.
constexpr int stream_window = 18;
constexpr int largest_window = 22;

const std::uint8_t* to_bytes(const char* text) noexcept {
  return reinterpret_cast<const std::uint8_t*>(text);
}
const char* to_text(const std::uint8_t* bytes) noexcept {
  return reinterpret_cast<const char*>(bytes);
}

class brotli_encoder final : public encoder {
 public:
  brotli_encoder(int quality, std::size_t whole)
      : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (!state_) throw std::bad_alloc();
    set(BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(quality));
    const int bits = whole > 0 ? static_cast<int>(std::bit_width(whole)) : stream_window;
    set(BROTLI_PARAM_LGWIN,
        static_cast<std::uint32_t>(std::clamp(bits, BROTLI_MIN_WINDOW_BITS, largest_window)));
    if (whole > 0 && whole < UINT32_MAX) {
      set(BROTLI_PARAM_SIZE_HINT, static_cast<std::uint32_t>(whole));
    }
  }
  brotli_encoder(const brotli_encoder&) = delete;
  ~brotli_encoder() override { BrotliEncoderDestroyInstance(state_); }

  void put(std::string_view plain, then next, std::string& out) override {
    const auto* in = to_bytes(plain.data());
    std::size_t left = plain.size();
    const auto operation = next == then::finish ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH;
    do {
      std::size_t none = 0;
      if (BrotliEncoderCompressStream(state_, operation, &left, &in, &none, nullptr, nullptr) ==
          BROTLI_FALSE) {
        throw error(errc::resource_exhausted, "no memory to compress with");
      }
      std::size_t size = 0;
      const auto* made = BrotliEncoderTakeOutput(state_, &size);
      out.append(to_text(made), size);
    } while (left > 0 || BrotliEncoderHasMoreOutput(state_) == BROTLI_TRUE);
  }

 private:
  void set(BrotliEncoderParameter what, std::uint32_t value) {
    BrotliEncoderSetParameter(state_, what, value);
  }

  BrotliEncoderState* state_;
};

class brotli_decoder final : public decoder {
 public:
  brotli_decoder() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (!state_) throw std::bad_alloc();
  }
  brotli_decoder(const brotli_decoder&) = delete;
  ~brotli_decoder() override { BrotliDecoderDestroyInstance(state_); }

  void take(std::string_view& packed, std::string& out, std::size_t room) override {
    for (;;) {
      while (room > 0 && BrotliDecoderHasMoreOutput(state_) == BROTLI_TRUE) {
        std::size_t size = room;
        const auto* made = BrotliDecoderTakeOutput(state_, &size);
        out.append(to_text(made), size);
        room -= size;
      }
      if (room == 0 || (packed.empty() && !more_)) return;
      if (complete()) {
        if (packed.empty()) return;
        broken();  // something follows the end
      }
      const auto* in = to_bytes(packed.data());
      std::size_t left = packed.size(), none = 0;
      const auto status =
          BrotliDecoderDecompressStream(state_, &left, &in, &none, nullptr, nullptr);
      packed.remove_prefix(packed.size() - left);
      if (status == BROTLI_DECODER_RESULT_ERROR) broken();
      more_ = status == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
    }
  }
  bool complete() const noexcept override { return BrotliDecoderIsFinished(state_) == BROTLI_TRUE; }

 private:
  [[noreturn]] static void broken() {
    throw error(errc::invalid_argument, "content is not what its Content-Encoding says");
  }

  BrotliDecoderState* state_;
  bool more_ = false;  // to come without input
};

}  // namespace

std::string_view name(coding c) noexcept {
  switch (c) {
    case coding::br:
      return "br";
    case coding::gzip:
      return "gzip";
    case coding::deflate:
      break;
  }
  return "deflate";
}

std::unique_ptr<encoder> make_encoder(coding c, int level, std::size_t whole) {
  if (c == coding::br) return std::make_unique<brotli_encoder>(level, whole);
  return make_zlib_encoder(c == coding::gzip, level);
}

std::unique_ptr<decoder> make_decoder(coding c) {
  if (c == coding::br) return std::make_unique<brotli_decoder>();
  return make_zlib_decoder(c == coding::gzip);
}

}  // namespace kit::http::detail
