// Content codings: any bytes in any pieces unpack alike, and what was packed unpacks to itself.
#include <kit/error.hpp>
#include <transports/http/detail/coder.hpp>

#include "fuzz.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace {

using kit::http::coding;
namespace detail = kit::http::detail;

constexpr std::size_t most = 1 << 20;  // of what is unpacked

struct outcome {
  std::string plain;
  bool broken = false;
  bool complete = false;
};

template <class NextPiece>
outcome unpack(coding c, std::string_view packed, std::size_t room, NextPiece next) {
  outcome o;
  const auto decoder = detail::make_decoder(c);
  try {
    for (std::size_t size = 0; (size = next()) > 0 && o.plain.size() < most;) {
      const fuzz::tight piece(packed.substr(0, size));
      packed.remove_prefix(size);
      auto left = piece.view();
      for (std::size_t before = 0; o.plain.size() < most;) {
        before = o.plain.size();
        decoder->take(left, o.plain, room);
        FUZZ_REQUIRE(o.plain.size() - before <= room);
        if (o.plain.size() == before) break;
      }
      FUZZ_REQUIRE(left.empty() || o.plain.size() >= most);
    }
    o.complete = decoder->complete();
  } catch (const kit::error& e) {
    FUZZ_REQUIRE(e == kit::errc::invalid_argument);
    o.broken = true;
  }
  return o;
}

outcome unpack_whole(coding c, std::string_view packed) {
  auto left = packed.size();
  return unpack(c, packed, 65'536, [&] {
    const auto size = left;
    left = 0;
    return size;
  });
}
outcome unpack_in_pieces(coding c, std::string_view packed, std::size_t room, std::size_t seed) {
  fuzz::splitter pieces(packed.size(), seed);
  return unpack(c, packed, room, [&] { return pieces.next(); });
}

void round_trip(coding c, std::string_view plain, std::size_t room, std::size_t seed) {
  std::string packed;
  const auto encoder = detail::make_encoder(c, 1 + static_cast<int>(seed % 9), 0);
  fuzz::splitter pieces(plain.size(), seed);
  for (std::size_t at = 0, size = 0; (size = pieces.next()) > 0; at += size) {
    encoder->put(plain.substr(at, size), detail::encoder::then::flush, packed);
    if (seed % 8 == 0) FUZZ_REQUIRE(unpack_whole(c, packed).plain == plain.substr(0, at + size));
  }
  encoder->put({}, detail::encoder::then::finish, packed);
  const auto o = unpack_in_pieces(c, packed, room, seed);
  FUZZ_REQUIRE(o.complete);
  FUZZ_REQUIRE(o.plain == plain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  const auto c = static_cast<coding>(in.below(3));
  const auto seed = in.below(256), room = 1 + in.below(256) * 64;
  if (in.below(4) == 0) {
    round_trip(c, in.rest(), room, seed);
    return 0;
  }
  const auto whole = unpack_whole(c, in.rest());
  const auto pieces = unpack_in_pieces(c, in.rest(), room, seed);
  if (whole.plain.size() >= most || pieces.plain.size() >= most) return 0;
  FUZZ_REQUIRE(whole.broken == pieces.broken);
  FUZZ_REQUIRE(whole.complete == pieces.complete);
  if (!whole.broken) FUZZ_REQUIRE(whole.plain == pieces.plain);
  return 0;
}
