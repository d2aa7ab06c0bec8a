#include <transports/http/event_stream.hpp>

#include <memory>

#include <kit/error.hpp>

namespace kit::http {
namespace {

// An empty comment, and the end of no event.
constexpr std::string_view filler = ":\n\n";

}  // namespace

asio::awaitable<void> event_sink::send(event e) {
  return out_.write(format(e));
}

asio::awaitable<void> event_sink::comment(std::string text) {
  using namespace std::string_view_literals;
  if (text.find_first_of("\r\n\0"sv) != text.npos) {
    throw error(errc::invalid_argument, "event_sink: a comment must not contain CR, LF or NUL");
  }
  return out_.write(':' + std::move(text) + "\n\n");
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
  r.headers.set("Content-Type", "text/event-stream");
  r.headers.set("Cache-Control", "no-cache");
  r.headers.set("X-Accel-Buffering", "no");  // nginx: pass on what comes
  r.body = make_pushed_body(std::move(producer), std::move(how));
  return r;
}

}  // namespace detail
}  // namespace kit::http
