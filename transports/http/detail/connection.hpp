#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <asio/awaitable.hpp>

#include <kit/context.hpp>
#include <kit/parked.hpp>
#include <kit/detail/runner.hpp>
#include <kit/result.hpp>
#include <kit/timer.hpp>
#include <transports/http/detail/hub.hpp>
#include <transports/http/request_parser.hpp>
#include <transports/http/response_writer.hpp>

namespace kit::http::detail {

/// One connection of a server. Reading goes by callbacks, so that an idle connection has no
/// coroutine; each request runs as a job on a coroutine thread of its own.
///
/// The way of a request: `read` -> `on_read` -> `pump` (parse) -> `begin` -> `run` (the handler) ->
/// `done` -> `finish` (serialize) -> `flush` (send) -> `read` again.
/// Requests of one connection run one at a time; their answers leave together where several came
/// together. Threads: all on the I/O's executor, but for the members of `connection_base`.
template <class Io>
class connection final : public connection_base, public kit::job {
 public:
  connection(std::shared_ptr<hub> h, Io io);
  ~connection() override;

  /// Starts to serve. Call once.
  void start();

  void drain() override;
  void cancel() override;
  void abort() override;

 private:
  enum class phase : std::uint8_t {
    idle,       // no byte of a request yet
    head,       // in a header section
    body,       // in the content
    running,    // the handler has the request
    writing,    // the client doesn't take the answer as fast as it comes
    lingering,  // all is said; waiting for the client's end, so that it can read the answer
    closed,
  };
  using self_ptr = std::shared_ptr<connection>;
  self_ptr self() { return std::static_pointer_cast<connection>(shared_from_this()); }

  void read();
  bool make_room();
  void on_read(const std::error_code& failed, std::size_t size);
  void pump();
  void await_more();
  void refuse(const protocol_error& why);

  void begin();
  asio::awaitable<void> run() override;
  static asio::awaitable<void> serve(self_ptr self, request req);
  asio::awaitable<void> send_stream();
  void done(std::exception_ptr failure) noexcept override;
  void finish();
  void cancel_request(errc why);
  response_context answer_context() const;

  bool flush();
  void write_rest();
  void on_written(const std::error_code& failed, std::size_t size);

  void enter(phase p, time_point deadline);
  time_point in(std::chrono::milliseconds span) const;
  time_point request_deadline() const;
  time_point body_deadline() const;
  void on_timer();
  void on_deadline();
  void linger();
  void close();
  /// Calls it on the I/O's executor while the connection lives.
  template <class F>
  void dispatch(F what);

  const std::shared_ptr<hub> hub_;
  Io io_;
  timer timer_;
  time_point now_;                            // when the present event began
  time_point deadline_ = time_point::max();   // of the present phase
  time_point armed_for_ = time_point::max();  // when the timer fires; not after deadline_

  request_parser parser_;
  std::unique_ptr<char[]> in_;
  std::size_t in_size_ = 0, in_begin_ = 0, in_end_ = 0;
  time_point body_start_;
  std::uint64_t body_bytes_ = 0;

  std::string out_;             // to be sent next
  std::string sending_;         // what a write is at
  std::size_t sent_ = 0;        // of that
  kit::parked writer_;  // the job, waiting for all to be sent

  context connection_context_;
  std::optional<cancel_source> request_context_;
  result<response> response_;
  std::size_t requests_ = 0;
  method::id method_ = method::get;
  version version_ = version::http_1_1;

  phase phase_ = phase::idle;
  parse_state parsed_ = parse_state::need_head;
  bool keep_alive_ = true;    // after the present request
  bool reading_ = false;      // a read is under way
  bool writing_ = false;      // a write is under way
  bool pumping_ = false;      // in pump, so that done need not call it
  bool has_request_ = false;  // between begin and finish
  bool streaming_ = false;    // the job writes the answer
  bool refused_ = false;      // the client may still be sending
};

}  // namespace kit::http::detail
