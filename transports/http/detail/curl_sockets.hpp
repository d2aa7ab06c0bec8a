#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <asio/any_io_executor.hpp>

#include <transports/http/detail/socket_watcher.hpp>

namespace kit::http::detail {

/// The sockets of a libcurl multi handle: opened and closed for it, and watched on the loop.
///
/// libcurl 7.88 closes a socket that has not connected without a word, and says only afterwards
/// that it is of no interest any more. The number can be another socket's by then, whose watching
/// would end. So a duplicate is watched until it has connected, which is closed only here.
///
/// Threads: the loop's, as `socket_watcher`'s.
class curl_sockets final : private socket_watcher::owner {
 public:
  class owner {
   public:
    virtual void ready(int socket) = 0;
    /// A socket of this handle has not connected. In this case, libcurl 7.88 forgets to go on with
    /// the next address until something else has it look at the handle. Called inside of libcurl.
    virtual void unconnected(void* easy) = 0;

   protected:
    ~owner() = default;
  };

  curl_sockets(owner& o, void* multi, const asio::any_io_executor& ex, bool one_thread);
  curl_sockets(const curl_sockets&) = delete;
  curl_sockets& operator=(const curl_sockets&) = delete;
  ~curl_sockets() { end(); }

  /// Has a handle open and close its sockets here. It must not outlive this object. From any
  /// thread.
  void serve(void* easy) noexcept;
  /// A handle goes on after a pause, before which it may have left something to read.
  void unread() noexcept { watcher_->unread(); }
  /// Watches nothing any more. After the multi handle's end, and before the loop's.
  void end() noexcept;

 private:
  struct callbacks;

  // It waits for a socket to become writable until that has connected, and only then for more.
  enum class stage : std::uint8_t { unknown, connecting, connected };
  struct entry {
    stage at = stage::unknown;
    int duplicate = -1;
    int original = -1;  // of this duplicate
  };

  void ready(int socket, std::uint8_t what) override;
  entry& at(int socket);
  void want(int socket, std::uint8_t what, void* easy);
  void want_connecting(int socket);
  void forget(int socket);

  owner& owner_;
  std::unique_ptr<socket_watcher> watcher_;
  std::vector<entry> entries_;  // by number
};

}  // namespace kit::http::detail
