#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/error.hpp>
#include <kit/http/body.hpp>
#include <kit/parked.hpp>

namespace kit::http::detail {

class connection;

/// The content of a request that is still coming in, as its handler sees it. Takes from the
/// connection what there is, and has it wait for more.
///
/// May outlive the request: reading fails then. Cancelling a read loses nothing.
/// Threads: one reader, on any executor; all but `read` is the connection's, on its executor.
class request_stream final : public body_source,
                             public std::enable_shared_from_this<request_stream> {
 public:
  /// `early`: what had come with the head.
  request_stream(connection& c, std::optional<std::uint64_t> size, body early);

  asio::awaitable<std::optional<std::string>> read() override;
  std::optional<std::uint64_t> size() const noexcept override { return size_; }
  const headers& trailers() const noexcept override { return trailers_; }

  body take_early() noexcept { return std::move(early_); }
  /// Whether a reader waits. Each of the next three lets it go on, inside the call.
  bool wanted() const noexcept { return static_cast<bool>(reader_); }
  void give(std::string chunk);
  void end(const headers& trailers);
  void fail(error why);
  /// The request is over; the connection isn't used any more.
  void detach();
  /// Destroys the reader that waits: its loop is being destroyed.
  void drop() noexcept;

 private:
  struct outcome {
    std::optional<std::string> chunk;
    std::optional<error> failure;
  };

  asio::any_io_executor executor() const {
    const std::lock_guard lock(mutex_);
    return executor_;
  }
  template <class Handler>
  void wait(outcome& into, Handler handler);
  void on_waiting();
  void cancel(std::uint64_t nr);
  void resume(std::optional<std::string> chunk, std::optional<error> failure);

  mutable std::mutex mutex_;
  asio::any_io_executor executor_;  // none once detached: it mustn't outlive the loop; with mutex_
  const std::optional<std::uint64_t> size_;
  connection* connection_;
  body early_;
  headers trailers_;
  bool ended_ = false;
  std::optional<error> failure_;

  parked reader_;
  outcome* outcome_ = nullptr;  // where the reader looks
  std::uint64_t reads_ = 0;     // tells a late cancellation that its read has gone
};

}  // namespace kit::http::detail
