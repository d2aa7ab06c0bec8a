#include <kit/network.hpp>

#include <algorithm>
#include <charconv>

namespace kit {

result<host_port> parse_address(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(errc::invalid_argument, "address '" + std::string(text) + "': " + std::string(why));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("no port");
  auto host = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return wrong("no ']' before the port");
    host = host.substr(1, host.size() - 2);
    if (host.empty()) return wrong("nothing between the brackets");
  } else if (host.find(':') != std::string_view::npos) {
    return wrong("an IPv6 address must be in brackets");
  }
  const auto not_in_a_host = [](unsigned char c) {
    return c <= ' ' || c == 0x7f || c == '/' || c == '[' || c == ']';
  };
  if (std::ranges::any_of(host, not_in_a_host)) return wrong("not a host name");
  host_port parts{std::string(host), 0};
  const auto* end = port.data() + port.size();
  const auto [rest, ec] = std::from_chars(port.data(), end, parts.port);
  if (ec != std::errc() || rest != end) return wrong("the port is not a number up to 65535");
  return parts;
}

std::string to_address(std::string_view host, std::uint16_t port) {
  std::string text(host);
  if (host.find(':') != std::string_view::npos) text = "[" + text + "]";
  return text + ":" + std::to_string(port);
}

}  // namespace kit
