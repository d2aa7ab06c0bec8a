#include <transports/http/event_stream.hpp>

#include <memory>

#include <kit/http/event_stream.hpp>

namespace kit::http {
namespace {

// An empty comment, and the end of no event.
constexpr std::string_view filler = ":\n\n";

}  // namespace

asio::awaitable<void> event_sink::send(server_sent_event e) {
  std::string text;
  append_event(text, e);
  return out_.write(std::move(text));
}

asio::awaitable<void> event_sink::comment(std::string text) {
  std::string lines;
  append_event_comment(lines, text);
  return out_.write(std::move(lines));
}

std::string_view last_event_id(const request& r) noexcept {
  return r.headers.get("Last-Event-ID").value_or(std::string_view());
}

namespace detail {

response make_event_stream(std::unique_ptr<body_producer> producer,
                           const event_stream_options& options) {
  pushed_body_options how{.endless = true};
  if (options.keep_alive.count() != 0) {
    how.filler = filler;
    how.filler_after = options.keep_alive;
  }
  response r;
  r.headers.set("Content-Type", event_stream_type);
  r.headers.set("Cache-Control", "no-cache");
  r.headers.set("X-Accel-Buffering", "no");  // nginx: pass on what comes
  r.body = make_pushed_body(std::move(producer), std::move(how));
  return r;
}

}  // namespace detail
}  // namespace kit::http
