#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/http/body.hpp>
#include <kit/http/headers.hpp>
#include <kit/monitor.hpp>

namespace kit::http::detail {

/// A request's streamed content, on its way from the coroutine that reads its source to libcurl:
/// one chunk at a time. Threads: any.
class upload : public std::enable_shared_from_this<upload> {
 public:
  explicit upload(body content);

  /// Starts to read, on a coroutine there, in that context. `wake` is called when `take` has
  /// something to give after it had nothing.
  void start(const asio::any_io_executor& ex, const context& ctx, std::function<void()> wake);
  /// Reads no further.
  void cancel();

  enum class state : std::uint8_t { data, nothing_yet, end, failed };
  struct taken {
    upload::state state = state::end;
    std::size_t size = 0;
  };
  taken take(char* into, std::size_t room);

  /// Whether `take` has given everything.
  bool all_taken() const;
  std::optional<std::uint64_t> size() const noexcept { return size_; }
  /// After the end.
  const headers& trailers() const noexcept { return content_.trailers(); }
  /// After `failed`.
  error failure() const;

 private:
  static asio::awaitable<void> pump(std::shared_ptr<upload> self);
  bool put(std::optional<std::string> chunk);
  void fail(error why);
  void wake_up();

  body content_;
  const std::optional<std::uint64_t> size_;
  std::optional<cancel_source> reading_;
  std::function<void()> wake_;

  mutable monitor changes_;  // of what follows
  std::string chunk_;
  std::size_t taken_ = 0;    // of the chunk
  std::uint64_t given_ = 0;  // in all
  bool starved_ = false;     // `take` found nothing
  bool ended_ = false;
  bool cancelled_ = false;
  std::optional<error> failure_;
};

/// An answer's streamed content, on its way from libcurl to who reads it. Threads: any.
class download {
 public:
  /// What is kept for the reader; more is refused until he has taken it.
  static constexpr std::size_t max_pieces = 4;
  /// Bytes of a piece. Longer ones, of which the reader has one while another comes, are given back
  /// to the system by malloc after each, and cost page faults.
  static constexpr std::size_t piece_size = 32 * 1024;
  /// After so many that were there already, `read` lets others go on: with each, libcurl may bring
  /// as much again.
  static constexpr std::size_t max_at_once = 8;

  /// False, and nothing taken, when there is enough already: `read` will call `resume`. With `must`
  /// it is taken all the same.
  bool put(std::string_view data, bool must);
  /// Whether the last `put` was refused, and `read` has not called `resume` since.
  bool held_up() const;
  void end(std::optional<error> failure, headers trailers);

  /// Errors: `deadline_exceeded` when nothing has come until then.
  asio::awaitable<std::optional<std::string>> read(time_point until, std::function<void()> resume);
  /// After the end.
  const headers& trailers() const noexcept { return trailers_; }

 private:
  mutable monitor changes_;  // of what follows
  std::deque<std::string> ready_;
  std::size_t last_read_ = 0;  // the next is mostly as long
  std::size_t at_once_ = 0;    // pieces read since somebody else could go on
  bool held_up_ = false;       // libcurl waits
  bool ended_ = false;
  std::optional<error> failure_;
  headers trailers_;
};

}  // namespace kit::http::detail
