#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include <asio/any_io_executor.hpp>

#include <kit/context.hpp>
#include <kit/endpoint.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/random.hpp>
#include <kit/timer.hpp>
#include <transports/http/detail/exchange.hpp>
#include <transports/http/server_options.hpp>

namespace kit::http::detail {

class connection;

/// A connection's read buffer.
struct read_buffer {
  static constexpr std::size_t usual_size = 4096;

  std::unique_ptr<char[]> data = {};
  std::size_t size = 0;
};

/// What the connections of one server share. Outlives the server while one of them is left.
/// Threads: safe, but for what is said to be the loop's.
class hub {
 public:
  /// `one_thread`: all connections live on one loop, run by one thread.
  hub(const server_options& o, endpoint<request, response> h, context base,
      const asio::any_io_executor& ex, bool one_thread);
  ~hub();

  const server_options options;
  const endpoint<request, response> handler;
  const context base_context;
  const asio::any_io_executor executor;
  timer_wheel& wheel;

  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  void start_draining() noexcept { draining_.store(true, std::memory_order_relaxed); }

  void add(const std::shared_ptr<connection>& c);
  void remove(connection& c) noexcept;
  std::size_t size() const;
  /// How many more connections may be accepted.
  std::size_t room() const;
  /// A connection's handshake is over, however. Called more often it does nothing.
  void handshake_ended(connection& c) noexcept;
  void for_each(void (connection::*what)());

  /// Calls that once when next there is more room, on the thread that makes it. Empty: no call.
  void on_more_room(std::function<void()> call);

  // Of the connection's loop or strand: what one loop's connections pass on to each other, so that
  // idle ones hold nothing and busy ones need not allocate.
  std::unique_ptr<exchange> take_exchange();
  void give_back(std::unique_ptr<exchange> idle) noexcept;
  read_buffer take_buffer(std::size_t size);
  void give_back(read_buffer empty) noexcept;
  /// That span, a tenth more or less by chance. From any thread.
  std::chrono::milliseconds spread(std::chrono::milliseconds span);
  std::string_view date_at(time_point now, exchange& x) noexcept {
    return (one_thread_ ? date_ : x.date).at(now);
  }

 private:
  const bool one_thread_;
  mutable std::mutex mutex_;
  std::vector<connection*> connections_;
  std::size_t handshakes_ = 0;
  std::function<void()> on_more_room_;
  random_source random_ = random_source::from_entropy();
  std::atomic<bool> draining_{false};

  std::vector<std::unique_ptr<exchange>> spare_exchanges_;
  std::vector<read_buffer> spare_buffers_;
  date_clock date_;
};

}  // namespace kit::http::detail
