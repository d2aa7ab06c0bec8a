#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/result.hpp>

namespace kit {

/// A set of IPv4 and IPv6 networks (CIDR, RFC 4632 and RFC 4291 2.3): who is trusted, or let in.
///
/// IPv4-mapped IPv6 addresses (`::ffff:10.0.0.7`) count as the IPv4 addresses that they hold, in
/// the networks as well as in what is looked up; other IPv6 networks hold no IPv4 address.
/// Threads: a set that does not change may be used by any.
class ip_networks {
 public:
  ip_networks() noexcept = default;
  /// Errors: as `add`.
  ip_networks(std::initializer_list<std::string_view> networks);

  /// Networks separated by commas or white space: `10.0.0.0/8, ::1`.
  /// Errors: `errc::invalid_argument`, naming the one that is none.
  static result<ip_networks> parse(std::string_view list);
  /// `127.0.0.0/8` and `::1`.
  static ip_networks loopback();
  /// Those that are not routed in the Internet: loopback, private (RFC 1918), unique local (RFC
  /// 4193) and link-local addresses (RFC 3927, RFC 4291).
  static ip_networks local();

  /// An address alone is a network of its own. Bits behind the prefix are taken as 0.
  /// Errors: throws `errc::invalid_argument`, naming the network.
  void add(std::string_view network);

  bool empty() const noexcept { return networks_.empty(); }
  std::size_t size() const noexcept { return networks_.size(); }

  /// Whether the address is in one of the networks: `10.0.0.7`, `10.0.0.7:80`, `::1`, `[::1]:80`.
  /// The zone of an IPv6 address (`fe80::1%eth0`) is not looked at. What is no address is in none.
  /// Takes time in proportion to the number of networks; allocates nothing.
  bool contains(std::string_view address) const noexcept;

 private:
  struct network {
    std::array<std::uint8_t, 16> first{};  // IPv4 as IPv4-mapped
    std::uint8_t prefix = 0;               // in bits, of 128
    bool v4 = false;
  };
  result<void> try_add(std::string_view text);

  std::vector<network> networks_;
};

/// An IP address with or without a port, as `ip_networks::contains` takes it. Views into the text.
struct ip_endpoint {
  std::string_view address;           ///< without brackets
  std::optional<std::uint16_t> port;  ///< nothing: none was given
};
/// Nothing when the text is neither of both.
std::optional<ip_endpoint> parse_ip_endpoint(std::string_view text) noexcept;

}  // namespace kit
