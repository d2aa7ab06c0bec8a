#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>

namespace kit::http::detail {

/// Who may send now, and who waits: the limits of a client's connections. No I/O, no time.
///
/// Those of one host come in the order they asked; a host at its limit doesn't hold up others.
class admission {
 public:
  struct limits {
    std::size_t per_host = 1;
    std::size_t total = 1;
    std::size_t waiting = 0;
    /// Calls on one connection to a host that multiplexes.
    std::size_t streams = 1;
  };
  enum class answer : std::uint8_t { admitted, waiting, refused };

  class host;
  /// One call's place. Stays where it is from `enter` until `leave`.
  class ticket {
   public:
    virtual ~ticket() = default;
    /// After `enter` returned `waiting`, inside another ticket's call. Must not call back.
    virtual void admitted() = 0;

   private:
    friend class admission;
    host* at_ = nullptr;
    bool running_ = false;
    std::list<ticket*>::iterator place_;
  };

  explicit admission(const limits& l) noexcept : limits_(l) {}

  answer enter(ticket& t, std::string_view origin);
  /// Ends a call, or takes it out of the queue; then admits whom it can.
  void leave(ticket& t);
  /// The host takes several calls on a connection, or doesn't any more. Admits whom it then can.
  void multiplexes(const ticket& t, bool does);

  std::size_t running() const noexcept { return running_; }
  std::size_t waiting() const noexcept { return waiting_; }

 private:
  bool has_room(const host& h) const noexcept;
  void run(ticket& t) noexcept;
  void admit();
  bool admit_next(host& h);
  void forget(host& h) noexcept;

  const limits limits_;
  std::map<std::string, host, std::less<>> hosts_;
  std::list<host*> queues_;  // those with waiting calls, in turn
  std::size_t running_ = 0;  // of hosts that don't multiplex
  std::size_t waiting_ = 0;
};

class admission::host {
 public:
  std::map<std::string, host, std::less<>>::iterator self;
  std::list<ticket*> queue;
  std::size_t running = 0;
  bool multiplexes = false;
};

}  // namespace kit::http::detail
