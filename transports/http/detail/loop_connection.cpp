#include <transports/http/detail/loop_connection.hpp>

#include <cerrno>
#include <new>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>
#include <asio/detail/reactor.hpp>
#include <asio/detail/reactor_op.hpp>
#include <asio/error.hpp>

#include <transports/http/detail/channel.hpp>
#include <transports/http/detail/socket_connection.hpp>

namespace kit::http::detail {

// Asio built on completions instead of readiness has no reactor.
#if defined(ASIO_HAS_IOCP) || defined(ASIO_HAS_IO_URING_AS_DEFAULT)

std::shared_ptr<connection> make_loop_connection(std::shared_ptr<hub> h, asio::io_context&,
                                                 int socket) {
  const auto& ex = h->executor;
  return make_socket_connection(std::move(h), ex, socket);
}

#else

namespace {

using asio::detail::reactor;
using asio::detail::reactor_op;
using asio::detail::scheduler_operation;

// A connection straight on Asio's reactor, as Asio's own sockets are. Beside them it
//  - makes no system call to find out that nothing has come yet: after a read that took all there
//    was, the next one only waits for the reactor's edge,
//  - takes a buffer only when there is something to read,
//  - allocates nothing per operation.
class loop_connection final : public connection {
 public:
  loop_connection(std::shared_ptr<hub> h, asio::io_context& loop, int socket)
      : connection(std::move(h)),
        reactor_(asio::use_service<reactor>(loop)),
        socket_(socket),
        channel_(socket, hub_->options),
        read_op_(*this),
        write_op_(*this) {
    const int failed = reactor_.register_descriptor(socket_, registered_);
    if (failed) throw std::system_error(failed, std::generic_category(), "register a connection");
  }
  ~loop_connection() override { close_io(false); }

  const asio::any_io_executor& executor() const noexcept override { return hub_->executor; }

 private:
  using wait = secure_step::wait;

  // Performed by the reactor whenever the socket has become ready: to be read from or to be written
  // to, which for a secure channel need not be what the operation is about.
  class operation : public reactor_op {
   public:
    operation(loop_connection& c, perform_func_type attempt, func_type completion)
        : reactor_op(std::error_code(), attempt, completion), connection_(c) {}

    void start(wait what_for, bool wait_first) {
      self_ = std::static_pointer_cast<loop_connection>(connection_.shared_from_this());
      ec_ = std::error_code();
      bytes_transferred_ = 0;
      waits_for_ = what_for;
      wait_first_ = wait_first;
      starting_ = true;
      const int type = what_for == wait::to_write ? reactor::write_op : reactor::read_op;
      connection_.reactor_.start_op(type, connection_.socket_, connection_.registered_, this, true,
                                    true);
      starting_ = wait_first_ = false;
    }
    bool pending() const noexcept { return self_ != nullptr; }

   protected:
    // Whether the reactor only tries what it need not.
    bool skip() noexcept { return std::exchange(wait_first_, false); }
    bool inside_start() const noexcept { return starting_; }
    // What the attempt comes to: it goes on waiting, is done, or has to wait for the other thing.
    status judge(const secure_step& s) noexcept {
      if (s.needs == waits_for_) return not_done;
      next_wait_ = s.needs;
      ec_ = s.error;
      bytes_transferred_ = s.size;
      return done;
    }
    // In its completion. True when it has been started anew, to wait for the other thing.
    bool moves_on() {
      const auto next = std::exchange(next_wait_, wait::none);
      if (next == wait::none) return false;
      start(next, false);
      return true;
    }
    std::shared_ptr<loop_connection> release() noexcept { return std::move(self_); }

    loop_connection& connection_;

   private:
    std::shared_ptr<loop_connection> self_;  // while it is under way
    wait waits_for_ = wait::to_read;
    wait next_wait_ = wait::none;
    bool wait_first_ = false;
    bool starting_ = false;
  };

  class read_operation final : public operation {
   public:
    explicit read_operation(loop_connection& c) : operation(c, &perform, &complete) {}

   private:
    static status perform(reactor_op* base) noexcept {
      auto& op = *static_cast<read_operation*>(base);
      if (op.skip()) return not_done;
      auto& c = op.connection_;
      const auto now = op.handshake_ ? c.channel_.handshake() : c.receive();
      // `complete` comes right after this, before the reactor looks for events again, unless this
      // is the attempt when it started, or the write goes first.
      op.drained_ = c.channel_.drained() && !op.inside_start() && !c.write_op_.pending();
      return op.judge(now);
    }
    static void complete(void* owner, scheduler_operation* base, const std::error_code&,
                         std::size_t) {
      auto& op = *static_cast<read_operation*>(base);
      const auto c = op.release();
      if (!owner) return;  // the loop is being destroyed
      if (op.moves_on()) return;
      if (std::exchange(op.again_, false) && op.ec_ == asio::error::operation_aborted &&
          c->socket_ >= 0) {
        return op.start(wait::to_read, false);
      }
      c->drained_ = op.drained_;
      if (std::exchange(op.handshake_, false)) {
        c->on_handshake(op.ec_);
      } else {
        c->on_read(op.ec_, op.bytes_transferred_);
      }
      c->drained_ = false;
    }

    bool drained_ = false;
    bool again_ = false;  // cancelled to be started anew
    bool handshake_ = false;

    friend class loop_connection;
  };

  class write_operation final : public operation {
   public:
    explicit write_operation(loop_connection& c) : operation(c, &perform, &complete) {}

   private:
    static status perform(reactor_op* base) noexcept {
      auto& op = *static_cast<write_operation*>(base);
      auto& channel = op.connection_.channel_;
      if (op.file_.size > 0) return op.judge(channel.send_file(op.file_));
      if (!op.ending_) return op.judge(channel.send(op.data_));
      return channel.say_end() ? done : not_done;
    }
    static void complete(void* owner, scheduler_operation* base, const std::error_code&,
                         std::size_t) {
      auto& op = *static_cast<write_operation*>(base);
      const auto c = op.release();
      if (op.ending_) {
        if (c->socket_ >= 0) c->channel_.shutdown_send();
      } else if (!owner) {
        c->on_write_lost();
      } else if (!op.moves_on()) {
        c->on_written(op.ec_, op.bytes_transferred_);
      }
    }

    std::string_view data_;
    file_region file_;     // instead
    bool ending_ = false;  // all was sent but the end

    friend class loop_connection;
  };

  secure_step receive() noexcept {
    try {
      return channel_.receive(read_room(read_buffer::usual_size));
    } catch (const std::bad_alloc&) {
      return {.error = std::make_error_code(std::errc::not_enough_memory)};
    }
  }

  bool has_handshake() const noexcept override { return channel_.has_handshake(); }
  void start_handshake() override {
    read_op_.handshake_ = true;
    read_op_.start(wait::to_read, drained_);
  }
  bool start_read(bool look_first) override {
    const bool only_wait = drained_ && !look_first;
    read_op_.start(wait::to_read, only_wait);
    return only_wait;
  }
  void restart_read() override {
    if (!read_op_.pending()) return;
    read_op_.again_ = true;
    reactor_.cancel_ops(socket_, registered_);
  }
  void start_write(std::string_view data) override {
    write_op_.data_ = data;
    write_op_.file_ = {};
    write_op_.start(wait::to_write, false);
  }
  io_result try_write(std::string_view data) noexcept override {
    return result_of(channel_.send(data));
  }
  bool can_send_file() const noexcept override { return channel_.can_send_file(); }
  void start_send_file(const file_region& file) override {
    write_op_.file_ = file;
    write_op_.start(wait::to_write, false);
  }
  io_result try_send_file(const file_region& file) noexcept override {
    return result_of(channel_.send_file(file));
  }
  bool readable() noexcept override { return channel_.readable(); }
  bool say_end() noexcept override { return channel_.say_end(); }
  void shutdown_send() noexcept override {
    if (channel_.say_end()) return channel_.shutdown_send();
    write_op_.ending_ = true;
    write_op_.file_ = {};
    write_op_.start(wait::to_write, false);
  }
  void close_io(bool reset) noexcept override {
    if (socket_ < 0) return;
    channel_.close(reset);
    reactor_.deregister_descriptor(socket_, registered_, true);
    ::close(std::exchange(socket_, -1));
    reactor_.cleanup_descriptor_data(registered_);
  }
  connection_info info() override { return channel_.info(); }

  reactor& reactor_;
  reactor::per_descriptor_data registered_{};
  int socket_;
  // In `on_read`: nothing is left to be read, and the reactor will tell of what comes. So at the
  // start, when it has just been registered.
  bool drained_ = true;
  channel channel_;
  read_operation read_op_;
  write_operation write_op_;
};

}  // namespace

std::shared_ptr<connection> make_loop_connection(std::shared_ptr<hub> h, asio::io_context& loop,
                                                 int socket) {
  try {
    return std::make_shared<loop_connection>(std::move(h), loop, socket);
  } catch (...) {
    ::close(socket);
    throw;
  }
}

#endif

}  // namespace kit::http::detail
