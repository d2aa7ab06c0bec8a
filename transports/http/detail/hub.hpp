#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include <kit/context.hpp>
#include <kit/endpoint.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/timer.hpp>
#include <transports/http/server_options.hpp>

namespace kit::http::detail {

/// What a server can ask of a connection, from any thread. A connection lives as long as it has an
/// operation or a request under way.
class connection_base : public std::enable_shared_from_this<connection_base> {
 public:
  virtual ~connection_base() = default;
  /// Answers what is on its way, then closes.
  virtual void drain() = 0;
  /// Cancels the running request and takes no further one.
  virtual void cancel() = 0;
  /// Closes whatever goes on.
  virtual void abort() = 0;

 private:
  friend class hub;
  std::size_t place_ = 0;  // among the hub's connections
};

/// What the connections of one server share. Outlives the server while one of them is left.
/// Threads: safe.
class hub {
 public:
  hub(const server_options& o, endpoint<request, response> h, context base, timer_wheel& w)
      : options(o), handler(std::move(h)), base_context(std::move(base)), wheel(w) {}

  const server_options options;
  const endpoint<request, response> handler;
  const context base_context;
  timer_wheel& wheel;

  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  void start_draining() noexcept { draining_.store(true, std::memory_order_relaxed); }

  void add(connection_base& c);
  void remove(connection_base& c);
  std::size_t size() const;
  void for_each(void (connection_base::*what)());

  /// Calls that once when next a connection leaves, on its thread. Empty: no call.
  void on_next_left(std::function<void()> call);

 private:
  mutable std::mutex mutex_;
  std::vector<connection_base*> connections_;
  std::function<void()> on_left_;
  std::atomic<bool> draining_{false};
};

}  // namespace kit::http::detail
