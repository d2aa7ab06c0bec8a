// How a connection reads: from bytes to requests.
#include <algorithm>
#include <cstring>
#include <utility>

#include <asio/error.hpp>

#include <transports/http/detail/connection.hpp>
#include <transports/http/response_writer.hpp>

namespace kit::http::detail {
namespace {

// While a request runs, what comes behind it is read up to here: to see the client go away.
constexpr std::size_t max_ahead = 16 * 1024;
// For bodies that come faster than they fit, and so much of a streamed one is read ahead.
constexpr std::size_t body_buffer = 64 * 1024;
// When an idle connection is looked at, in case that the client's end came with its request.
constexpr std::chrono::milliseconds look_again{100};
// Answers to pipelined requests are collected up to here.
constexpr std::size_t flush_at = 64 * 1024;

}  // namespace

exchange& connection::x() {
  if (!exchange_) exchange_ = hub_->take_exchange();
  return *exchange_;
}

void connection::read() {
  if (reading_ || eof_) return;
  if (busy() && in_end_ - in_begin_ >= (exchange_->content ? body_buffer : max_ahead)) return;
  reading_ = true;
  if (start_read(busy() || phase_ != phase::idle)) {
    look_at_ = now_ + look_again;
    watch();
  }
}

std::span<char> connection::read_room(std::size_t first) {
  direct_ = reads_content();
  if (direct_) {
    auto& to = exchange_->direct;
    to.resize(std::min<std::uint64_t>(exchange_->parser.body_left(), body_buffer));
    return to;
  }
  if (in_begin_ == in_end_) {
    const bool in_body = phase_ == phase::body || (exchange_ && exchange_->content);
    if (in_body && in_end_ == in_.size && in_.size < body_buffer) {
      hub_->give_back(std::exchange(in_, {}));
      first = body_buffer;
    }
    in_begin_ = in_end_ = 0;
  }
  if (in_.size == 0) in_ = hub_->take_buffer(first);
  if (in_end_ == in_.size && in_begin_ > 0) {
    std::memmove(in_.data.get(), in_.data.get() + in_begin_, in_end_ - in_begin_);
    in_end_ -= std::exchange(in_begin_, 0);
  } else if (in_end_ == in_.size) {
    auto larger = hub_->take_buffer(std::max(read_buffer::usual_size, in_.size * 2));
    std::memcpy(larger.data.get(), in_.data.get(), in_end_);
    hub_->give_back(std::exchange(in_, std::move(larger)));
  }
  return {in_.data.get() + in_end_, in_.size - in_end_};
}

void connection::release_buffer() noexcept {
  if (reading_) return;  // it may be reading into it
  in_begin_ = in_end_ = 0;
  if (in_.size > 0) hub_->give_back(std::exchange(in_, {}));
}

void connection::on_read(const std::error_code& failed, std::size_t size) {
  reading_ = false;
  look_at_ = time_point::max();
  if (phase_ == phase::closed) return;
  now_ = hub_->wheel.now();
  if (phase_ == phase::lingering) return failed ? close() : read();  // into the same place
  if (failed) return on_end(failed);
  if (std::exchange(direct_, false)) {
    put_content(size);
  } else {
    in_end_ += size;
  }
  if (!busy()) return pump();
  feed();
  if (busy()) read();
}

// The client has gone away, or has only said all it wanted to say: that looks the same.
void connection::on_end(const std::error_code& failed) {
  eof_ = true;
  if (failed != asio::error::eof) return close();
  feed();
  if (phase_ == phase::closed) return;
  if (busy()) {
    const auto grace = hub_->options.half_close_grace;
    if (grace.count() == 0) return cancel_request(errc::canceled);
    x().gone_deadline = saturating_add(now_, grace);
    watch();
  } else if (!writing_) {
    close();
  }
}

// Serves all complete requests there are, as far as they end at once.
void connection::pump() {
  pumping_ = true;
  while (in_begin_ < in_end_ && !has_request_ && !writing_ && keep_alive_ &&
         phase_ != phase::closed) {
    auto& now = x();
    if ((now.out.size() > flush_at || !now.tail.empty()) && !flush()) break;
    if (now.skip_left > 0) {
      if (!skip()) break;
      continue;
    }
    const auto r = now.parser.parse({in_.data.get() + in_begin_, in_end_ - in_begin_});
    in_begin_ += r.consumed;
    now.parsed = r.state;
    if (r.state == parse_state::complete ||
        (r.state == parse_state::need_body && hub_->options.stream_request_bodies)) {
      begin();
    } else {
      if (r.state == parse_state::failed) refuse(now.parser.error());
      break;
    }
  }
  pumping_ = false;
  settle();
}

// Sends what there is, and waits for what is next.
void connection::settle() {
  if (phase_ == phase::closed) return;
  const bool all_out = flush();
  if (phase_ == phase::closed) return;
  if (busy()) {
    if (in_begin_ == in_end_) release_buffer();
    read();  // to see the client go away
  } else if (all_out) {
    if (keep_alive_) {
      await_more();
    } else {
      end();
    }
  }
}

void connection::await_more() {
  if (eof_) return close();
  const auto& o = hub_->options;
  const bool unread = in_begin_ < in_end_;
  if (!unread) release_buffer();
  if (!exchange_ || (exchange_->parsed == parse_state::complete && !unread)) {
    if (exchange_) hub_->give_back(std::move(exchange_));
    const auto until =
        hub_->draining() ? saturating_add(now_, o.drain_idle_grace) : in(o.idle_timeout);
    enter(phase::idle, std::min(until, too_old_at_));
    return read();
  }
  auto& next = x();
  if (next.parsed == parse_state::need_body) {
    if (phase_ != phase::body) next.body_start = now_;
    enter(phase::body, body_deadline());
    if (next.parser.wants_continue()) {
      next.parser.continue_sent();
      next.out += continue_response;
      if (!flush()) return;
    }
  } else if (phase_ != phase::head) {
    enter(phase::head, in(o.header_timeout));
  }
  read();
}

void connection::refuse(const protocol_error& why) {
  keep_alive_ = false;
  may_send_more_ = true;
  x().method = method::get;  // it isn't known what was meant
  answer(response::text(why.status, why.text));
}

}  // namespace kit::http::detail
