#include <asio/io_context.hpp>  // before its details, which don't stand alone

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>

#include <poll.h>
#include <asio/detail/reactor.hpp>
#include <asio/detail/reactor_op.hpp>
#include <asio/detail/scheduler.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>

#include <transports/http/detail/socket_watcher.hpp>

namespace kit::http::detail {

// Asio built on completions instead of readiness has no reactor.
#if defined(ASIO_HAS_IOCP) || defined(ASIO_HAS_IO_URING_AS_DEFAULT)

std::unique_ptr<socket_watcher> make_reactor_watcher(socket_watcher::owner& o,
                                                     const asio::any_io_executor& ex) {
  return make_descriptor_watcher(o, ex);
}

#else

namespace {

using asio::detail::reactor;
using asio::detail::reactor_op;
using asio::detail::scheduler;
using asio::detail::scheduler_operation;

std::uint8_t ready_now(int socket, std::uint8_t what) noexcept {
  pollfd p{.fd = socket, .events = 0, .revents = 0};
  if (what & socket_watcher::readable) p.events |= POLLIN;
  if (what & socket_watcher::writable) p.events |= POLLOUT;
  if (::poll(&p, 1, 0) <= 0) return socket_watcher::none;
  if (p.revents & (POLLERR | POLLHUP | POLLNVAL)) return what;
  std::uint8_t ready = socket_watcher::none;
  if (p.revents & POLLIN) ready |= socket_watcher::readable;
  if (p.revents & POLLOUT) ready |= socket_watcher::writable;
  return ready;
}

// The reactor tells of edges: what was ready and is not used up is not told of again. So
//  - a read operation is always under way, that no edge is missed,
//  - when the owner was told and wants more of it, the socket is asked,
//  - what came while it wasn't wanted is kept in mind.
// An exchange of a request and an answer on an open connection then costs no system call here.
class reactor_watcher final : public socket_watcher {
 public:
  reactor_watcher(owner& o, const asio::any_io_executor& ex)
      : owner_(o),
        executor_(ex),
        context_(asio::query(ex, asio::execution::context)),
        reactor_(asio::use_service<reactor>(context_)),
        scheduler_(asio::use_service<scheduler>(context_)) {
    reactor_.init_task();
  }
  ~reactor_watcher() override {
    for (const auto& [socket, w] : watches_)
      w->end();
  }

  void want(int socket, std::uint8_t what) override {
    auto& w = watches_[socket];
    if (!w) {
      w = std::make_shared<watch>(*this, socket);
      w->begin();
    }
    w->want(what);
  }
  void unread() noexcept override { ++unread_; }
  void forget(int socket) noexcept override {
    const auto found = watches_.find(socket);
    if (found == watches_.end()) return;
    found->second->end();
    watches_.erase(found);
  }

 private:
  class watch;

  // Only learns that the socket has become ready.
  class operation final : public reactor_op {
   public:
    operation(watch& w, std::uint8_t what)
        : reactor_op(std::error_code(), &perform, &complete), watch_(w), what_(what) {}

    void start() {
      self_ = watch_.shared_from_this();
      ec_ = std::error_code();
      starting_ = true;
      const int type = what_ == readable ? reactor::read_op : reactor::write_op;
      watch_.reactor_.start_op(type, watch_.socket_, watch_.registered_, this, true, true);
      starting_ = false;
    }
    bool pending() const noexcept { return self_ != nullptr; }

   private:
    static status perform(reactor_op* base) {
      return static_cast<operation*>(base)->starting_ ? not_done : done;
    }
    static void complete(void* owner, scheduler_operation* base, const std::error_code&,
                         std::size_t) {
      auto& op = *static_cast<operation*>(base);
      const auto w = std::move(op.self_);
      if (owner) w->became_ready(op.what_);
    }

    watch& watch_;
    const std::uint8_t what_;
    std::shared_ptr<watch> self_;  // while it is under way
    bool starting_ = false;
  };

  // Outlives the watcher until what is pending has come back.
  class watch : public std::enable_shared_from_this<watch> {
   public:
    watch(reactor_watcher& of, int socket)
        : watcher_(&of), reactor_(of.reactor_), scheduler_(of.scheduler_), socket_(socket) {}

    void begin() {
      failed_ = reactor_.register_descriptor(socket_, registered_) != 0;
      if (failed_) return;
      read_.start();
      rest();
    }

    void want(std::uint8_t what) {
      wanted_ = what;
      if (what == none) used_up_ = true;
      if (telling_) return;
      if (failed_) return tell_later(what);
      if (what == none) return rest();
      unrest();
      std::uint8_t ready = none;
      if (what & readable) {
        if (may_be_readable()) ready |= ready_now(socket_, readable);
        asked();
      }
      if ((what & writable) && !write_.pending()) {
        if (std::exchange(fresh_, false) || !ready_now(socket_, writable)) {
          write_.start();
        } else {
          ready |= writable;
        }
      }
      if (ready != none) tell_later(ready);
    }

    void end() noexcept {
      watcher_ = nullptr;
      wanted_ = none;
      unrest();
      if (!failed_) {
        reactor_.deregister_descriptor(socket_, registered_, false);
        reactor_.cleanup_descriptor_data(registered_);
      }
    }

    void became_ready(std::uint8_t what) {
      if (what == readable) unrest();
      if (!watcher_) return;
      if (wanted_ & what) {
        tell(what);
      } else if (what == readable) {
        missed_ |= what;
      }
      go_on();
    }

   private:
    friend class operation;

    // Without an edge to come.
    bool may_be_readable() const noexcept { return missed_ || unread_ != watcher_->unread_; }
    void asked() noexcept {
      missed_ = none;
      unread_ = watcher_->unread_;
    }
    void tell(std::uint8_t what) {
      telling_ = true;
      used_up_ = false;
      watcher_->owner_.ready(socket_, what);
      telling_ = false;
    }
    void tell_later(std::uint8_t what) {
      asio::post(watcher_->executor_, [self = shared_from_this(), what] {
        if (!self->watcher_) return;
        if (const std::uint8_t now = self->wanted_ & what; now != none) self->tell(now);
        self->go_on();
      });
    }
    // After the owner was told.
    void go_on() {
      if (!watcher_) return;
      fresh_ = false;
      if (failed_) {
        if (wanted_ != none) tell_later(wanted_);
        return;
      }
      if (!read_.pending()) read_.start();
      const bool none_to_read = used_up_ && !may_be_readable();
      const std::uint8_t open = none_to_read ? wanted_ & ~readable : wanted_;
      if (open & readable) asked();
      if (const auto ready = open == none ? open : ready_now(socket_, open)) {
        return tell_later(ready);
      }
      if ((wanted_ & writable) && !write_.pending()) write_.start();
      if (wanted_ == none) rest();
    }

    // The read operation of an idle connection is not work that the loop should wait for.
    void rest() noexcept {
      if (resting_ || !read_.pending()) return;
      resting_ = true;
      scheduler_.work_finished();
    }
    void unrest() noexcept {
      if (std::exchange(resting_, false)) scheduler_.work_started();
    }

    reactor_watcher* watcher_;
    reactor& reactor_;
    scheduler& scheduler_;
    const int socket_;
    reactor::per_descriptor_data registered_{};
    operation read_{*this, readable};
    operation write_{*this, writable};
    std::uint8_t wanted_ = none;
    std::uint8_t missed_ = none;  // became ready when it wasn't wanted
    bool fresh_ = true;           // cannot be ready yet, but by an edge to come
    bool telling_ = false;
    bool used_up_ = false;  // what there was to read: it was not wanted any more since
    bool resting_ = false;
    bool failed_ = false;       // to register
    std::uint64_t unread_ = 0;  // the watcher's when the socket was asked
  };

  owner& owner_;
  const asio::any_io_executor executor_;
  asio::execution_context& context_;
  reactor& reactor_;
  scheduler& scheduler_;
  std::unordered_map<int, std::shared_ptr<watch> > watches_;
  std::uint64_t unread_ = 0;  // how often that was said
};

}  // namespace

std::unique_ptr<socket_watcher> make_reactor_watcher(socket_watcher::owner& o,
                                                     const asio::any_io_executor& ex) {
  return std::make_unique<reactor_watcher>(o, ex);
}

#endif

}  // namespace kit::http::detail
