#pragma once

#include <cstdint>
#include <memory>

#include <asio/any_io_executor.hpp>

namespace kit::http::detail {

/// Tells the owner when sockets that belong to somebody else are ready, as long as that is wanted:
/// by level, so that what was told and not used up is told again.
///
/// Threads: all on the executor given, on which `ready` is called, too.
class socket_watcher {
 public:
  enum events : std::uint8_t { none = 0, readable = 1, writable = 2 };

  class owner {
   public:
    /// Never inside of `want`. May call all members.
    virtual void ready(int socket, std::uint8_t what) = 0;

   protected:
    ~owner() = default;
  };

  socket_watcher() = default;
  socket_watcher(const socket_watcher&) = delete;
  socket_watcher& operator=(const socket_watcher&) = delete;
  virtual ~socket_watcher() = default;

  /// Changes what is wanted, maybe to nothing: a socket that is likely to be wanted again stays
  /// registered. It doesn't keep the loop running meanwhile.
  virtual void want(int socket, std::uint8_t what) = 0;
  /// Sockets may have something left to read from when that wasn't wanted any more: they are asked
  /// when it is wanted again.
  virtual void unread() noexcept = 0;
  /// Forgets the socket. Before it is closed.
  virtual void forget(int socket) noexcept = 0;
};

/// For a loop run by one thread: straight on Asio's reactor, without a system call where the same
/// is wanted again.
std::unique_ptr<socket_watcher> make_reactor_watcher(socket_watcher::owner& o,
                                                     const asio::any_io_executor& ex);
/// For a strand, or whatever else runs one thing at a time.
std::unique_ptr<socket_watcher> make_descriptor_watcher(socket_watcher::owner& o,
                                                        const asio::any_io_executor& ex);

}  // namespace kit::http::detail
