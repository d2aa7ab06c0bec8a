#include <transports/http/detail/connection.hpp>

#include <algorithm>
#include <functional>
#include <utility>

#include <asio/dispatch.hpp>

#include <transports/http/detail/channel.hpp>

namespace kit::http::detail {
namespace {

// For what came in the moment when an idle connection was to be closed.
constexpr std::chrono::milliseconds last_look{50};

}  // namespace

connection::connection(std::shared_ptr<hub> h)
    : hub_(std::move(h)), timer_(hub_->wheel, &connection::on_timer_event, this) {}

connection::~connection() {
  timer_.quiesce();
  if (exchange_ && exchange_->content) exchange_->content->detach();
  hub_->remove(*this);
}

void connection::start() {
  if (phase_ == phase::closed) return;
  now_ = hub_->wheel.now();
  if (const auto age = hub_->options.max_connection_age; age.count() > 0) {
    too_old_at_ = saturating_add(now_, hub_->spread(age));
  }
  if (!has_handshake()) return await_first();
  enter(phase::handshake, in(hub_->options.tls_handshake_timeout));
  start_handshake();
}

void connection::on_handshake(const std::error_code& failed) {
  hub_->handshake_ended(*this);
  if (phase_ == phase::closed) return;
  now_ = hub_->wheel.now();
  if (!failed) return await_first();
  if (failed == not_secure()) {
    refuse({status::bad_request, "Client sent an HTTP request to an HTTPS server"});
    settle();
  } else if (failed == bad_proxy_header()) {
    close();
  } else {
    linger();  // so that the client can read what it was told
  }
}

void connection::await_first() {
  const auto& o = hub_->options;
  auto until = std::min(in(o.header_timeout), in(o.idle_timeout));
  if (hub_->draining()) until = std::min(until, saturating_add(now_, o.drain_idle_grace));
  enter(phase::idle, std::min(until, too_old_at_));
  read();
}

// --- time

void connection::enter(phase p, time_point deadline) {
  phase_ = p;
  deadline_ = deadline;
  watch();
}

// The timer is moved only to an earlier time: deadlines mostly move on before they are met.
void connection::watch() {
  auto next = std::min(deadline_, look_at_);
  if (exchange_) {
    next = std::min(
        {next, exchange_->write_deadline, exchange_->gone_deadline, exchange_->content_deadline});
  }
  if (next < armed_for_) {
    armed_for_ = next;
    timer_.arm(next);
  }
}

time_point connection::in(std::chrono::milliseconds span) const {
  return span.count() == 0 ? time_point::max() : saturating_add(now_, span);
}

time_point connection::body_deadline() const {
  const auto& o = hub_->options;
  if (o.min_body_rate == 0) return time_point::max();
  const auto bytes = exchange_->parser.body_size();
  return saturating_add(saturating_add(exchange_->body_start, o.body_grace),
                        std::chrono::milliseconds(bytes * 1000 / o.min_body_rate));
}

void connection::on_timer_event(void* self, timer_event event) {
  auto& c = *static_cast<connection*>(self);
  if (event == timer_event::due) return c.on_timer();
  // The loop is being destroyed. The frame that waits for content holds the connection, which holds
  // that frame.
  if (c.exchange_ && c.exchange_->content) std::shared_ptr(c.exchange_->content)->drop();
}

void connection::on_timer() {
  dispatch(&connection::on_deadline);
}

void connection::on_deadline() {
  armed_for_ = time_point::max();
  if (phase_ == phase::closed) return;
  now_ = hub_->wheel.now();
  if (now_ >= look_at_) {
    look_at_ = time_point::max();
    if (readable()) restart_read();
  }
  if (exchange_ && now_ >= exchange_->write_deadline) {
    close(true);
  } else if (exchange_ && now_ >= exchange_->gone_deadline) {
    exchange_->gone_deadline = time_point::max();
    cancel_request(errc::canceled);
  } else if (exchange_ && now_ >= exchange_->content_deadline) {
    content_overdue();
  } else if (now_ >= deadline_) {
    on_phase_deadline();
  }
  if (phase_ != phase::closed) watch();
}

void connection::on_phase_deadline() {
  deadline_ = time_point::max();
  switch (phase_) {
    case phase::body:
      if (exchange_->skip_left > 0) return close();  // it was answered
      [[fallthrough]];
    case phase::head:
      refuse({status::request_timeout, "the request took too long to arrive"});
      settle();
      break;
    case phase::running:
      if (exchange_->endless) return end_endless();  // the connection is too old
      enter(phase::overdue, saturating_add(now_, hub_->options.cancel_grace));
      cancel_request(errc::deadline_exceeded);
      break;
    case phase::overdue:
      abandon();
      break;
    case phase::idle:
      if (readable()) {  // just now
        restart_read();
        enter(phase::idle, now_ + last_look);
      } else {
        close();
      }
      break;
    case phase::handshake:
    case phase::lingering:
      close();
      break;
    case phase::answered:
    case phase::closed:
      break;
  }
}

// --- what the server asks for

void connection::drain() {
  dispatch(+[](connection& c) {
    if (c.phase_ == phase::idle || c.phase_ == phase::handshake) {
      c.now_ = c.hub_->wheel.now();
      const auto grace = saturating_add(c.now_, c.hub_->options.drain_idle_grace);
      c.enter(c.phase_, std::min(c.deadline_, grace));
    } else if (c.has_request_) {
      if (!c.streaming_) c.keep_alive_ = false;
      c.end_endless();
    }
  });
}

void connection::cancel() {
  dispatch(+[](connection& c) {
    if (c.phase_ == phase::closed) return;
    c.now_ = c.hub_->wheel.now();
    c.keep_alive_ = false;
    if (c.has_request_) {
      c.cancel_request(errc::canceled);
      return;
    }
    const bool skipping = c.phase_ == phase::body && c.exchange_->skip_left > 0;
    if (!skipping && (c.phase_ == phase::head || c.phase_ == phase::body)) {
      c.refuse({status::service_unavailable, "shutting down"});
      c.settle();
    } else if (skipping || !c.writing_) {
      c.close();
    }
  });
}

void connection::abort() {
  dispatch(+[](connection& c) { c.close(true); });
}

template <class F>
void connection::dispatch(F what) {
  auto live = weak_from_this().lock();
  if (!live) return;
  asio::dispatch(executor(), [c = std::move(live), what] { std::invoke(what, *c); });
}

}  // namespace kit::http::detail
