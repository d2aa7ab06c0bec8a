#include <transports/http/detail/connection.hpp>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>

#include <kit/job.hpp>
#include <kit/http/date.hpp>
#include <transports/http/chunked.hpp>
#include <transports/http/connection_info.hpp>
#include <transports/http/detail/socket_io.hpp>
#include <transports/http/detail/stream_io.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http::detail {
namespace {

// A read buffer that is small while little comes, as most connections are idle most of the time.
constexpr std::size_t first_buffer = 512;
constexpr std::size_t busy_buffer = 4096;
// While a request runs, what comes behind it is read up to here.
constexpr std::size_t max_ahead = 64 * 1024;
constexpr std::size_t kept_out_capacity = 1024;
// Answers to pipelined requests are collected up to here.
constexpr std::size_t flush_at = 64 * 1024;
constexpr std::chrono::milliseconds linger_time{1'000};

// The Date field's value changes once a second; `now` only tells when to look again.
std::string_view date_at(time_point now) {
  thread_local date_text text;
  thread_local time_point next{};
  if (now >= next || now + std::chrono::seconds(1) < next) {
    const auto wall = std::chrono::system_clock::now();
    const auto second = std::chrono::floor<std::chrono::seconds>(wall);
    text = format_date(second);
    next = now + std::chrono::duration_cast<duration>(second + std::chrono::seconds(1) - wall);
  }
  return to_view(text);
}

}  // namespace

template <class Io>
connection<Io>::connection(std::shared_ptr<hub> h, Io io)
    : hub_(std::move(h)),
      io_(std::move(io)),
      timer_(hub_->wheel, on_due<&connection::on_timer>, *this),
      parser_(hub_->options.limits) {
  hub_->add(*this);
}

template <class Io>
connection<Io>::~connection() {
  timer_.quiesce();
  hub_->remove(*this);
}

template <class Io>
void connection<Io>::start() {
  now_ = hub_->wheel.now();
  enter(phase::idle, in(hub_->options.header_timeout));
  read();
}

// --- reading

template <class Io>
void connection<Io>::read() {
  if (reading_ || phase_ == phase::closed || !make_room()) return;
  reading_ = true;
  io_.read(
      in_.get() + in_end_, in_size_ - in_end_,
      [c = self()](const std::error_code& failed, std::size_t size) { c->on_read(failed, size); });
}

template <class Io>
bool connection<Io>::make_room() {
  if (in_begin_ == in_end_) {
    in_begin_ = in_end_ = 0;
    if (in_size_ > busy_buffer && phase_ == phase::idle) in_size_ = 0;
  }
  if (in_end_ < in_size_) return true;
  if (in_begin_ > 0) {
    std::memmove(in_.get(), in_.get() + in_begin_, in_end_ - in_begin_);
    in_end_ -= std::exchange(in_begin_, 0);
    return true;
  }
  if (has_request_ && in_size_ >= max_ahead) return false;
  const std::size_t larger = in_size_ == 0 ? first_buffer : std::max(busy_buffer, in_size_ * 4);
  auto fresh = std::make_unique_for_overwrite<char[]>(larger);
  if (in_end_ > 0) std::memcpy(fresh.get(), in_.get(), in_end_);
  in_ = std::move(fresh);
  in_size_ = larger;
  return true;
}

template <class Io>
void connection<Io>::on_read(const std::error_code& failed, std::size_t size) {
  reading_ = false;
  if (phase_ == phase::closed) return;
  now_ = hub_->wheel.now();
  if (failed) {
    if (has_request_) {
      cancel_request(errc::canceled);  // the client went away
    } else if (!writing_) {
      close();
    }
    return;
  }
  if (phase_ == phase::lingering) {
    read();
    return;
  }
  in_end_ += size;
  if (has_request_) {
    read();
  } else {
    pump();
  }
}

// Serves all complete requests there are, as far as they end at once.
template <class Io>
void connection<Io>::pump() {
  pumping_ = true;
  while (!has_request_ && !writing_ && keep_alive_ && in_begin_ < in_end_ &&
         phase_ != phase::closed) {
    const auto r = parser_.parse({in_.get() + in_begin_, in_end_ - in_begin_});
    in_begin_ += r.consumed;
    if (phase_ == phase::body) body_bytes_ += r.consumed;
    parsed_ = r.state;
    if (parsed_ == parse_state::complete) {
      begin();
      if (out_.size() > flush_at && !streaming_) flush();
    } else {
      if (parsed_ == parse_state::failed) refuse(parser_.error());
      break;
    }
  }
  pumping_ = false;
  if (phase_ == phase::closed) return;
  if (has_request_) {
    if (!streaming_) flush();
    read();  // to see the client go away
  } else if (flush()) {
    if (keep_alive_) {
      await_more();
    } else if (refused_) {
      linger();
    } else {
      close();
    }
  }
}

template <class Io>
void connection<Io>::await_more() {
  const auto& o = hub_->options;
  if (parsed_ == parse_state::need_body) {
    if (phase_ != phase::body) {
      body_start_ = now_;
      body_bytes_ = 0;
    }
    enter(phase::body, body_deadline());
    if (parser_.wants_continue()) {
      parser_.continue_sent();
      out_ += continue_response;
      if (!flush()) return;
    }
  } else if (in_begin_ < in_end_ || (parsed_ == parse_state::need_head && parser_.started())) {
    const bool first = requests_ == 0;  // its time has run since the connection's start
    if (phase_ != phase::head) enter(phase::head, first ? deadline_ : in(o.header_timeout));
  } else {
    enter(phase::idle, in(hub_->draining() ? o.drain_idle_grace : o.idle_timeout));
  }
  read();
}

template <class Io>
void connection<Io>::refuse(const protocol_error& why) {
  keep_alive_ = false;
  refused_ = true;
  append_response(out_, response::text(why.status, why.text),
                  {.keep_alive = false, .date = date_at(now_)});
}

// --- one request

template <class Io>
void connection<Io>::begin() {
  const auto& o = hub_->options;
  auto& req = parser_.message();
  method_ = req.method.known();
  version_ = req.version;
  ++requests_;
  keep_alive_ = parser_.keep_alive() && !hub_->draining() &&
                (o.max_requests_per_connection == 0 || requests_ < o.max_requests_per_connection);
  if (requests_ == 1) {
    connection_context_ =
        hub_->base_context.with(connection_info{io_.remote_address(), io_.local_address()});
  }
  request_context_.emplace(connection_context_, in(o.request_timeout));
  has_request_ = true;
  streaming_ = false;
  phase_ = phase::running;
  kit::launch(io_.get_executor(), request_context_->context(), *this);
  if (has_request_ && phase_ == phase::running) enter(phase::running, request_deadline());
}

template <class Io>
asio::awaitable<void> connection<Io>::run() {
  return serve(self(), std::move(parser_.message()));
}

template <class Io>
asio::awaitable<void> connection<Io>::serve(self_ptr self, request req) {
  self->response_ = co_await self->hub_->handler.try_call(std::move(req));
  if (self->response_ && self->response_->body.is_stream()) co_await self->send_stream();
}

template <class Io>
asio::awaitable<void> connection<Io>::send_stream() {
  streaming_ = true;
  const auto how = append_response_head(out_, *response_, answer_context());
  keep_alive_ = how.keep_alive;
  if (how.framing == body_framing::none) co_return;
  auto& body = response_->body;
  for (bool more = true; more;) {
    const auto chunk = co_await body.read();
    more = chunk.has_value();
    if (!more) {
      if (how.framing == body_framing::chunked) append_last_chunk(out_, body.trailers());
    } else if (how.framing == body_framing::chunked) {
      append_chunk(out_, *chunk);
    } else {
      out_ += *chunk;
    }
    if (!flush() && phase_ != phase::closed) {
      co_await kit::suspend([this](auto handler) { writer_.store(std::move(handler)); });
    }
    if (phase_ == phase::closed) throw error(errc::canceled, "the client went away");
  }
}

template <class Io>
void connection<Io>::done(std::exception_ptr failure) noexcept {
  if (failure) {
    if (streaming_) {  // the answer breaks off; only the end of the connection can tell
      has_request_ = false;
      close();
      return;
    }
    response_ = fail(to_error(failure));
  }
  if (!pumping_) now_ = hub_->wheel.now();
  finish();
  if (!pumping_ && phase_ != phase::closed) pump();
}

template <class Io>
void connection<Io>::finish() {
  has_request_ = false;
  if (!streaming_) {
    if (!response_) {
      const auto& e = response_.error();
      const bool ended_by_drain = e.code() == errc::canceled && hub_->draining();
      response_ = error_response(ended_by_drain ? error(errc::unavailable, "shutting down") : e);
    }
    keep_alive_ = append_response(out_, *response_, answer_context()).keep_alive;
  }
  streaming_ = false;
  request_context_.reset();
  response_ = response();
}

template <class Io>
response_context connection<Io>::answer_context() const {
  return {.version = version_,
          .request_method = method_,
          .keep_alive = keep_alive_,
          .date = date_at(now_)};
}

template <class Io>
void connection<Io>::cancel_request(errc why) {
  if (request_context_) request_context_->cancel(why);
}

// --- writing

// True when all is out; false when the rest follows by itself, or the connection is closed.
template <class Io>
bool connection<Io>::flush() {
  if (writing_ || phase_ == phase::closed) return false;
  if (out_.empty()) return true;
  const auto r = io_.try_write(out_);
  if (r.error) {
    close();
    return false;
  }
  if (r.size < out_.size()) {
    sending_ = std::move(out_);
    sent_ = r.size;
    write_rest();
  }
  out_.clear();
  if (out_.capacity() > kept_out_capacity) out_.shrink_to_fit();
  return !writing_;
}

template <class Io>
void connection<Io>::write_rest() {
  writing_ = true;
  if (!has_request_ || streaming_) enter(phase::writing, in(hub_->options.write_timeout));
  io_.write_some(std::string_view(sending_).substr(sent_),
                 [c = self()](const std::error_code& failed, std::size_t size) {
                   c->on_written(failed, size);
                 });
}

template <class Io>
void connection<Io>::on_written(const std::error_code& failed, std::size_t size) {
  writing_ = false;
  if (phase_ == phase::closed) return;
  now_ = hub_->wheel.now();
  sent_ += size;
  if (failed) {
    close();
    return;
  }
  if (sent_ < sending_.size()) {
    write_rest();
    return;
  }
  std::string().swap(sending_);
  if (!flush()) return;
  if (writer_) {
    enter(phase::running, request_deadline());
    writer_.resume();
  } else if (!has_request_) {
    pump();
  }
}

// --- time and the end

template <class Io>
void connection<Io>::enter(phase p, time_point deadline) {
  phase_ = p;
  deadline_ = deadline;
  if (deadline < armed_for_) {
    armed_for_ = deadline;
    timer_.arm(deadline);
  }
}

template <class Io>
time_point connection<Io>::in(std::chrono::milliseconds span) const {
  return span.count() == 0 ? time_point::max() : now_ + span;
}

template <class Io>
time_point connection<Io>::request_deadline() const {
  return request_context_ ? request_context_->context().deadline().value_or(time_point::max())
                          : time_point::max();
}

template <class Io>
time_point connection<Io>::body_deadline() const {
  const auto& o = hub_->options;
  if (o.min_body_rate == 0) return time_point::max();
  return body_start_ + o.body_grace +
         std::chrono::milliseconds(body_bytes_ * 1000 / o.min_body_rate);
}

template <class Io>
void connection<Io>::on_timer() {
  dispatch(&connection::on_deadline);
}

template <class Io>
void connection<Io>::on_deadline() {
  armed_for_ = time_point::max();
  now_ = hub_->wheel.now();
  if (now_ < deadline_) {
    enter(phase_, deadline_);
    return;
  }
  switch (phase_) {
    case phase::head:
    case phase::body:
      refuse({status::request_timeout, "the request took too long to arrive"});
      pump();
      break;
    case phase::running:
      deadline_ = time_point::max();
      cancel_request(errc::deadline_exceeded);
      break;
    case phase::idle:
    case phase::writing:
    case phase::lingering:
      close();
      break;
    case phase::closed:
      break;
  }
}

// RFC 9112 9.6: closing while the client still sends would reset the connection, and the client
// might lose the answer.
template <class Io>
void connection<Io>::linger() {
  io_.shutdown_send();
  in_begin_ = in_end_ = 0;
  enter(phase::lingering, now_ + linger_time);
  read();
}

template <class Io>
void connection<Io>::close() {
  if (phase_ == phase::closed) return;
  phase_ = phase::closed;
  timer_.disarm();
  io_.close();
  if (has_request_) cancel_request(errc::canceled);
  if (writer_) writer_.resume();
}

template <class Io>
void connection<Io>::drain() {
  dispatch(+[](connection& c) {
    c.now_ = c.hub_->wheel.now();
    if (c.phase_ == phase::idle) {
      c.enter(phase::idle, std::min(c.deadline_, c.in(c.hub_->options.drain_idle_grace)));
    } else if (c.has_request_ && !c.streaming_) {
      c.keep_alive_ = false;
    }
  });
}

template <class Io>
void connection<Io>::cancel() {
  dispatch(+[](connection& c) {
    c.keep_alive_ = false;
    if (c.has_request_) {
      c.cancel_request(errc::canceled);
    } else {
      c.close();
    }
  });
}

template <class Io>
void connection<Io>::abort() {
  dispatch(&connection::close);
}

template <class Io>
template <class F>
void connection<Io>::dispatch(F what) {
  const auto live = weak_from_this().lock();
  if (!live) return;
  asio::dispatch(io_.get_executor(),
                 [c = std::static_pointer_cast<connection>(live), what] { std::invoke(what, *c); });
}

template class connection<socket_io<asio::io_context::executor_type>>;
template class connection<socket_io<asio::any_io_executor>>;
template class connection<stream_io>;

}  // namespace kit::http::detail
