#include <transports/http/detail/request_stream.hpp>

#include <utility>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>

#include <transports/http/detail/connection.hpp>

namespace kit::http::detail {

request_stream::request_stream(connection& c, std::optional<std::uint64_t> size, body early)
    : executor_(c.executor()), size_(size), connection_(&c), early_(std::move(early)) {}

asio::awaitable<std::optional<std::string>> request_stream::read() {
  outcome o;
  if (auto ex = executor()) {
    co_await suspend([this, &ex, &o](auto handler) {
      asio::dispatch(std::exchange(ex, nullptr),
                     [self = shared_from_this(), &o, h = std::move(handler)]() mutable {
                       self->wait(o, std::move(h));
                     });
    });
  } else if (!ended_) {
    o.failure = failure_.value_or(error(errc::failed_precondition, "the request is over"));
  }
  if (o.failure) throw *std::move(o.failure);
  co_return std::move(o.chunk);
}

template <class Handler>
void request_stream::wait(outcome& into, Handler handler) {
  if (reader_) {
    into.failure = error(errc::failed_precondition, "the body is being read already");
    return asio::dispatch(std::move(handler));
  }
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.assign([weak = weak_from_this(), nr = reads_](asio::cancellation_type type) {
      const auto self = weak.lock();
      if (!self || type == asio::cancellation_type::none) return;
      if (const auto ex = self->executor()) asio::post(ex, [self, nr] { self->cancel(nr); });
    });
  }
  outcome_ = &into;
  reader_.store([h = std::move(handler)]() mutable { asio::dispatch(std::move(h)); });
  on_waiting();
}

void request_stream::on_waiting() {
  if (ended_) return resume(std::nullopt, std::nullopt);
  if (failure_) return resume(std::nullopt, failure_);
  if (!connection_) return detach();
  connection_->want_content();
}

void request_stream::resume(std::optional<std::string> chunk, std::optional<error> failure) {
  if (!reader_) return;
  ++reads_;
  auto& o = *std::exchange(outcome_, nullptr);
  o.chunk = std::move(chunk);
  o.failure = std::move(failure);
  reader_.resume();
}

void request_stream::give(std::string chunk) {
  resume(std::move(chunk), std::nullopt);
}

void request_stream::end(const headers& trailers) {
  trailers_ = trailers;
  ended_ = true;
  resume(std::nullopt, std::nullopt);
}

void request_stream::fail(error why) {
  if (ended_ || failure_) return;
  failure_ = std::move(why);
  resume(std::nullopt, failure_);
}

void request_stream::detach() {
  connection_ = nullptr;
  asio::any_io_executor released;
  {
    const std::lock_guard lock(mutex_);
    released = std::exchange(executor_, nullptr);
  }
  resume(std::nullopt, error(errc::failed_precondition, "the request is over"));
}

void request_stream::drop() noexcept {
  reader_.drop();
}

void request_stream::cancel(std::uint64_t nr) {
  if (nr != reads_ || !reader_) return;
  if (connection_) connection_->unwant_content();
  resume(std::nullopt, error(errc::canceled));
}

}  // namespace kit::http::detail
