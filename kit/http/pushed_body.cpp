#include <kit/http/pushed_body.hpp>

#include <exception>
#include <mutex>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>

#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/monitor.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

namespace kit::http {
namespace detail {

// What the reader and the producer share. The producer's coroutine holds it, too.
class pushed_state {
 public:
  pushed_state(std::unique_ptr<body_producer> producer, pushed_body_options options)
      : options_(std::move(options)), producer_(std::move(producer)) {}

  const pushed_body_options& options() const noexcept { return options_; }

  // The reader's side.
  static asio::awaitable<std::optional<std::string>> read(std::shared_ptr<pushed_state> self);
  const headers& trailers() const noexcept { return ended_for_reader_ ? trailers_ : no_trailers_; }
  void stop() noexcept;

  // The producer's.
  asio::awaitable<void> write(std::string chunk);
  void set_trailers(headers fields) {
    const auto lock = changed_.lock();
    trailers_ = std::move(fields);
  }

 private:
  void start(const asio::any_io_executor& ex, const std::shared_ptr<pushed_state>& self);
  static asio::awaitable<void> produce(std::shared_ptr<pushed_state> self);
  void finish(std::exception_ptr failure) noexcept;
  std::optional<std::string> end();
  time_point filler_time(const asio::any_io_executor& ex) const;

  const pushed_body_options options_;
  const std::unique_ptr<body_producer> producer_;
  std::optional<cancel_source> context_;  // of the producer, from the first read on

  kit::monitor changed_;  // of all below
  std::optional<std::string> chunk_;
  headers trailers_;
  std::optional<error> failure_;
  bool done_ = false;
  bool stopped_ = false;  // nobody reads any more

  bool ended_for_reader_ = false;
  const headers no_trailers_;
};

asio::awaitable<std::optional<std::string>> pushed_state::read(std::shared_ptr<pushed_state> self) {
  auto& s = *self;
  const auto ex = co_await asio::this_coro::executor;
  if (!s.context_) s.start(ex, self);
  const auto limit = s.filler_time(ex);
  for (;;) {
    auto lock = s.changed_.lock();
    if (s.chunk_) {
      auto chunk = std::exchange(s.chunk_, std::nullopt);
      s.changed_.notify_all();
      co_return chunk;
    }
    if (s.done_ || s.stopped_) co_return s.end();
    const wake why = co_await s.changed_.wait(std::move(lock), limit);
    if (why == wake::timed_out) co_return s.options_.filler;
    if (why == wake::cancelled) {
      s.stop();
      throw error(errc::canceled);
    }
  }
}

// With the lock held.
std::optional<std::string> pushed_state::end() {
  if (failure_) throw error(*failure_);
  if (!done_) throw error(errc::canceled, "the body cannot be read on");
  ended_for_reader_ = true;
  return std::nullopt;
}

time_point pushed_state::filler_time(const asio::any_io_executor& ex) const {
  if (options_.filler.empty()) return time_point::max();
  return saturating_add(timer_wheel::of(ex).now(), options_.filler_after);
}

void pushed_state::start(const asio::any_io_executor& ex,
                         const std::shared_ptr<pushed_state>& self) {
  context_.emplace(context_of(ex));
  asio::co_spawn(ex, with_context(context_->context(), produce(self)),
                 [self](std::exception_ptr failure) { self->finish(std::move(failure)); });
}

asio::awaitable<void> pushed_state::produce(std::shared_ptr<pushed_state> self) {
  body_sink out(*self);
  co_await self->producer_->run(out);
}

void pushed_state::finish(std::exception_ptr failure) noexcept {
  const auto lock = changed_.lock();
  done_ = true;
  if (failure) failure_ = to_error(failure);
  changed_.notify_all();
}

void pushed_state::stop() noexcept {
  {
    const auto lock = changed_.lock();
    stopped_ = true;
    changed_.notify_all();
  }
  if (context_) context_->cancel();
}

asio::awaitable<void> pushed_state::write(std::string chunk) {
  if (chunk.empty()) co_return;
  auto lock = changed_.lock();
  if (!stopped_) {
    chunk_ = std::move(chunk);
    changed_.notify_all();
  }
  while (!stopped_ && chunk_) {
    if (co_await changed_.wait(std::move(lock)) == wake::cancelled) throw error(errc::canceled);
    lock = changed_.lock();
  }
  if (stopped_) throw error(errc::canceled, "nobody reads the body");
}

namespace {

class pushed_source final : public body_source {
 public:
  explicit pushed_source(std::shared_ptr<pushed_state> s) : state_(std::move(s)) {}
  ~pushed_source() override { state_->stop(); }

  asio::awaitable<std::optional<std::string>> read() override { return pushed_state::read(state_); }
  std::optional<std::uint64_t> size() const noexcept override { return state_->options().size; }
  const headers& trailers() const noexcept override { return state_->trailers(); }
  bool endless() const noexcept override { return state_->options().endless; }

 private:
  const std::shared_ptr<pushed_state> state_;
};

}  // namespace

body make_pushed_body(std::unique_ptr<body_producer> producer, pushed_body_options options) {
  if (options.filler_after.count() < 1) {
    throw error(errc::invalid_argument, "pushed_body: filler_after must be at least 1 ms");
  }
  auto state = std::make_shared<pushed_state>(std::move(producer), std::move(options));
  return body(std::make_shared<pushed_source>(std::move(state)));
}

}  // namespace detail

asio::awaitable<void> body_sink::write(std::string chunk) {
  return state_.write(std::move(chunk));
}

void body_sink::set_trailers(headers fields) {
  state_.set_trailers(std::move(fields));
}

}  // namespace kit::http
