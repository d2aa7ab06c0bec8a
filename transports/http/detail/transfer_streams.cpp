#include <transports/http/detail/transfer_streams.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/this_context.hpp>
#include <transports/http/call_failure.hpp>

namespace kit::http::detail {

// --- upload

upload::upload(body content) : content_(std::move(content)), size_(content_.size()) {}

void upload::start(const asio::any_io_executor& ex, const context& ctx,
                   std::function<void()> wake) {
  wake_ = std::move(wake);
  reading_.emplace(ctx);
  asio::co_spawn(ex, with_context(reading_->context(), pump(shared_from_this())),
                 [self = shared_from_this()](std::exception_ptr failure) {
                   if (failure) self->fail(to_error(std::move(failure)));
                 });
}

void upload::cancel() {
  {
    const auto lock = changes_.lock();
    cancelled_ = true;
    changes_.notify_all();
  }
  if (reading_) reading_->cancel();
}

asio::awaitable<void> upload::pump(std::shared_ptr<upload> self) {
  for (bool more = true; more;) {
    more = self->put(co_await self->content_.read());
    self->wake_up();
    auto lock = self->changes_.lock();
    while (!self->cancelled_ && self->taken_ < self->chunk_.size()) {
      if (co_await self->changes_.wait(std::move(lock)) == wake::cancelled) co_return;
      lock = self->changes_.lock();
    }
    more = more && !self->cancelled_;
  }
}

// False at the end.
bool upload::put(std::optional<std::string> chunk) {
  const auto lock = changes_.lock();
  taken_ = 0;
  if (chunk && size_) {  // a length was said: not a byte more
    chunk->resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(chunk->size(), *size_ - given_)));
  }
  chunk_ = chunk ? std::move(*chunk) : std::string();
  given_ += chunk_.size();
  if (!chunk && size_ && given_ < *size_) {
    failure_ = error(errc::data_loss, "the body is shorter than it said");
  }
  ended_ = !chunk || (size_ && given_ == *size_);
  return !ended_;
}

void upload::fail(error why) {
  {
    const auto lock = changes_.lock();
    if (ended_ || failure_) return;
    failure_ = std::move(why);
  }
  wake_up();
}

void upload::wake_up() {
  {
    const auto lock = changes_.lock();
    if (!std::exchange(starved_, false)) return;
  }
  wake_();
}

upload::taken upload::take(char* into, std::size_t room) {
  const auto lock = changes_.lock();
  if (failure_) return {state::failed};
  const auto size = std::min(room, chunk_.size() - taken_);
  if (size > 0) {
    std::memcpy(into, chunk_.data() + taken_, size);
    taken_ += size;
    if (taken_ == chunk_.size()) changes_.notify_all();
    return {state::data, size};
  }
  if (ended_) return {state::end};
  starved_ = true;
  return {state::nothing_yet};
}

bool upload::all_taken() const {
  const auto lock = changes_.lock();
  return ended_ && taken_ == chunk_.size();
}

error upload::failure() const {
  const auto lock = changes_.lock();
  return failure_.value_or(errc::unknown);
}

// --- download

bool download::put(std::string_view data, bool must) {
  const auto lock = changes_.lock();
  if (ready_.size() >= max_pieces && !must) {
    held_up_ = true;
    return false;
  }
  if (ready_.empty()) changes_.notify_all();
  if (ready_.empty() || ready_.back().size() + data.size() > piece_size) {
    ready_.emplace_back().reserve(std::max(last_read_, data.size()));
  }
  ready_.back() += data;
  return true;
}

bool download::held_up() const {
  const auto lock = changes_.lock();
  return held_up_;
}

void download::end(std::optional<error> failure, headers trailers) {
  const auto lock = changes_.lock();
  if (ended_) return;
  ended_ = true;
  failure_ = std::move(failure);
  trailers_ = std::move(trailers);
  changes_.notify_all();
}

asio::awaitable<std::optional<std::string>> download::read(time_point until,
                                                           std::function<void()> resume) {
  if (at_once_ == max_at_once) {
    at_once_ = 0;
    co_await asio::post(asio::use_awaitable);
  }
  auto lock = changes_.lock();
  while (ready_.empty() && !ended_) {
    at_once_ = 0;
    const auto why = co_await changes_.wait(std::move(lock), until);
    if (why == wake::cancelled) throw std::system_error(asio::error::operation_aborted);
    lock = changes_.lock();
    if (why == wake::timed_out && ready_.empty() && !ended_) {
      throw error(errc::deadline_exceeded, "given up while waiting for more of the answer")
          .with(call_failure{call_failure::stage::timeout, true});
    }
  }
  if (!ready_.empty()) {
    auto chunk = std::move(ready_.front());
    ready_.pop_front();
    last_read_ = chunk.size();
    ++at_once_;
    const bool go_on = held_up_ && ready_.size() <= max_pieces / 2;
    if (go_on) held_up_ = false;
    lock.unlock();
    if (go_on) resume();
    co_return chunk;
  }
  if (failure_) throw error(*failure_);
  co_return std::nullopt;
}

}  // namespace kit::http::detail
