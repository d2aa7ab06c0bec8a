#include <transports/http/proxy_protocol.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>

#include <asio/ip/address_v4.hpp>
#include <asio/ip/address_v6.hpp>

#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

constexpr std::string_view v1_start = "PROXY ";
constexpr std::string_view v2_start("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v1_most = 107;  // with CRLF
constexpr std::size_t v2_fixed = 16;

unsigned byte_at(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<unsigned char>(bytes[at]);
}
unsigned read_u16(std::string_view bytes, std::size_t at = 0) noexcept {
  return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

// Whether more bytes may make `in` start so.
bool may_start(std::string_view in, std::string_view start) noexcept {
  return start.starts_with(in.substr(0, start.size()));
}

std::optional<std::string_view> take_word(std::string_view& line) noexcept {
  const auto space = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, space);
  if (word.empty()) return std::nullopt;
  line.remove_prefix(std::min(space + 1, line.size()));
  return word;
}

bool is_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return false;
  unsigned port = 0;
  for (char c : text) {
    if (!is_digit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

// The address with its port, in its usual form; empty when it is none.
std::string endpoint_text(std::string_view address, std::string_view port, bool v6) {
  if (!is_port(port) || address.find_first_not_of("0123456789abcdefABCDEF:.") != address.npos) {
    return {};
  }
  std::error_code ec;
  std::string text(address);
  if (v6) {
    text = '[' + asio::ip::make_address_v6(text, ec).to_string() + ']';
  } else {
    text = asio::ip::make_address_v4(text, ec).to_string();
  }
  return ec ? std::string() : text.append(":").append(port);
}

template <class Address>
std::string endpoint_text(std::string_view bytes, unsigned port) {
  typename Address::bytes_type raw;
  std::copy_n(reinterpret_cast<const unsigned char*>(bytes.data()), raw.size(), raw.begin());
  std::string text = Address(raw).to_string();
  if constexpr (sizeof raw == 16) text = '[' + text + ']';
  return text + ':' + std::to_string(port);
}

// RFC 4960, appendix B: the reflected polynomial 0x1EDC6F41.
constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = crc;
  }
  return table;
}

// The checksum of the bytes, of which the four from `hole` on count as 0.
std::uint32_t crc32c(std::string_view bytes, std::size_t hole) noexcept {
  static constexpr auto table = make_crc_table();
  std::uint32_t crc = 0xffffffffu;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned byte = i - hole < 4 ? 0 : byte_at(bytes, i);
    crc = crc >> 8 ^ table[(crc ^ byte) & 0xff];
  }
  return ~crc;
}

// A type, a length of two bytes, and as many bytes.
struct tlv {
  unsigned type = 0;
  std::string_view value;
};

// Takes one off the front; nothing when it is cut off.
std::optional<tlv> take_tlv(std::string_view& rest) noexcept {
  if (rest.size() < 3) return std::nullopt;
  const std::size_t size = read_u16(rest, 1);
  if (rest.size() - 3 < size) return std::nullopt;
  const tlv out{byte_at(rest, 0), rest.substr(3, size)};
  rest.remove_prefix(3 + size);
  return out;
}

enum : unsigned {  // PP2_TYPE_...
  type_alpn = 0x01,
  type_authority = 0x02,
  type_crc32c = 0x03,
  type_unique_id = 0x05,
  type_ssl = 0x20,
  type_ssl_version = 0x21,
};

}  // namespace

proxy_parser::result proxy_parser::fail(std::string_view why) noexcept {
  header_ = {};
  error_ = why;
  return {state::failed, 0};
}

proxy_parser::result proxy_parser::parse(std::string_view in) {
  if (options_.accept_v1 && may_start(in, v1_start)) {
    return in.empty() ? result{state::need_more, 0} : parse_v1(in);
  }
  if (options_.accept_v2 && may_start(in, v2_start)) return parse_v2(in);
  return in.empty() ? result{state::need_more, 0} : fail("no PROXY protocol header");
}

proxy_parser::result proxy_parser::parse_v1(std::string_view in) {
  const auto line = in.substr(0, v1_most);
  const auto end = line.find('\r');
  if (end == line.npos || end + 1 == line.size()) {
    if (line.size() == v1_most) return fail("PROXY protocol line is longer than 107 bytes");
    return {state::need_more, 0};
  }
  if (line[end + 1] != '\n') return fail("CR without LF in a PROXY protocol line");
  header_.version = 1;
  if (!read_line(line.substr(v1_start.size(), end - v1_start.size()))) {
    return fail("malformed PROXY protocol line");
  }
  return {state::complete, end + 2};
}

// What follows `PROXY `.
bool proxy_parser::read_line(std::string_view line) {
  const auto family = take_word(line);
  if (!family) return false;
  if (*family == "UNKNOWN") return true;  // and what follows means nothing
  if (*family != "TCP4" && *family != "TCP6") return false;
  const auto source = take_word(line);
  const auto destination = take_word(line);
  const auto source_port = take_word(line);
  const auto port = line;
  if (!source || !destination || !source_port) return false;
  const bool v6 = *family == "TCP6";
  header_.source = endpoint_text(*source, *source_port, v6);
  header_.destination = endpoint_text(*destination, port, v6);
  return !header_.source.empty() && !header_.destination.empty();
}

proxy_parser::result proxy_parser::parse_v2(std::string_view in) {
  // What is known to be wrong is refused at once, also while the rest is missing.
  const auto has = [in](std::size_t at) { return in.size() > at; };
  if (has(12) && byte_at(in, 12) != 0x20 && byte_at(in, 12) != 0x21) {
    return fail("unknown version or command of the PROXY protocol");
  }
  if (has(13) && (byte_at(in, 13) >> 4 > 3 || (byte_at(in, 13) & 15) > 2)) {
    return fail("unknown family or protocol in a PROXY protocol header");
  }
  if (!has(15)) return {state::need_more, 0};
  const std::size_t size = v2_fixed + read_u16(in, 14);
  if (size > options_.max_v2_bytes) return fail("PROXY protocol header is too large");
  if (in.size() < size) return {state::need_more, 0};
  header_.version = 2;
  header_.local = byte_at(in, 12) == 0x20;
  if (header_.local) return {state::complete, size};
  const auto whole = in.substr(0, size);
  auto block = whole.substr(v2_fixed);
  if (!read_addresses(block, byte_at(in, 13))) {
    return fail("PROXY protocol header is too short for its addresses");
  }
  if (!read_tlvs(whole, block)) return fail("malformed TLVs in a PROXY protocol header");
  return {state::complete, size};
}

// Takes the addresses off the front of the block, or all of it where there are none.
bool proxy_parser::read_addresses(std::string_view& block, unsigned family) {
  const bool ignored = (family & 15) == 0;  // an unknown protocol: so are its addresses
  std::size_t size = 0;
  switch (family >> 4) {
    case 1:
      size = 12;
      break;
    case 2:
      size = 36;
      break;
    case 3:
      size = 216;
      break;
    default:
      block = {};
      return true;
  }
  if (block.size() < size) return ignored ? (block = {}, true) : false;
  if (!ignored && size == 12) {
    header_.source = endpoint_text<asio::ip::address_v4>(block, read_u16(block, 8));
    header_.destination = endpoint_text<asio::ip::address_v4>(block.substr(4), read_u16(block, 10));
  } else if (!ignored && size == 36) {
    header_.source = endpoint_text<asio::ip::address_v6>(block, read_u16(block, 32));
    header_.destination =
        endpoint_text<asio::ip::address_v6>(block.substr(16), read_u16(block, 34));
  }
  block.remove_prefix(size);
  return true;
}

bool proxy_parser::read_tlvs(std::string_view whole, std::string_view tlvs) {
  bool summed = false;
  while (!tlvs.empty()) {
    const auto next = take_tlv(tlvs);
    if (!next) return false;
    const auto value = next->value;
    switch (next->type) {
      case type_alpn:
        header_.alpn = value;
        break;
      case type_authority:
        header_.authority = value;
        break;
      case type_crc32c: {
        if (value.size() != 4 || summed) return false;  // once, as it costs a walk over all
        summed = true;
        const auto at = static_cast<std::size_t>(value.data() - whole.data());
        const std::uint32_t sent = read_u16(value) << 16 | read_u16(value, 2);
        if (sent != crc32c(whole, at)) return false;
        break;
      }
      case type_unique_id:
        if (value.size() > 128) return false;
        header_.unique_id = value;
        break;
      case type_ssl:
        if (!read_tls(value)) return false;
        break;
      default:
        break;
    }
  }
  return true;
}

// Flags, the result of verification in four bytes, and further TLVs.
bool proxy_parser::read_tls(std::string_view value) {
  if (value.size() < 5) return false;
  header_.tls = (byte_at(value, 0) & 1) != 0;
  value.remove_prefix(5);
  while (!value.empty()) {
    const auto next = take_tlv(value);
    if (!next) return false;
    if (next->type == type_ssl_version) header_.tls_version = next->value;
  }
  return true;
}

}  // namespace kit::http
