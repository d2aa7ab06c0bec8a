#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kit/error.hpp>

/// Server-sent events: content of type `text/event-stream` (WHATWG HTML 9.2).
namespace kit::http {

/// The `Content-Type` of an event stream. Such an answer should not be given from a cache:
/// `Cache-Control: no-cache`.
inline constexpr std::string_view event_stream_type = "text/event-stream";

/// An event, as a server sends it and as a client sees it. All text is UTF-8.
struct server_sent_event {
  /// Lines are separated by LF; CR and CRLF arrive as LF.
  std::string data = {};
  /// The type that listeners are registered for; empty: `message`.
  std::string event = {};
  /// What a client that connects again sends as `Last-Event-ID`. Empty: it is to send none;
  /// nothing: as before.
  std::optional<std::string> id = {};
  /// How long a client is to wait before it connects again; 0 or more.
  std::optional<std::chrono::milliseconds> retry = {};

  friend bool operator==(const server_sent_event&, const server_sent_event&) = default;
};

/// Appends an event as it is sent, with the empty line that ends it.
/// Errors: throws `errc::invalid_argument` when `event` or `id` holds CR, LF or NUL, which would
///         end the field or make clients ignore it, and for a negative `retry`. Nothing is appended
///         then.
void append_event(std::string& out, const server_sent_event& e);
/// Appends a comment, which clients ignore: an empty one every 15 seconds or so keeps proxies from
/// closing the connection.
void append_event_comment(std::string& out, std::string_view text = {});

struct event_parser_options {
  /// One event with all its lines, in bytes, and one comment.
  std::size_t max_event_bytes = 1024 * 1024;
};

/// Parses an event stream, in pieces of any size, as browsers do: lines end with LF, CR or CRLF, a
/// byte order mark at the start is dropped, unknown fields are ignored, and so is an event that has
/// no `data` line or that the end of the stream cuts off. Text that is not UTF-8 is handed on as it
/// is.
class event_stream_parser {
 public:
  enum class state : std::uint8_t {
    need_more,  ///< all of the input was taken
    event,      ///< `event()` is there; call again with the rest of the input
    failed,     ///< an event is too large; nothing can be parsed any more
  };
  struct result {
    event_stream_parser::state state;
    std::size_t consumed;  ///< bytes of the input that were taken
  };

  explicit event_stream_parser(const event_parser_options& options = {}) noexcept
      : options_(options) {}

  /// Takes the input up to the end of the next event. What was taken must not be given again.
  result parse(std::string_view in);

  /// Set by `event`, until the next call. Its `id` and `retry` are those that came with it.
  server_sent_event& event() noexcept { return ready_; }
  /// For `Last-Event-ID` when the client connects again. It also changes with blocks that have an
  /// `id` but no `data`.
  const std::string& last_event_id() const noexcept { return last_id_; }
  /// The last wait that the server asked for.
  std::optional<std::chrono::milliseconds> retry() const noexcept { return retry_; }

 private:
  bool end_of_line();
  void take_field(std::string_view name, std::string_view value);
  bool dispatch();

  event_parser_options options_;
  std::string line_;  // the incomplete one
  server_sent_event next_;
  server_sent_event ready_;
  std::string last_id_;
  std::optional<std::chrono::milliseconds> retry_;
  std::size_t bytes_ = 0;  // of the block
  bool has_data_ = false;
  bool after_cr_ = false;  // an LF that follows belongs to the line before
  bool first_line_ = true;
  bool failed_ = false;
};

}  // namespace kit::http
