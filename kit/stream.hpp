#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <system_error>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>

namespace kit {

/// What an I/O step did. Returned, not thrown: on a server the end of a stream is nothing special.
struct io_result {
  /// None, or why it ended: `asio::error::eof` at the peer's orderly end, `operation_aborted` when
  /// cancelled or closed, else the network's reason.
  std::error_code error;
  /// Bytes moved; may be positive beside an error.
  std::size_t size = 0;

  explicit operator bool() const noexcept { return !error; }
  friend bool operator==(const io_result&, const io_result&) = default;
};

/// A connected byte stream: what a session is written against, be it TCP, TLS or, in a simulation,
/// memory. Destroying it closes it.
///
/// One read and one write may be under way at the same time, not two of a kind.
/// Lifetime: the stream and the buffers outlive the awaitables.
/// Cancellation: per operation, all types. A cancelled read has lost nothing; after a cancelled
/// write part of the data may be on its way, and the stream is good for closing only.
/// Threads: one at a time; a strand will do.
class stream {
 public:
  stream() = default;
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  virtual ~stream() = default;

  virtual asio::any_io_executor get_executor() = 0;

  /// Reads what is there, at least one byte; waits for it.
  virtual asio::awaitable<io_result> read_some(asio::mutable_buffer into) = 0;
  /// Writes everything. `size` tells how much went out before an error. The span, too, is referred
  /// to until the end.
  virtual asio::awaitable<io_result> write(std::span<const asio::const_buffer> data) = 0;
  /// Writes what can be written without waiting, maybe nothing: then without an error, too.
  /// Not while a `write` is under way.
  virtual io_result try_write(std::span<const asio::const_buffer> data) noexcept = 0;

  /// Ends the sending direction: the peer reads what was written and then `eof`. Reading goes on.
  virtual std::error_code shutdown_send() noexcept = 0;
  /// Closes both directions; what is under way completes as `operation_aborted`. Once is enough,
  /// more does no harm.
  virtual void close() noexcept = 0;
  virtual bool is_open() const noexcept = 0;

  /// Addresses as text, `10.0.0.7:8080` or `[::1]:8080`. Empty when there is none.
  virtual std::string local_address() const = 0;
  virtual std::string remote_address() const = 0;
};

/// `write` of one buffer.
inline asio::awaitable<io_result> write(stream& to, asio::const_buffer data) {
  co_return co_await to.write(std::span(&data, 1));
}

}  // namespace kit
