// The chunked coding: any bytes in any pieces decode alike and within the limits, and what was
// encoded decodes to itself.
#include <kit/http/syntax.hpp>
#include <transports/http/chunked.hpp>

#include "fuzz.hpp"

#include <string>
#include <utility>

namespace {

namespace http = kit::http;
using http::chunk_decoder;

struct outcome {
  chunk_decoder::state state = chunk_decoder::state::need_more;
  std::size_t consumed = 0;
  std::string content;
  http::headers trailers;
  http::protocol_error error;
};

http::chunk_limits choose_limits(fuzz::input& in) {
  http::chunk_limits l;
  if (in.below(2) == 0) return l;
  l.max_body_bytes = in.below(64);
  l.max_extension_bytes = in.below(32);
  l.max_trailer_bytes = in.below(64);
  l.max_trailer_count = in.below(4);
  return l;
}

template <class NextPiece>
outcome decode(std::string_view wire, const http::chunk_limits& limits, NextPiece next) {
  chunk_decoder decoder(limits);
  outcome o;
  std::string unread;
  for (std::size_t at = 0, size = 0; (size = next()) > 0; at += size) {
    unread += wire.substr(at, size);
    const fuzz::tight in(unread);
    const auto r = decoder.decode(in.view(), o.content);
    FUZZ_REQUIRE(r.consumed <= unread.size());
    unread.erase(0, r.consumed);
    o.consumed += r.consumed;
    o.state = r.state;
    FUZZ_REQUIRE(o.content.size() <= limits.max_body_bytes);
    if (o.state != chunk_decoder::state::need_more) break;
    FUZZ_REQUIRE(unread.size() <= limits.max_trailer_bytes + 2);
  }
  o.error = decoder.error();
  o.trailers = std::move(decoder.trailers());
  return o;
}

void check_same(const outcome& a, const outcome& b) {
  FUZZ_REQUIRE(a.state == b.state);
  FUZZ_REQUIRE(a.content == b.content);
  FUZZ_REQUIRE(a.error == b.error);
  if (a.state == chunk_decoder::state::failed) return;
  FUZZ_REQUIRE(a.consumed == b.consumed);
  FUZZ_REQUIRE(a.trailers == b.trailers);
}

void check_trailers(const outcome& o, const http::chunk_limits& limits) {
  FUZZ_REQUIRE(o.trailers.size() <= limits.max_trailer_count);
  for (const auto& [name, value, field] : o.trailers) {
    FUZZ_REQUIRE(http::is_token(name) && http::is_field_value(value));
    FUZZ_REQUIRE(!http::is_forbidden_trailer(field));
  }
}

void round_trip(std::string_view content, std::size_t seed) {
  std::string wire;
  fuzz::splitter pieces(content.size(), seed);
  for (std::size_t at = 0, size = 0; (size = pieces.next()) > 0; at += size)
    http::append_chunk(wire, content.substr(at, size));
  const http::headers trailers{{"X-One", "1"}, {"Host", "left-out"}, {"x-one", "two"}};
  http::append_last_chunk(wire, trailers);
  const auto end = wire.size();
  wire += "next";
  auto left = wire.size();
  const auto o = decode(wire, {}, [&] { return std::exchange(left, 0); });
  FUZZ_REQUIRE(o.state == chunk_decoder::state::complete);
  FUZZ_REQUIRE(o.consumed == end);
  FUZZ_REQUIRE(o.content == content);
  FUZZ_REQUIRE((o.trailers == http::headers{{"X-One", "1"}, {"x-one", "two"}}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  const auto limits = choose_limits(in);
  const auto seed = in.below(256);
  const auto wire = in.rest();
  auto left = wire.size();
  const auto whole = decode(wire, limits, [&] { return std::exchange(left, 0); });
  check_trailers(whole, limits);
  fuzz::splitter pieces(wire.size(), seed);
  check_same(whole, decode(wire, limits, [&] { return pieces.next(); }));
  left = wire.size();
  check_same(whole, decode(wire, limits, [&] { return left > 0 ? (--left, 1u) : 0u; }));
  round_trip(wire, seed);
  return 0;
}
