#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>

#include <kit/monitor.hpp>
#include <kit/random.hpp>
#include <kit/stream.hpp>
#include <kit/testing/memory_stream.hpp>
#include <kit/timer.hpp>

namespace kit::testing {

/// What the connections of one simulation share.
struct simulation {  // NOLINT(cppcoreguidelines-pro-type-member-init): made from its members only
  timer_wheel& wheel;
  random_source random;
  io_faults* other_faults = nullptr;  // to use instead of its own
  io_faults own_faults{};

  io_faults& faults() noexcept { return other_faults ? *other_faults : own_faults; }
  std::error_code step() noexcept { return faults().step(); }
  bool chance(double probability) { return probability > 0 && random.chance(probability); }
  /// A delay between the link's two, drawn anew each time.
  duration delay(const link_options& link);
  /// How much of `available` one step moves.
  std::size_t piece(const link_options& link, std::size_t available, std::size_t most);
};

/// Errors: throws `kit::error` of `invalid_argument` naming the option.
void require_valid(const link_options& options);

/// What two `memory_stream`s hold between them. Direction `i` carries what side `i` sends.
class memory_connection {
 public:
  memory_connection(std::shared_ptr<simulation> sim, link_options link,
                    std::array<std::string, 2> addresses);

  // The stream operations, of side `i`.
  static asio::awaitable<io_result> read_some(std::shared_ptr<memory_connection> self, int i,
                                              asio::mutable_buffer into);
  static asio::awaitable<io_result> write(std::shared_ptr<memory_connection> self, int i,
                                          std::span<const asio::const_buffer> data);
  io_result try_write(int i, std::span<const asio::const_buffer> data);
  // The same for the test's hand, which doesn't count as a step.
  io_result put(int i, std::span<const asio::const_buffer> data);
  io_result take(int i, asio::mutable_buffer into);
  std::error_code shutdown_send(int i);
  void close(int i);
  bool is_open(int i) const;
  bool at_end(int i) const;
  const std::string& address(int i) const { return addresses_[static_cast<std::size_t>(i)]; }

  void reset();
  void vanish(int i);
  void hold(bool stopped);
  /// The machine of the vanished side is up again and knows nothing: it answers with a reset.
  void forgotten(int i);

 private:
  struct segment {
    std::string bytes;
    std::size_t taken = 0;
    time_point arrives;
  };
  enum class sending : std::uint8_t { open, shut, closed };

  struct direction {
    std::deque<segment> segments;
    std::size_t queued = 0;  // bytes sent and not read
    time_point wire_free;    // when the last byte is on its way, at limited bandwidth
    time_point last_arrival;
    sending sender = sending::open;
    bool reader_closed = false;
    std::optional<time_point> end_arrives;      // the orderly end
    std::optional<time_point> refusal_arrives;  // the reader has closed, and the sender learns it
    bool forgotten = false;                     // what arrives is answered with a reset
    monitor changed;
  };

  struct attempt {
    io_result result;
    bool wait = false;
    time_point until = time_point::max();
  };

  direction& from(int i) { return directions_[static_cast<std::size_t>(i)]; }
  direction& to(int i) { return directions_[static_cast<std::size_t>(1 - i)]; }
  const direction& from(int i) const { return directions_[static_cast<std::size_t>(i)]; }
  const direction& to(int i) const { return directions_[static_cast<std::size_t>(1 - i)]; }
  time_point now() const { return sim_->wheel.now(); }

  attempt read_now(int i, asio::mutable_buffer into);
  attempt write_now(int i, std::span<const asio::const_buffer> data, std::size_t skip);
  void send(direction& d, std::string bytes);
  time_point arrival(direction& d, std::size_t size);
  void changed(direction& d);

  std::shared_ptr<simulation> sim_;
  link_options link_;
  std::array<std::string, 2> addresses_;
  std::array<direction, 2> directions_;
  std::error_code broken_;
  bool held_ = false;
};

}  // namespace kit::testing
