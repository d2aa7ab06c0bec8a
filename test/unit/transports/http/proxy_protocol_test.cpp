#include <transports/http/proxy_protocol.hpp>

#include <string>
#include <utility>

#include <doctest/doctest.h>

namespace http = kit::http;
using http::proxy_header;
using http::proxy_parser;
using state = http::proxy_parser::state;

namespace {

struct outcome {
  proxy_parser::state state = state::need_more;
  std::size_t consumed = 0;
  proxy_header header;
  std::string error;
  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome feed(std::string_view bytes, std::size_t step, http::proxy_protocol_options options = {}) {
  proxy_parser parser(options);
  outcome o;
  for (std::size_t n = 0; o.state == state::need_more && n < bytes.size();) {
    n = std::min(n + step, bytes.size());
    const std::string in(bytes.substr(0, n));
    const auto r = parser.parse(in);
    o.state = r.state;
    o.consumed = r.consumed;
  }
  o.header = std::move(parser.header());
  o.error = parser.error();
  return o;
}

/// What comes of the bytes, in any pieces of one size.
outcome parse(std::string_view bytes, http::proxy_protocol_options options = {}) {
  const auto whole = feed(bytes, bytes.size() + 1, options);
  for (std::size_t step = 1; step < bytes.size(); ++step) {
    CAPTURE(step);
    CHECK(feed(bytes, step, options) == whole);
  }
  return whole;
}
state result(std::string_view bytes) {
  return parse(bytes).state;
}

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string u16(std::size_t n) {
  return {static_cast<char>(n >> 8), static_cast<char>(n & 255)};
}
std::string v2(char command, char family, const std::string& block) {
  return signature + command + family + u16(block.size()) + block;
}
std::string tlv(char type, const std::string& value) {
  return type + u16(value.size()) + value;
}

const std::string ipv4_block("\x0a\x00\x00\x07\xc0\x00\x02\x01\xc4\xec\x01\xbb", 12);
const std::string ipv6_block = std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16) +
                               std::string("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x50\xff\xff", 20);

}  // namespace

TEST_CASE("PROXY v1: the addresses of TCP4 and TCP6") {
  auto o = parse("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET /");
  CHECK(o.state == state::complete);
  CHECK(o.consumed == 47);
  CHECK(o.header == proxy_header{.version = 1,
                                 .source = "192.168.0.1:56324",
                                 .destination = "192.168.0.11:443"});
  o = parse("PROXY TCP6 2001:DB8:0::1 ::1 0 65535\r\n");
  CHECK(o.state == state::complete);
  CHECK(o.header ==
        proxy_header{.version = 1, .source = "[2001:db8::1]:0", .destination = "[::1]:65535"});
}

TEST_CASE("PROXY v1: UNKNOWN has no addresses, whatever follows") {
  for (const char* good : {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN \r\n", "PROXY UNKNOWN a b\tc\r\n",
                           "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"}) {
    CAPTURE(good);
    const auto o = parse(good);
    CHECK(o.state == state::complete);
    CHECK(o.header == proxy_header{.version = 1});
  }
}

TEST_CASE("PROXY v1: what is malformed fails") {
  for (const char* bad : {"GET / HTTP/1.1\r\n",
                          "PROXY\r\n",
                          "PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
                          "proxy UNKNOWN\r\n",
                          "PROXY \r\n",
                          "PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n",
                          "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n",
                          "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n",
                          "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n",
                          "PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n",
                          "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n",
                          "PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n",
                          "PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n",
                          "PROXY TCP4 1.1.1.1 2.2.2.2 1 \r\n",
                          "PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n",
                          "PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n",
                          "PROXY TCP4 ::1 ::1 1 2\r\n",
                          "PROXY TCP6 1.1.1.1 ::1 1 2\r\n",
                          "PROXY TCP6 fe80::1%1 ::1 1 2\r\n",
                          "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rx",
                          "PROXY UNKNOWNX\r\n",
                          "PROXY UNKNOWN\r\r\n"}) {
    CAPTURE(bad);
    const auto o = parse(bad);
    CHECK(o.state == state::failed);
    CHECK(o.consumed == 0);
    CHECK_FALSE(o.error.empty());
    CHECK(o.header == proxy_header());
  }
  CHECK(result(std::string("PROXY TCP4 1.1.1.1\0x 2.2.2.2 1 2\r\n", 34)) == state::failed);
  CHECK(result("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n") == state::need_more);
}

TEST_CASE("PROXY v1: a line has at most 107 bytes") {
  const auto line = [](std::size_t size) {
    std::string text = "PROXY UNKNOWN ";
    return text.append(size - text.size() - 2, 'x') + "\r\n";
  };
  CHECK(parse(line(107)).consumed == 107);
  CHECK(result(line(108)) == state::failed);
  CHECK(result(line(108).substr(0, 106)) == state::need_more);
  CHECK(result(line(1000).substr(0, 500)) == state::failed);
}

TEST_CASE("PROXY: nothing but a header is waited for") {
  CHECK(feed("", 1).state == state::need_more);
  CHECK(proxy_parser().parse("").state == state::need_more);
  CHECK(proxy_parser().parse("PROX").state == state::need_more);
  CHECK(proxy_parser().parse("\r\n\r").state == state::need_more);
  CHECK(proxy_parser().parse("PRI").state == state::failed);
  CHECK(proxy_parser().parse("G").state == state::failed);
  CHECK(proxy_parser().parse("\r\nG").state == state::failed);
}

TEST_CASE("PROXY: versions can be switched off") {
  const std::string one = "PROXY UNKNOWN\r\n";
  const std::string two = v2('\x21', '\x11', ipv4_block);
  CHECK(parse(one, {.accept_v2 = false}).state == state::complete);
  CHECK(parse(two, {.accept_v1 = false}).state == state::complete);
  CHECK(parse(one, {.accept_v1 = false}).state == state::failed);
  CHECK(parse(two, {.accept_v2 = false}).state == state::failed);
}

TEST_CASE("PROXY v2: the addresses of each family") {
  auto o = parse(v2('\x21', '\x11', ipv4_block) + "GET /");
  CHECK(o.state == state::complete);
  CHECK(o.consumed == 28);
  const proxy_header four{.version = 2, .source = "10.0.0.7:50412", .destination = "192.0.2.1:443"};
  CHECK(o.header == four);
  CHECK(parse(v2('\x21', '\x12', ipv4_block)).header == four);
  o = parse(v2('\x21', '\x21', ipv6_block));
  CHECK(o.consumed == 52);
  CHECK(o.header ==
        proxy_header{.version = 2, .source = "[2001:db8::1]:80", .destination = "[::1]:65535"});
  // Of sockets of the file system no address is told, nor of what is unknown.
  const std::string many(250, '\0');
  for (const char family : {'\x31', '\x32', '\x00', '\x01', '\x10', '\x20', '\x30'}) {
    CAPTURE(int{family});
    o = parse(v2('\x21', family, family == '\x31' ? many.substr(0, 216) : many.substr(0, 219)));
    CHECK(o.state == state::complete);
    CHECK(o.header.source.empty());
    CHECK_FALSE(o.header.local);
  }
}

TEST_CASE("PROXY v2: LOCAL is the connection itself, and its block is skipped unread") {
  for (const auto& block : {std::string(), ipv4_block, std::string("\x03")}) {
    const auto o = parse(v2('\x20', '\x11', block));
    CHECK(o.state == state::complete);
    CHECK(o.consumed == 16 + block.size());
    CHECK(o.header == proxy_header{.version = 2, .local = true});
  }
}

TEST_CASE("PROXY v2: what is unknown, cut or too large fails") {
  for (const char command : {'\x01', '\x11', '\x22', '\x2f', '\x31', '\xff'})
    CHECK(result(v2(command, '\x11', ipv4_block)) == state::failed);
  for (const char family : {'\x13', '\x1f', '\x41', '\xf1'})
    CHECK(result(v2('\x21', family, ipv6_block)) == state::failed);
  CHECK(result(v2('\x21', '\x11', ipv4_block.substr(1))) == state::failed);
  CHECK(result(v2('\x21', '\x21', ipv6_block.substr(1))) == state::failed);
  CHECK(result(v2('\x21', '\x31', std::string(215, 'x'))) == state::failed);
  CHECK(result(v2('\x21', '\x11', ipv4_block).substr(0, 27)) == state::need_more);
  const auto noop = v2('\x21', '\x11', ipv4_block + tlv('\x04', std::string(100, 'x')));
  CHECK(parse(noop, {.max_v2_bytes = 131}).state == state::complete);
  CHECK(parse(noop, {.max_v2_bytes = 130}).state == state::failed);
  CHECK(parse(noop.substr(0, 16), {.max_v2_bytes = 130}).state == state::failed);
  const auto big = [](std::size_t size) {
    return v2('\x21', '\x11', ipv4_block + tlv('\x04', std::string(size - 31, 'x')));
  };
  CHECK(feed(big(4096), 4096).state == state::complete);
  CHECK(feed(big(4097), 4097).state == state::failed);
}

TEST_CASE("PROXY v2: what load balancers add") {
  const auto tls = std::string("\x01\0\0\0\0", 5) + tlv('\x21', "TLSv1.3") + tlv('\x23', "AES");
  auto o =
      parse(v2('\x21', '\x11',
               ipv4_block + tlv('\x01', "h2") + tlv('\x02', "example.com") + tlv('\x05', "id-1") +
                   tlv('\x04', "") + tlv('\xe0', "own") + tlv('\x20', tls)));
  CHECK(o.state == state::complete);
  CHECK(o.header == proxy_header{.version = 2,
                                 .source = "10.0.0.7:50412",
                                 .destination = "192.0.2.1:443",
                                 .alpn = "h2",
                                 .authority = "example.com",
                                 .unique_id = "id-1",
                                 .tls = true,
                                 .tls_version = "TLSv1.3"});
  o = parse(v2('\x21', '\x11', ipv4_block + tlv('\x20', std::string("\x06\0\0\0\x01", 5))));
  CHECK(o.state == state::complete);
  CHECK_FALSE(o.header.tls);
}

TEST_CASE("PROXY v2: TLVs that are malformed fail") {
  const auto with = [](const std::string& tlvs) {
    return result(v2('\x21', '\x11', ipv4_block + tlvs));
  };
  CHECK(with(tlv('\x01', "h2").substr(0, 4)) == state::failed);
  CHECK(with(tlv('\x01', "h2").substr(0, 2)) == state::failed);
  CHECK(with("\x01") == state::failed);
  CHECK(with(tlv('\x03', "123")) == state::failed);
  CHECK(with(tlv('\x05', std::string(128, 'x'))) == state::complete);
  CHECK(with(tlv('\x05', std::string(129, 'x'))) == state::failed);
  CHECK(with(tlv('\x20', "1234")) == state::failed);
  CHECK(with(tlv('\x20', std::string("\x01\0\0\0\0\x21\0\5xy", 10))) == state::failed);
}

TEST_CASE("PROXY v2: a checksum is checked") {
  // Computed by another implementation of CRC-32C: of the header with four zeros in the field.
  auto summed =
      v2('\x21', '\x11',
         ipv4_block + tlv('\x03', std::string("\xd2\x6d\x90\x41", 4)) + tlv('\x01', "h2"));
  CHECK(result(summed) == state::complete);
  for (std::size_t i = 16; i < summed.size(); ++i) {
    if (i == 28) continue;  // the type of the checksum: with another there is none
    auto other = summed;
    other[i] = static_cast<char>(other[i] ^ 0x10);
    CAPTURE(i);
    CHECK(result(other) != state::complete);
  }
}
