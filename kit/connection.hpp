#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>

#include <kit/backoff.hpp>
#include <kit/clock.hpp>
#include <kit/network.hpp>
#include <kit/random.hpp>
#include <kit/stream.hpp>
#include <kit/task_set.hpp>

namespace kit {

/// Settings of a `connection`. Checked when it is made. Negative durations are refused.
struct connection_options {
  /// The waits between attempts to connect. Start afresh after a success.
  backoff_options backoff = {};
  /// How long one attempt may take, else it fails with `asio::error::timed_out`. 0: no limit.
  duration dial_timeout = std::chrono::seconds{10};
  /// How long one `write` may take, else it fails with `asio::error::timed_out` and the connection
  /// is given up. 0: no limit.
  duration write_timeout = std::chrono::seconds{30};
  /// Is told why an attempt failed, or why the connection was lost: for the log. Called on the
  /// connection's executor; must not throw.
  std::function<void(const std::error_code&)> on_error = nullptr;
};

/// Keeps a connection to one address: dials in the background, at once and again whenever it is
/// told that the connection broke, until closed.
///
///     kit::connection logs(ex, network, "logs:5170", kit::random_source::from_entropy());
///     if (auto sent = co_await logs.write(asio::buffer(line)); !sent) ++dropped;
///
/// While there is no connection it says so, and does not queue: except that the first attempt is
/// waited for.
///
/// Its work runs in the context that the executor carries, and ends with it.
/// Threads: everything on the executor, which on a loop run by several threads is a strand.
/// Source: Go kit, package util/conn.
class connection {
  class state;

 public:
  /// The connection of the moment, for use beside others: `write` takes turns, users of the stream
  /// agree among themselves. The stream is closed when the connection is given up, and stays valid.
  struct lease {
    std::shared_ptr<kit::stream> stream;
    std::uint64_t generation = 0;

    explicit operator bool() const noexcept { return stream != nullptr; }
  };

  /// Starts to dial. The network must outlive the work: `close` tells when that has ended.
  /// Errors: throws `errc::invalid_argument` for options out of range.
  connection(const asio::any_io_executor& ex, kit::network& network, std::string address,
             random_source random, connection_options options = {});
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  /// Closes, and does not wait.
  ~connection();

  /// What is there: empty while there is no connection, and when closed. Waits for the first
  /// attempt to end.
  /// Errors: none but cancellation, as `std::system_error` of `operation_aborted`.
  /// Cancellation: any type. Lifetime: the connection may go while it waits.
  asio::awaitable<lease> take();

  /// Tells how using it went. An error gives that connection up and dials again at once; for one
  /// that is not the present one any more it means nothing, neither does no error.
  void put(const lease& used, const std::error_code& error);

  /// Writes everything; concurrent writes take turns, first come first served. A failed write, also
  /// one that was cancelled after it had begun, gives the connection up.
  ///
  /// Errors:       in the result, `errc::unavailable` while there is no connection,
  ///               `operation_aborted` when cancelled or closed.
  /// Cancellation: terminal.
  /// Lifetime:     the bytes outlive the awaitable; the connection may go while it waits.
  asio::awaitable<io_result> write(asio::const_buffer data);

  bool connected() const noexcept;
  const std::string& address() const noexcept;

  /// Closes for good, in the call; what it returns waits until the work in the background has
  /// ended. More calls do no harm. Errors and cancellation: as `take`.
  asio::awaitable<void> close();

 private:
  void shut() noexcept;

  std::shared_ptr<state> state_;
  task_set work_;
};

}  // namespace kit
