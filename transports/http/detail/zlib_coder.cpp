#include <transports/http/detail/zlib_coder.hpp>

#include <algorithm>
#include <limits>

#include <zlib.h>

#include <kit/error.hpp>

namespace kit::http::detail {
namespace {

constexpr int window = 15;       // 32 KiB
constexpr int gzip_format = 16;  // added to the window
constexpr int default_memory = 8;

Bytef* to_bytes(char* text) noexcept {
  return reinterpret_cast<Bytef*>(text);
}
// zlib does not write through it.
Bytef* to_bytes(const char* text) noexcept {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text));
}
uInt clamp(std::size_t size) noexcept {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

[[noreturn]] void no_memory() {
  throw error(errc::resource_exhausted, "no memory to compress with");
}

class zlib_encoder final : public encoder {
 public:
  zlib_encoder(bool gzip, int level) {
    const int bits = gzip ? window + gzip_format : window;
    if (deflateInit2(&z_, level, Z_DEFLATED, bits, default_memory, Z_DEFAULT_STRATEGY) != Z_OK) {
      no_memory();
    }
  }
  zlib_encoder(const zlib_encoder&) = delete;
  ~zlib_encoder() override { deflateEnd(&z_); }

  void put(std::string_view plain, then next, std::string& out) override {
    do {
      z_.next_in = to_bytes(plain.data());
      z_.avail_in = clamp(plain.size());
      plain.remove_prefix(z_.avail_in);
      const int last = next == then::finish ? Z_FINISH : Z_SYNC_FLUSH;
      run(plain.empty() ? last : Z_NO_FLUSH, out);
    } while (!plain.empty());
  }

 private:
  void run(int flush, std::string& out) {
    do {
      const auto used = out.size();
      out.resize(used + std::max<std::size_t>(64, deflateBound(&z_, z_.avail_in)));
      z_.next_out = to_bytes(out.data() + used);
      z_.avail_out = clamp(out.size() - used);
      const auto room = z_.avail_out;
      if (deflate(&z_, flush) == Z_STREAM_ERROR) no_memory();
      out.resize(used + room - z_.avail_out);
    } while (z_.avail_out == 0);  // else all was taken and written
  }

  z_stream z_{};
};

class zlib_decoder final : public decoder {
 public:
  explicit zlib_decoder(bool gzip) : gzip_(gzip) {
    if (gzip) start(window + gzip_format);
  }
  zlib_decoder(const zlib_decoder&) = delete;
  ~zlib_decoder() override {
    if (started_) inflateEnd(&z_);
  }

  void take(std::string_view& packed, std::string& out, std::size_t room) override {
    if (!started_ && !look_at_start(packed)) return;
    if (!held_.empty()) {
      std::string_view first = held_;
      run(first, out, room);
      held_.erase(0, held_.size() - first.size());
      if (!held_.empty()) return;
    }
    // Also without input: there may be output left.
    run(packed, out, room);
  }
  bool complete() const noexcept override { return ended_ && held_.empty(); }

 private:
  void start(int bits) {
    if (inflateInit2(&z_, bits) != Z_OK) no_memory();
    started_ = true;
  }

  // Deflate is said to be in zlib's frame, whose first two bytes tell (RFC 1950 2.2), and sent
  // without it by some. False: they aren't both there.
  bool look_at_start(std::string_view& packed) {
    while (held_.size() < 2 && !packed.empty()) {
      held_ += packed.front();
      packed.remove_prefix(1);
    }
    if (held_.size() < 2) return false;
    const auto first = static_cast<unsigned char>(held_[0]);
    const auto second = static_cast<unsigned char>(held_[1]);
    const bool framed = (first & 0x0f) == Z_DEFLATED && (first * 256 + second) % 31 == 0;
    start(framed ? window : -window);
    return true;
  }

  void run(std::string_view& packed, std::string& out, std::size_t& room) {
    while (room > 0) {
      if (ended_) {
        if (packed.empty()) return;
        next_member();
      }
      const auto used = out.size();
      const auto step = std::min<std::size_t>(room, 16 * 1024);
      out.resize(used + step);
      z_.next_in = to_bytes(packed.data());
      z_.avail_in = clamp(packed.size());
      const auto given = z_.avail_in;
      z_.next_out = to_bytes(out.data() + used);
      z_.avail_out = clamp(step);
      const int status = inflate(&z_, Z_NO_FLUSH);
      packed.remove_prefix(given - z_.avail_in);
      const auto made = step - z_.avail_out;
      out.resize(used + made);
      room -= made;
      ended_ = status == Z_STREAM_END;
      if (status == Z_MEM_ERROR) no_memory();
      if (status != Z_OK && status != Z_BUF_ERROR && !ended_) broken();
      if (!ended_ && z_.avail_out > 0 && packed.empty()) return;  // it wants more
    }
  }

  // RFC 1952 2.2: members follow each other.
  void next_member() {
    if (!gzip_) broken();
    inflateReset(&z_);
    ended_ = false;
  }

  [[noreturn]] static void broken() {
    throw error(errc::invalid_argument, "content is not what its Content-Encoding says");
  }

  z_stream z_{};
  const bool gzip_;
  bool started_ = false;
  bool ended_ = false;
  std::string held_;  // the start, until it was looked at
};

}  // namespace

std::unique_ptr<encoder> make_zlib_encoder(bool gzip, int level) {
  return std::make_unique<zlib_encoder>(gzip, level);
}
std::unique_ptr<decoder> make_zlib_decoder(bool gzip) {
  return std::make_unique<zlib_decoder>(gzip);
}

}  // namespace kit::http::detail
