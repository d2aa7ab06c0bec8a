#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/connection_info.hpp>
#include <kit/context.hpp>
#include <kit/job.hpp>
#include <kit/stream.hpp>
#include <kit/timer.hpp>
#include <transports/http/detail/exchange.hpp>
#include <transports/http/detail/hub.hpp>
#include <transports/http/response_writer.hpp>

namespace kit::http::detail {

/// One connection of a server, over whatever I/O the derived class does. Reading goes by calls, so
/// that an idle connection has no coroutine, no buffer and no parser; each request runs as a job on
/// a coroutine thread of its own.
///
/// With TLS, `start_handshake` -> `on_handshake` come first.
/// The way of a request: `start_read` -> `on_read` -> `pump` (parse) -> `begin` -> `serve` (the
/// handler) -> `done` -> `finish` (serialize) -> `settle` -> `flush` (send) -> `start_read` again.
/// Requests of one connection run one at a time; their answers leave together where several came
/// together.
///
/// Lives as long as it has an operation or a request under way: each holds a handle.
/// Threads: all on `executor()`, but for `drain`, `cancel` and `abort`.
class connection : public std::enable_shared_from_this<connection>, private kit::job {
 public:
  virtual ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Starts to serve. Once, on `executor()`.
  void start();

  /// Answers what is on its way, then closes. From any thread.
  void drain();
  /// Cancels the running request and takes no further one. From any thread.
  void cancel();
  /// Closes whatever goes on. From any thread.
  void abort();

  /// Where its handlers run.
  virtual const asio::any_io_executor& executor() const noexcept = 0;

 protected:
  explicit connection(std::shared_ptr<hub> h);

  const std::shared_ptr<hub> hub_;

  /// Where to read to; a buffer of that size is made when there is none.
  std::span<char> read_room(std::size_t first);
  /// The end of `start_handshake`, never inside of it.
  void on_handshake(const std::error_code& failed);
  /// The end of `start_read`, never inside of it.
  void on_read(const std::error_code& failed, std::size_t size);
  /// The end of `start_write`, never inside of it.
  void on_written(const std::error_code& failed, std::size_t size);
  /// That it never comes, as the loop is being destroyed.
  void on_write_lost() noexcept;

  /// The handler of a write that calls one of the two.
  class write_handler {
   public:
    explicit write_handler(std::shared_ptr<connection> c) noexcept : connection_(std::move(c)) {}
    write_handler(write_handler&&) noexcept = default;
    write_handler& operator=(write_handler&&) = delete;
    ~write_handler() {
      if (connection_) connection_->on_write_lost();
    }
    void operator()(const std::error_code& failed, std::size_t size) {
      const auto c = std::move(connection_);
      c->on_written(failed, size);
    }

   private:
    std::shared_ptr<connection> connection_;
  };

 private:
  friend class hub;
  friend class request_stream;
  enum class phase : std::uint8_t {
    handshake,  // of TLS, or a load balancer's header
    idle,       // no byte of a request yet
    head,       // in a header section
    body,       // in the content
    running,    // the handler has the request
    overdue,    // it has still, and was cancelled
    answered,   // the answer is on its way
    lingering,  // all is said; waiting for the client's end, so that it can read the answer
    closed,
  };

  // What the derived class does. One read and one write at a time, each ended by its call above,
  // also after `close_io`; each holds a handle to the connection meanwhile.
  //
  // Whether something comes before the first request: TLS, or a load balancer's header.
  virtual bool has_handshake() const noexcept { return false; }
  virtual void start_handshake() {}
  // Reads. Where it knows that all which had come was read, and needn't `look_first`, it may only
  // wait for what comes next, and returns true. The client's end may then have come before.
  virtual bool start_read(bool look_first) = 0;
  // Starts the read that is under way anew, and looks first.
  virtual void restart_read() {}
  virtual void start_write(std::string_view data) = 0;
  virtual io_result try_write(std::string_view data) noexcept = 0;
  // Whether the system can copy from a file; by the next two then, as by the two above.
  virtual bool can_send_file() const noexcept { return false; }
  virtual void start_send_file(const file_region&) {}
  virtual io_result try_send_file(const file_region&) noexcept { return {}; }
  /// Whether there is something to read, as far as that can be known.
  virtual bool readable() noexcept = 0;
  /// Says that nothing more will be sent, where the protocol below HTTP has words for it. False
  /// when that doesn't go out without waiting; `shutdown_send` then sees to it.
  virtual bool say_end() noexcept { return true; }
  virtual void shutdown_send() noexcept = 0;
  /// `reset`: what was sent and not acknowledged is forgotten.
  virtual void close_io(bool reset) noexcept = 0;
  virtual connection_info info() = 0;

  // Reading (connection_input.cpp).
  exchange& x();
  void read();
  void release_buffer() noexcept;
  void on_end(const std::error_code& failed);
  void pump();
  bool skip();
  void settle();
  void await_more();
  void refuse(const protocol_error& why);

  // The content of a request, where that is streamed (connection_content.cpp).
  void offer_content();
  void want_content();
  void unwant_content();
  void feed();
  bool reads_content() const noexcept;
  void put_content(std::size_t size);
  void wait_for_content();
  void stop_waiting();
  void content_overdue();
  void fail_content(error why);
  void leave_content();

  // One request (connection_request.cpp).
  void begin();
  void first_request();
  context context_of(const request& r) const;
  asio::awaitable<void> run() override;
  static asio::awaitable<void> serve(std::shared_ptr<connection> self);
  asio::awaitable<void> send_stream();
  asio::awaitable<void> send_file(file_region file);
  asio::awaitable<void> send_endless();
  void renew_time();
  void done(std::exception_ptr failure) noexcept override;
  void finish();
  void answer(response&& r);
  void abandon();
  void cancel_request(errc why);
  void end_endless();
  error settled_error() const;
  response_context answer_context();

  // Whether the running request's time counts at the moment.
  bool is_timed() const noexcept {
    return !exchange_->endless && exchange_->file.size == 0 &&
           exchange_->content_deadline == time_point::max();
  }
  // Whether the answer is still to come.
  bool busy() const noexcept { return has_request_ && !abandoned_; }

  // The access log (connection_log.cpp).
  void note_request();
  void note_answer(status s, std::uint64_t bytes);
  void log_sent();
  void log_lost();

  // Writing (connection_output.cpp).
  bool flush();
  bool flush_file();
  bool all_out();
  void write_rest();
  void end();
  void linger();
  void close(bool reset = false);

  // Time (connection.cpp).
  void enter(phase p, time_point deadline);
  void watch();
  void await_first();
  time_point in(std::chrono::milliseconds span) const;
  time_point body_deadline() const;
  static void on_timer_event(void* self, timer_event event);
  void on_timer();
  void on_deadline();
  void on_phase_deadline();
  template <class F>
  void dispatch(F what);

  timer timer_;
  time_point now_;                            // when the present event began
  time_point deadline_ = time_point::max();   // of the present phase
  time_point armed_for_ = time_point::max();  // when the timer fires; no later than any deadline

  std::unique_ptr<exchange> exchange_;  // none while idle
  read_buffer in_;
  std::size_t in_begin_ = 0, in_end_ = 0;
  std::shared_ptr<connection> kept_;  // from the end of the job's frame to `done`
  context context_;                   // of all its requests

  time_point too_old_at_ = time_point::max();
  time_point look_at_ = time_point::max();  // whether the client's end came with its last bytes
  std::size_t place_ = SIZE_MAX;            // among the hub's connections
  std::size_t requests_ = 0;
  phase phase_ = phase::idle;
  bool keep_alive_ = true;      // after the present request
  bool may_send_more_ = false;  // the client doesn't know that it is the last one
  bool reading_ = false;        // a read is under way
  bool direct_ = false;         // it goes to `exchange::direct`
  bool writing_ = false;        // a write is under way
  bool pumping_ = false;        // in pump, so that done need not call it
  bool has_request_ = false;    // the job runs
  bool abandoned_ = false;      // and its answer isn't waited for
  bool streaming_ = false;      // the job writes the answer
  bool eof_ = false;            // the client's sending side has ended
  bool handshaking_ = false;    // the hub's: it counts as a handshake
  bool by_proxy_ = false;       // the peer is one that is believed
};

}  // namespace kit::http::detail
