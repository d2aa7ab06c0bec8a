// How a connection hands the content of a request to its handler piece by piece.
#include <memory>
#include <string>
#include <utility>

#include <transports/http/detail/connection.hpp>
#include <transports/http/response_writer.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http::detail {
namespace {

// What is read and thrown away of a body that its handler didn't read, to keep the connection.
constexpr std::uint64_t max_skipped = 256 * 1024;
// Less of a body is read with what may come behind it.
constexpr std::uint64_t least_direct = 4 * 1024;
// A deadline that isn't met, of a timer that tells of the loop's end all the same.
constexpr time_point never = time_point::max() - duration(1);

error refusal(const protocol_error& why) {
  const auto code = why.status == status::content_too_large ||
                            why.status == status::request_header_fields_too_large
                        ? errc::resource_exhausted
                        : errc::invalid_argument;
  return error(code, std::string(why.text)).with(error_status{why.status});
}

}  // namespace

// Of the request that is about to start: the rest of its content will be read through a stream.
void connection::offer_content() {
  auto& now = x();
  auto& message = now.parser.message();
  std::optional<std::uint64_t> size;
  if (now.parser.body_left() > 0) size = now.parser.body_size() + now.parser.body_left();
  now.content = std::make_shared<request_stream>(*this, size, std::move(message.body));
  message.body = body(now.content);
  now.waited = {};
}

// The handler waits for content. `on_waiting` of the stream calls it.
void connection::want_content() {
  now_ = hub_->wheel.now();
  auto& now = x();
  if (now.parser.wants_continue() && !streaming_) {
    now.parser.continue_sent();
    now.out += continue_response;
    flush();
  }
  now.wanted_since = now_;
  feed();
  if (phase_ == phase::closed || !busy()) return;
  if (now.content && now.content->wanted()) wait_for_content();
  read();
}

void connection::unwant_content() {
  now_ = hub_->wheel.now();
  stop_waiting();
}

// Hands over what there is, if it is waited for.
void connection::feed() {
  if (!exchange_ || !exchange_->content || !exchange_->content->wanted()) return;
  auto& now = *exchange_;
  const auto content = now.content;  // the request may end meanwhile
  if (now.parsed == parse_state::need_body && in_begin_ < in_end_) {
    const auto r = now.parser.parse({in_.data.get() + in_begin_, in_end_ - in_begin_});
    in_begin_ += r.consumed;
    now.parsed = r.state;
  }
  auto& arrived = now.parser.message().body;
  if (!arrived.bytes().empty()) {
    stop_waiting();
    content->give(arrived.take());
  } else if (now.parsed == parse_state::complete) {
    stop_waiting();
    content->end(arrived.trailers());
  } else if (now.parsed == parse_state::failed) {
    fail_content(refusal(now.parser.error()));
  } else if (eof_) {
    fail_content(error(errc::canceled, "the client broke the body off")
                     .with(error_status{status::bad_request}));
  }
}

// Whether all that comes next is content, and much of it, which is waited for.
bool connection::reads_content() const noexcept {
  if (!exchange_ || !exchange_->content || in_begin_ < in_end_) return false;
  const auto& now = *exchange_;
  return now.parsed == parse_state::need_body && now.parser.body_left() >= least_direct &&
         now.content->wanted();
}

// It was read; the request may have ended meanwhile.
void connection::put_content(std::size_t size) {
  auto& now = x();
  now.direct.resize(size);
  now.parsed = now.parser.put(std::exchange(now.direct, {}));
  if (now.content) return;
  now.parser.message().body = {};
  if (now.parsed == parse_state::complete) now.skip_left = 0;
}

// It must come at the least rate, counted over the time that it was waited for. Meanwhile the time
// limit of the request stands still.
void connection::wait_for_content() {
  auto& now = x();
  const auto& o = hub_->options;
  now.content_deadline = never;
  if (o.min_body_rate != 0) {
    const std::chrono::milliseconds earned(now.parser.body_size() * 1000 / o.min_body_rate);
    const auto left = saturating_add(saturating_add(now.wanted_since, o.body_grace), earned);
    now.content_deadline = std::min(never, left - now.waited);
  }
  if (phase_ == phase::running) deadline_ = time_point::max();
  watch();
}

void connection::stop_waiting() {
  auto& now = x();
  if (now.content_deadline == time_point::max()) return;
  now.content_deadline = time_point::max();
  now.waited += now_ - now.wanted_since;
  if (phase_ == phase::running && !now.endless) {
    enter(phase::running, in(hub_->options.request_timeout));
  }
}

void connection::content_overdue() {
  fail_content(error(errc::deadline_exceeded, "the request took too long to arrive")
                   .with(error_status{status::request_timeout}));
}

// The framing is lost: after the answer the connection must be closed.
void connection::fail_content(error why) {
  keep_alive_ = false;
  may_send_more_ = true;
  stop_waiting();
  const auto content = x().content;
  content->fail(std::move(why));
}

// The request is over. What is left of its content is read and thrown away, if that is little.
void connection::leave_content() {
  auto& now = x();
  if (!now.content) return;
  stop_waiting();
  const auto content = std::exchange(now.content, nullptr);
  if (now.parsed == parse_state::need_body) {
    may_send_more_ = true;
    if (now.parser.wants_continue() || now.parser.body_left() > max_skipped) {
      keep_alive_ = false;  // who waits for 100 Continue may send the body, or not
    } else {
      now.skip_left = max_skipped;
    }
  }
  now.parser.message().body = {};
  content->detach();
}

// True when the rest is over, and the next request follows.
bool connection::skip() {
  auto& now = x();
  const auto r = now.parser.parse({in_.data.get() + in_begin_, in_end_ - in_begin_});
  in_begin_ += r.consumed;
  now.parsed = r.state;
  const auto size = now.parser.message().body.take().size();
  if (r.state == parse_state::need_body && size < now.skip_left) {
    now.skip_left -= size;
    return false;
  }
  now.skip_left = 0;
  if (r.state == parse_state::complete) return true;
  keep_alive_ = false;
  may_send_more_ = true;
  return false;
}

}  // namespace kit::http::detail
