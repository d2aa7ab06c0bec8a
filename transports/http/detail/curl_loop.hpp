#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution_context.hpp>

#include <kit/error.hpp>
#include <kit/timer.hpp>
#include <transports/http/client_options.hpp>
#include <transports/http/detail/admission.hpp>
#include <transports/http/detail/curl_sockets.hpp>
#include <transports/http/detail/curl_transfer.hpp>

namespace kit::http::detail {

/// A client's connections on one loop: libcurl's multi handle, driven by the loop's reactor and
/// timers. Made on the first call from there, and ends with the client or the loop.
///
/// Threads: what is said to be the loop's, on the loop's thread where one thread runs it, else on a
/// strand: `run` goes there. The rest from any.
class curl_loop final : public std::enable_shared_from_this<curl_loop>,
                        private curl_sockets::owner {
 public:
  static std::shared_ptr<curl_loop> make(std::shared_ptr<const client_options> options,
                                         const asio::any_io_executor& ex);
  curl_loop(std::shared_ptr<const client_options> options, const asio::any_io_executor& ex);
  curl_loop(const curl_loop&) = delete;
  curl_loop& operator=(const curl_loop&) = delete;
  ~curl_loop();

  const asio::execution_context& context() const noexcept { return context_; }
  timer_wheel& wheel() const noexcept { return wheel_; }
  bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

  /// A handle for a call, maybe one that served another before.
  std::shared_ptr<curl_transfer> take();
  void give_back(std::shared_ptr<curl_transfer> done);

  template <class F>
  void run(F f) {
    if (closed()) return;
    if (one_thread_) return f();
    asio::dispatch(executor_, [self = shared_from_this(), f = std::move(f)]() mutable { f(); });
  }
  /// Aborts a call that nobody waits for any more. From any thread, also after the loop's end.
  void drop(std::shared_ptr<curl_transfer> t);
  /// Ends all that goes on. From any thread, also after the loop's end.
  void abandon();
  /// The same, inside the end of the loop: nobody is told.
  void shut_down() noexcept;

  // --- the loop's

  void start(std::shared_ptr<curl_transfer> t);
  /// Aborts a call; does nothing to one that has ended.
  void cancel(const std::shared_ptr<curl_transfer>& t, call_failure::stage why);
  /// Has libcurl ask again for content that it was told to wait for.
  void send_on(const std::shared_ptr<curl_transfer>& t);
  /// Has it hand over more of an answer, after it was told that nobody takes more.
  void read_on(const std::shared_ptr<curl_transfer>& t);

  // What its transfers tell.
  void admitted(curl_transfer& t);
  /// From any thread; `call` says which of those that the transfer serves.
  void time_is_over(curl_transfer& t, std::uint64_t call);
  void speaks_http_2(curl_transfer& t);
  void head_came(curl_transfer& t) { headed_.push_back(&t); }
  void answered_early(curl_transfer& t) { answered_.push_back(&t); }
  void resume_soon(curl_transfer& t) { resumable_.push_back(&t); }

 private:
  void ready(int socket) override;
  void unconnected(void* easy) override;
  void on_timer();
  void on_timeout(long milliseconds);
  void add(curl_transfer& t);
  void refuse(curl_transfer& t, error why);
  void end(curl_transfer& t);
  void drive(int socket, int events);
  void take_messages();
  void take_heads();
  void take_early_answers();
  void end_call(curl_transfer& t, int code);
  bool is_due() const noexcept;
  void kick();
  void on_kick();
  void start_admitted();

  const std::shared_ptr<const client_options> options_;
  const bool one_thread_;
  asio::any_io_executor executor_;  // none after the end: a strand must not outlive its loop
  asio::execution_context& context_;
  timer_wheel& wheel_;
  std::atomic<bool> closed_{false};

  // The loop's.
  void* multi_;  // CURLM*
  curl_sockets sockets_;
  std::optional<kit::timer> timer_;
  admission admission_;
  std::unordered_map<curl_transfer*, std::shared_ptr<curl_transfer>> running_;
  std::vector<curl_transfer*> admitted_;  // and not yet given to libcurl
  // What came up inside libcurl, and must not be done there: its functions cannot be called then.
  std::vector<curl_transfer*> headed_;     // whose caller may go on
  std::vector<curl_transfer*> answered_;   // all is here, though not all was sent
  std::vector<curl_transfer*> resumable_;  // to be asked to send again
  std::vector<curl_transfer*> stuck_;      // to be looked at again
  bool driving_ = false;
  bool kicked_ = false;       // libcurl wants to be called at once
  bool kick_is_due_ = false;  // and will be

  std::mutex spare_mutex_;
  std::vector<std::shared_ptr<curl_transfer>> spare_;
};

}  // namespace kit::http::detail
