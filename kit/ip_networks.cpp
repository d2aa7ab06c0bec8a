#include <kit/ip_networks.hpp>

#include <algorithm>
#include <charconv>
#include <system_error>

#include <asio/ip/address.hpp>

namespace kit {
namespace {

constexpr std::size_t max_address = 64;  // bytes of text, a zone counted

struct ip {
  std::array<std::uint8_t, 16> bytes{};
  bool v4 = false;
};

template <class Int>
bool parse_decimal(std::string_view text, Int most, Int& out) noexcept {
  const char* const end = text.data() + text.size();
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return false;
  const auto [last, status] = std::from_chars(text.data(), end, out);
  return status == std::errc() && last == end && out <= most;
}

bool is_zone(std::string_view text) noexcept {
  constexpr std::string_view others = "._-~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != others.npos;
  });
}

// Nothing for what is no address; the zone is dropped.
std::optional<ip> parse_ip(std::string_view text) noexcept {
  const auto zone = text.find('%');
  if (zone != text.npos) {
    if (!is_zone(text.substr(zone + 1)) || text.find(':') == text.npos) return std::nullopt;
    text = text.substr(0, zone);
  }
  char room[max_address];  // Asio wants an end of its own
  if (text.empty() || text.size() >= sizeof room || text.find('\0') != text.npos) {
    return std::nullopt;
  }
  *std::copy(text.begin(), text.end(), room) = '\0';
  std::error_code ec;
  ip out;
  if (text.find(':') == text.npos) {
    const auto four = asio::ip::make_address_v4(room, ec);
    if (ec) return std::nullopt;
    const auto bytes = four.to_bytes();
    out.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin() + 12);
    out.v4 = true;
    return out;
  }
  const auto six = asio::ip::make_address_v6(room, ec);
  if (ec) return std::nullopt;
  const auto bytes = six.to_bytes();
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  out.v4 = six.is_v4_mapped();
  return out;
}

bool same_prefix(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b,
                 unsigned bits) noexcept {
  const auto whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  return bits % 8 == 0 || (a[whole] ^ b[whole]) >> (8 - bits % 8) == 0;
}

}  // namespace

std::optional<ip_endpoint> parse_ip_endpoint(std::string_view text) noexcept {
  ip_endpoint out{text, std::nullopt};
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos) return std::nullopt;
    out.address = text.substr(1, close - 1);
    if (out.address.find(':') == out.address.npos) return std::nullopt;
    text.remove_prefix(close + 1);
    has_port = !text.empty();
    if (has_port && text.front() != ':') return std::nullopt;
    if (has_port) port = text.substr(1);
  } else if (const auto colon = text.find(':');
             colon != text.npos && text.find(':', colon + 1) == text.npos) {
    out.address = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  if (has_port) {
    unsigned number = 0;
    if (!parse_decimal(port, 65535u, number)) return std::nullopt;
    out.port = static_cast<std::uint16_t>(number);
  }
  if (!parse_ip(out.address)) return std::nullopt;
  return out;
}

ip_networks::ip_networks(std::initializer_list<std::string_view> networks) {
  for (const auto n : networks)
    add(n);
}

result<ip_networks> ip_networks::parse(std::string_view list) {
  constexpr std::string_view separators = ", \t\r\n";
  ip_networks out;
  for (;;) {
    const auto start = list.find_first_not_of(separators);
    if (start == list.npos) return out;
    list.remove_prefix(start);
    const auto end = std::min(list.find_first_of(separators), list.size());
    if (auto added = out.try_add(list.substr(0, end)); !added) return fail(added.error());
    list.remove_prefix(end);
  }
}

ip_networks ip_networks::loopback() {
  return {"127.0.0.0/8", "::1"};
}

ip_networks ip_networks::local() {
  return {"127.0.0.0/8",    "::1",      "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
          "169.254.0.0/16", "fc00::/7", "fe80::/10"};
}

void ip_networks::add(std::string_view network) {
  if (auto added = try_add(network); !added) throw error(added.error());
}

result<void> ip_networks::try_add(std::string_view text) {
  const auto refuse = [text] {
    std::string shown;  // it may be anything: show only what is harmless in a log
    for (char c : text.substr(0, 64))
      shown += c > ' ' && c < 0x7f ? c : '?';
    return fail(errc::invalid_argument, "no IP network: '" + shown + "'");
  };
  const auto slash = text.find('/');
  const auto address = text.substr(0, slash);
  const auto first = address.find('%') == address.npos ? parse_ip(address) : std::nullopt;
  if (!first) return refuse();
  const bool as_v4 = address.find(':') == address.npos;
  unsigned prefix = as_v4 ? 32 : 128;
  if (slash != text.npos && !parse_decimal(text.substr(slash + 1), prefix, prefix)) return refuse();
  if (as_v4) prefix += 96;
  // ::ffff:0:0/95 and shorter are IPv6 networks; what they hold of IPv4 is not meant.
  networks_.push_back({first->bytes, static_cast<std::uint8_t>(prefix), first->v4 && prefix >= 96});
  return {};
}

bool ip_networks::contains(std::string_view address) const noexcept {
  if (networks_.empty()) return false;
  const auto endpoint = parse_ip_endpoint(address);
  if (!endpoint) return false;
  const auto given = parse_ip(endpoint->address);
  if (!given) return false;
  return std::any_of(networks_.begin(), networks_.end(), [&given](const network& n) {
    return n.v4 == given->v4 && same_prefix(n.first, given->bytes, n.prefix);
  });
}

}  // namespace kit
