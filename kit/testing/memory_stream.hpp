#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <asio/any_io_executor.hpp>

#include <kit/clock.hpp>
#include <kit/random.hpp>
#include <kit/stream.hpp>
#include <kit/testing/io_faults.hpp>

namespace kit::testing {

/// What a simulated connection does to the bytes. The default delivers at once and whole.
struct link_options {
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  /// How long a byte travels, one way: uniform between the two. Bytes don't overtake each other.
  duration min_delay = duration::zero();
  duration max_delay = duration::zero();
  /// Per direction; 0 is unlimited.
  std::uint64_t bytes_per_second = 0;
  /// Bytes sent and not yet read, per direction. At that, writes wait. 1 or more.
  std::size_t buffer = 65'536;
  /// The most bytes one `read_some` gives, and one `try_write` takes; 1 or more.
  std::size_t max_read = unlimited;
  std::size_t max_write = unlimited;
  /// Breaks reads and writes at random places, up to those maxima (of at most 1000 bytes).
  bool random_sizes = false;
  /// For each written piece: the probability, 0 to 1, that the connection is lost and both ends see
  /// `connection_reset`. A stream doesn't lose single bytes.
  double loss = 0;
};

class memory_connection;

/// One end of an in-process connection, for tests and simulations. Time is that of the loop's timer
/// wheel; chance comes from a seed. A run so repeats exactly.
/// Threads: both ends and the network they came from on one thread.
class memory_stream final : public stream {
 public:
  memory_stream(asio::any_io_executor ex, std::shared_ptr<memory_connection> connection, int side);
  ~memory_stream() override;

  asio::any_io_executor get_executor() override { return executor_; }
  asio::awaitable<io_result> read_some(asio::mutable_buffer into) override;
  asio::awaitable<io_result> write(std::span<const asio::const_buffer> data) override;
  io_result try_write(std::span<const asio::const_buffer> data) noexcept override;
  std::error_code shutdown_send() noexcept override;
  void close() noexcept override;
  bool is_open() const noexcept override;
  std::string local_address() const override;
  std::string remote_address() const override;

  /// For a test at the other end, without a coroutine: sends the text.
  /// Errors: throws `std::system_error`, also when it doesn't fit into the buffer.
  void put(std::string_view text);
  /// Everything that has arrived by now, and takes it.
  std::string take();
  /// Whether the peer's orderly end has arrived and all before it was taken.
  bool at_end() const;

  /// Breaks the connection: both ends see `connection_reset`, undelivered bytes are gone.
  void reset() noexcept;
  /// This end goes without a word, as if its machine lost power: the peer is left half-open.
  void vanish() noexcept;
  /// Stops and restarts the flow in both directions; nothing is lost.
  void hold(bool stopped) noexcept;

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<memory_connection> connection_;
  int side_;
};

using memory_stream_pair =
    std::pair<std::unique_ptr<memory_stream>, std::unique_ptr<memory_stream>>;

/// Two connected ends. `faults`, if any, applies to both and outlives them.
/// Errors: throws `kit::error` of `invalid_argument` for options out of range.
memory_stream_pair make_memory_streams(asio::any_io_executor ex, link_options options = {},
                                       random_source random = random_source(1),
                                       io_faults* faults = nullptr);

}  // namespace kit::testing
