#include <middleware/call_key.hpp>

#include <algorithm>
#include <utility>

#include <asio/ip/address.hpp>

#include <kit/connection_info.hpp>
#include <kit/identity.hpp>

namespace kit::middleware {
namespace {

constexpr std::size_t network_bytes = 8;  // of an IPv6 address

std::string network_of(std::string_view address) {
  std::error_code ec;
  auto ip = asio::ip::make_address(std::string(address), ec);
  if (ec || !ip.is_v6()) return std::string(address);
  if (ip.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6()).to_string();
  }
  auto bytes = ip.to_v6().to_bytes();
  std::fill(bytes.begin() + network_bytes, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

std::string client_of(std::string_view remote) {
  if (remote.starts_with("unix:")) return std::string(remote);
  if (remote.starts_with('[')) return network_of(remote.substr(1, remote.find(']') - 1));
  const auto colon = remote.find(':');
  if (colon != remote.npos && remote.find(':', colon + 1) != remote.npos) return network_of(remote);
  return std::string(remote.substr(0, colon));
}

}  // namespace

call_key by_client_address() {
  return [](const context& ctx) {
    const auto* c = ctx.get<connection_info>();
    return c ? client_of(c->remote_address) : std::string();
  };
}

call_key by_identity() {
  return [](const context& ctx) {
    const auto* who = ctx.get<identity>();
    if (!who) return std::string();
    if (who->subject.empty() || who->issuer.empty()) return who->subject;
    // With a length, so that no subject passes for another issuer's.
    return std::to_string(who->issuer.size()) + " " + who->issuer + "\n" + who->subject;
  };
}

call_key by_tenant() {
  return [](const context& ctx) {
    const auto* who = ctx.get<identity>();
    return who ? who->tenant : std::string();
  };
}

call_key by_metadata(std::string key) {
  return [key = std::move(key)](const context& ctx) {
    return std::string(ctx.metadata().get(key).value_or(std::string_view()));
  };
}

}  // namespace kit::middleware
