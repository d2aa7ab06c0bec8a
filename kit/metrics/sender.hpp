#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>

#include <kit/connection.hpp>
#include <kit/network.hpp>
#include <kit/random.hpp>
#include <kit/result.hpp>
#include <kit/stream.hpp>

namespace kit::metrics {

/// Takes lines to a server: one of those below, one of your own, `testing::recording_sender`.
/// Lifetime: of what it has opened, until `close`; not longer than the loop it was opened on.
/// Threads: one at a time.
class sender {
 public:
  sender() = default;
  sender(const sender&) = delete;
  sender& operator=(const sender&) = delete;
  virtual ~sender() = default;

  /// The most bytes that go well in one `send`. More are tried all the same.
  virtual std::size_t max_size() const noexcept = 0;
  /// Where they go, for people.
  virtual std::string address() const = 0;

  /// Makes ready for `send`, if it isn't: looks names up, connects. Before each flush.
  /// Cancellation: terminal.
  virtual asio::awaitable<std::error_code> open() = 0;
  /// Sends whole lines: as a datagram, without waiting, all or nothing; or on a stream, where
  /// `size` says how much went out before an error.
  /// Errors: in the result; `not_connected` when it isn't open.
  /// Cancellation: terminal. Lifetime: the bytes outlive the awaitable.
  virtual asio::awaitable<io_result> send(asio::const_buffer data) = 0;
  /// Closes, in the call; what it returns waits for what still runs in the background. It may be
  /// opened again.
  virtual asio::awaitable<void> close() = 0;
};

/// Sends one text, such as a DogStatsD event.
/// Errors: in the result. Cancellation: terminal.
asio::awaitable<result<void>> send_text(sender& to, std::string text);

/// What an Ethernet takes unfragmented in one UDP datagram, with room for tunnels.
inline constexpr std::size_t ethernet_datagram = 1'432;

/// UDP to `host:port`. Never waits but for the look-up of a name, which is made when it is first
/// opened and again after a failure. What a full buffer has no room for is not sent. That nobody
/// listens is known, on some networks, one datagram late.
/// Errors: throws `errc::invalid_argument` for what is no address.
std::unique_ptr<sender> udp_sender(std::string_view address,
                                   std::size_t max_size = ethernet_datagram);

/// Datagrams to a Unix socket, as DogStatsD's agent has one.
/// Errors: throws `errc::invalid_argument` for a path that is empty or too long, more than about
/// 100 bytes.
std::unique_ptr<sender> unix_sender(std::string_view path, std::size_t max_size = 8'192);

/// Settings of a `tcp_sender`.
struct tcp_sender_options {
  connection_options connection = {};
  /// How much is written at once.
  std::size_t max_size = 65'536;
  /// Jitter between attempts to connect.
  random_source random = random_source::from_entropy();
};

/// A TCP connection to `host:port` that comes back when it is lost, also when that happens between
/// two flushes.
/// Errors: throws `errc::invalid_argument` for what is no address.
/// Lifetime: the network outlives it, or else `close`'s end.
std::unique_ptr<sender> tcp_sender(kit::network& network, std::string address,
                                   tcp_sender_options options = {});

}  // namespace kit::metrics
