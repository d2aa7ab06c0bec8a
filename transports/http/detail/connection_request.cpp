// How a connection serves one request.
#include <algorithm>
#include <utility>

#include <kit/http/forwarded.hpp>
#include <kit/job.hpp>
#include <kit/this_context.hpp>
#include <transports/http/chunked.hpp>
#include <transports/http/detail/connection.hpp>
#include <transports/http/propagation.hpp>
#include <transports/http/response_writer.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http::detail {
namespace {

// Content from there on is sent from where it lies.
constexpr std::size_t least_moved = 32 * 1024;

error took_too_long() {
  return error(errc::deadline_exceeded, "the request took too long");
}

}  // namespace

void connection::begin() {
  const auto& o = hub_->options;
  auto& now = x();
  now.method = now.parser.message().method.known();
  now.version = now.parser.message().version;
  if (requests_++ == 0) first_request();
  const bool last =
      o.max_requests_per_connection != 0 && requests_ >= o.max_requests_per_connection;
  keep_alive_ = now.parser.keep_alive() && !last && !hub_->draining() && now_ < too_old_at_;
  may_send_more_ = now.parser.keep_alive();
  const bool streamed =
      o.stream_request_bodies &&
      (now.parsed == parse_state::need_body || now.parser.body_size() > o.limits.max_body_bytes);
  if (streamed) offer_content();
  const auto& message = now.parser.message();
  now.caller_deadline = time_point::max();
  if (const auto left =
          o.propagate && !streamed ? extract_timeout(message.headers) : std::nullopt) {
    now.caller_deadline = saturating_add(now_, *left);
  }
  const auto until = std::min(in(o.request_timeout), now.caller_deadline);
  // How long a streamed body takes isn't known.
  const auto limit = streamed ? time_point::max() : until;
  if (by_proxy_ || (o.propagate && has_metadata(message.headers)) ||
      has_credentials(message.headers, o.api_key_field)) {
    now.context.emplace(context_of(message), limit);
  } else {
    now.context.emplace(context_, limit);
  }
  if (o.access_log) note_request();
  has_request_ = true;
  streaming_ = false;
  if (eof_) now.gone_deadline = saturating_add(now_, o.half_close_grace);
  phase_ = phase::running;
  kit::launch(executor(), now.context->context(), *this);
  if (has_request_ && phase_ == phase::running && is_timed()) {
    enter(phase::running, until);
  }
}

void connection::first_request() {
  auto who = info();
  by_proxy_ = hub_->options.forwarding.trusts(who.remote_address);
  context_ = hub_->base_context.with(std::move(who));
}

// The connection's context, and what the request says of its client and its caller.
context connection::context_of(const request& r) const {
  auto ctx = context_;
  if (by_proxy_) {
    auto who = *ctx.get<connection_info>();
    auto client = find_client(who.remote_address, r.headers, hub_->options.forwarding);
    if (client.from == client_origin::basis::forwarded) {
      if (who.proxy_address.empty()) who.proxy_address = std::move(who.remote_address);
      who.remote_address = std::move(client.address);
      who.forwarded_scheme = std::move(client.scheme);
      who.forwarded_host = std::move(client.host);
      who.forwarded = true;
      ctx = ctx.with(std::move(who));
    }
  }
  ctx = extract_credentials(r.headers, hub_->options.api_key_field, std::move(ctx));
  return hub_->options.propagate ? extract_metadata(r.headers, std::move(ctx)) : ctx;
}

asio::awaitable<void> connection::run() {
  return serve(shared_from_this());
}

asio::awaitable<void> connection::serve(std::shared_ptr<connection> self) {
  auto& c = *self;
  auto& now = c.x();
  try {
    auto& answer = now.answer;
    auto call = c.hub_->handler.try_call(std::move(now.parser.message()));
    if (now.content) now.parser.message().body = now.content->take_early();
    answer.emplace(co_await std::move(call));
    if (*answer && !c.abandoned_) {
      const auto& body = (*answer)->body;
      if (body.is_stream() && body.source()->endless()) {
        co_await c.send_endless();
      } else if (body.is_stream() || !body.trailers().empty()) {
        co_await c.send_stream();
      }
    }
  } catch (...) {
    now.broken = std::current_exception();
  }
  c.kept_ = std::move(self);  // this frame goes before `done` comes
}

asio::awaitable<void> connection::send_stream() {
  auto& now = x();
  if (now.content && now.content.use_count() == 1) leave_content();  // nobody reads it any more
  streaming_ = true;
  const auto how = append_response_head(now.out, **now.answer, answer_context());
  keep_alive_ = how.keep_alive;
  now.framing = how.framing;
  if (how.framing == body_framing::none) co_return;
  if (!pumping_) flush();  // the first chunk may take its time
  auto& body = (*now.answer)->body;
  if (const auto file = body.is_stream() ? body.source()->file() : std::nullopt;
      file && how.framing == body_framing::bytes && can_send_file()) {
    co_return co_await send_file(*file);
  }
  const bool chunked = how.framing == body_framing::chunked;
  auto left = chunked ? std::nullopt : body.size();  // a length was said: not a byte more
  now.streamed_bytes = 0;
  while (phase_ != phase::closed && left != 0) {
    auto chunk = co_await body.read();
    if (!chunk) break;
    if (chunked) {
      append_chunk(now.out, *chunk);
    } else {
      const auto size = left ? std::min<std::uint64_t>(chunk->size(), *left) : chunk->size();
      now.out.append(*chunk, 0, static_cast<std::size_t>(size));
      if (left) *left -= size;
    }
    now.streamed_bytes += chunk->size();
    chunk.reset();  // not while a slow client takes it
    if (!flush() && phase_ != phase::closed) {
      co_await kit::suspend([&now](auto handler) { now.writer.store(std::move(handler)); });
    }
    renew_time();
  }
  if (left.value_or(0) > 0) throw error(errc::data_loss, "the body is shorter than it said");
  if (chunked) append_last_chunk(now.out, body.trailers());
}

// The system copies. How long that takes is for the time limit of writes to say.
asio::awaitable<void> connection::send_file(file_region file) {
  auto& now = x();
  now.streamed_bytes = file.size;
  now.file = file;
  if (phase_ == phase::running) enter(phase::running, time_point::max());
  if (!flush() && phase_ != phase::closed) {
    co_await kit::suspend([&now](auto handler) { now.writer.store(std::move(handler)); });
  }
  now.file = {};
}

// The time limit counts anew from each piece that was sent.
void connection::renew_time() {
  if (phase_ != phase::running || !is_timed()) return;
  now_ = hub_->wheel.now();
  enter(phase::running, std::min(in(hub_->options.request_timeout), exchange_->caller_deadline));
}

// The request's time limit was the handler's. The request goes on in its own context, which nobody
// cancels meanwhile but together with this one.
asio::awaitable<void> connection::send_endless() {
  auto& now = x();
  if (hub_->draining()) throw error(errc::unavailable, "shutting down");
  now.endless.emplace(context_);
  now.ended = false;
  if (phase_ == phase::running) enter(phase::running, too_old_at_);
  std::exception_ptr broken;
  try {
    co_await with_context(now.endless->context(), send_stream());
  } catch (...) {
    broken = std::current_exception();
  }
  if (!broken) co_return;
  if (!now.ended || !streaming_ || now.framing == body_framing::bytes)
    std::rethrow_exception(broken);
  if (now.framing == body_framing::chunked) append_last_chunk(now.out);
}

void connection::end_endless() {
  if (!exchange_ || !exchange_->endless) return;
  exchange_->ended = true;
  exchange_->endless->cancel();
}

void connection::done(std::exception_ptr failure) noexcept {
  const auto keep = std::move(kept_);
  auto& now = x();
  if (!pumping_) now_ = hub_->wheel.now();
  has_request_ = false;
  now.gone_deadline = time_point::max();
  now.endless.reset();
  leave_content();
  if (failure) now.broken = std::move(failure);
  if (phase_ == phase::closed || abandoned_) {
    if (now.notes && now.notes->running) {
      note_answer(streaming_ ? (*now.answer)->status : status::client_closed_request,
                  streaming_ ? now.streamed_bytes : 0);
      log_lost();
    }
    now.context.reset();
    return;
  }
  finish();
  if (!pumping_) pump();
}

void connection::finish() {
  auto& now = x();
  if (streaming_) note_answer((*now.answer)->status, now.streamed_bytes);
  if (now.broken && streaming_) return close(true);  // only the end can tell the client
  if (now.broken) now.answer = fail(to_error(std::exchange(now.broken, nullptr)));
  if (!streaming_) {
    if (!*now.answer) now.answer = error_response(settled_error());
    answer(std::move(**now.answer));
  } else {
    enter(phase::answered, time_point::max());
  }
  streaming_ = false;
  now.context.reset();
  now.answer.reset();
}

void connection::answer(response&& r) {
  auto& now = x();
  const auto size = r.body.bytes().size();
  const bool large = size >= least_moved;
  const auto how = large ? append_response_head(now.out, r, answer_context())
                         : append_response(now.out, r, answer_context());
  keep_alive_ = how.keep_alive;
  const bool content = how.framing == body_framing::bytes;
  if (large && content) now.tail = r.body.take();
  note_answer(r.status, content ? size : 0);
  enter(phase::answered, time_point::max());
}

// What the request failed with. A handler that was cancelled only knows that.
error connection::settled_error() const {
  const auto& now = *exchange_;
  const auto& failure = now.answer->error();
  if (failure.code() == errc::canceled) {
    if (now.context->context().cause() == errc::deadline_exceeded) {
      return took_too_long();
    }
    if (hub_->draining()) return error(errc::unavailable, "shutting down");
  }
  return failure;
}

// The handler doesn't return: answers in its place.
void connection::abandon() {
  if (streaming_) return close(true);
  abandoned_ = true;
  keep_alive_ = false;
  leave_content();
  answer(error_response(took_too_long()));
  settle();
}

void connection::cancel_request(errc why) {
  if (exchange_ && exchange_->endless) exchange_->endless->cancel(why);
  if (exchange_ && exchange_->context) exchange_->context->cancel(why);
}

response_context connection::answer_context() {
  auto& now = x();
  return {.version = now.version,
          .request_method = now.method,
          .keep_alive = keep_alive_,
          .date = hub_->date_at(now_, now)};
}

}  // namespace kit::http::detail
