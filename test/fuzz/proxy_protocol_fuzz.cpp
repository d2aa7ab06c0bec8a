// The PROXY protocol: any bytes in any pieces are understood alike, and the addresses say what the
// header says.
#include <transports/http/proxy_protocol.hpp>

#include "fuzz.hpp"

#include <string>
#include <utility>

namespace {

namespace http = kit::http;
using http::proxy_parser;
using state = http::proxy_parser::state;

struct outcome {
  proxy_parser::state state = state::need_more;
  std::size_t consumed = 0;
  http::proxy_header header;
};

template <class NextPiece>
outcome parse(std::string_view wire, const http::proxy_protocol_options& options, NextPiece next) {
  proxy_parser parser(options);
  outcome o;
  for (std::size_t at = 0, size = 0; (size = next()) > 0 && o.state == state::need_more;) {
    at += size;
    const fuzz::tight in(wire.substr(0, at));
    const auto r = parser.parse(in.view());
    o.state = r.state;
    o.consumed = r.consumed;
    FUZZ_REQUIRE(r.consumed <= at && (r.consumed > 0) == (r.state == state::complete));
    FUZZ_REQUIRE(parser.error().empty() == (r.state != state::failed));
    // Never more is asked for than a header may have.
    if (r.state == state::need_more)
      FUZZ_REQUIRE(at < std::max<std::size_t>(107, options.max_v2_bytes));
  }
  o.header = std::move(parser.header());
  return o;
}

void check_same(const outcome& a, const outcome& b) {
  FUZZ_REQUIRE(a.state == b.state && a.consumed == b.consumed && a.header == b.header);
}

void append_v1(std::string& out, const std::string& address) {
  const auto colon = address.rfind(':');
  const auto host = address.substr(0, colon);
  out += host.front() == '[' ? host.substr(1, host.size() - 2) : host;
}
std::string port_of(const std::string& address) {
  return address.substr(address.rfind(':') + 1);
}

// The addresses, written as a line of version 1, are read back.
void round_trip(const outcome& o) {
  const auto& h = o.header;
  FUZZ_REQUIRE(h.source.empty() == h.destination.empty());
  FUZZ_REQUIRE(!h.local || h == (http::proxy_header{.version = 2, .local = true}));
  FUZZ_REQUIRE(h.unique_id.size() <= 128);
  if (h.source.empty()) return;
  std::string line = h.source.front() == '[' ? "PROXY TCP6 " : "PROXY TCP4 ";
  append_v1(line, h.source);
  line += ' ';
  append_v1(line, h.destination);
  line += ' ' + port_of(h.source) + ' ' + port_of(h.destination) + "\r\n";
  FUZZ_REQUIRE(line.size() <= 107);
  auto left = line.size();
  const auto again = parse(line, {}, [&] { return std::exchange(left, 0); });
  FUZZ_REQUIRE(again.state == state::complete && again.consumed == line.size());
  FUZZ_REQUIRE(again.header.source == h.source && again.header.destination == h.destination);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  http::proxy_protocol_options options;
  if (in.below(2) == 1) {
    options.accept_v1 = in.below(2) == 1;
    options.accept_v2 = in.below(2) == 1;
    options.max_v2_bytes = 16 + in.below(100);
  }
  const auto seed = in.below(256);
  std::string wire(in.rest());
  // The signature is long to find.
  if (in.below(2) == 1) wire.insert(0, std::string_view("\r\n\r\n\0\r\nQUIT\n", 12));
  auto left = wire.size();
  const auto whole = parse(wire, options, [&] { return std::exchange(left, 0); });
  fuzz::splitter pieces(wire.size(), seed);
  check_same(whole, parse(wire, options, [&] { return pieces.next(); }));
  left = wire.size();
  check_same(whole, parse(wire, options, [&] { return left > 0 ? (--left, 1u) : 0u; }));
  if (whole.state == state::complete) round_trip(whole);
  return 0;
}
