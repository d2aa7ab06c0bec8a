#include <kit/connection.hpp>

#include <set>
#include <utility>

#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>
#include <asio/this_coro.hpp>

#include <kit/error.hpp>
#include <kit/monitor.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

namespace kit {
namespace {

void require_valid(const connection_options& o) {
  require_valid(o.backoff);
  const auto require = [](bool right, const char* what) {
    if (!right) throw error(errc::invalid_argument, std::string("connection_options::") + what);
  };
  require(o.dial_timeout >= duration::zero(), "dial_timeout: must not be negative");
  require(o.write_timeout >= duration::zero(), "write_timeout: must not be negative");
}

std::error_code code_of(std::exception_ptr failure) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const std::system_error& e) {
    return e.code();
  } catch (...) {
    return to_error(std::current_exception()).code();
  }
}

// An I/O step of limited duration, whose end by the limit is its error.
template <class Result>
asio::awaitable<Result> limited(duration limit, asio::awaitable<Result> step) {
  if (limit == duration::zero()) co_return co_await std::move(step);
  const auto ex = co_await asio::this_coro::executor;
  const auto& wheel = timer_wheel::of(ex);
  const auto until = saturating_add(wheel.now(), limit);
  Result r = co_await with_deadline(until, std::move(step));
  if (r.error == asio::error::operation_aborted && wheel.now() >= until) {
    r.error = asio::error::timed_out;
  }
  co_return r;
}

asio::awaitable<void> ended(asio::awaitable<task_report> join) {
  (co_await std::move(join)).rethrow();
}

}  // namespace

// What the connection and the operations under way share.
class connection::state {
 public:
  state(kit::network& n, std::string to, connection_options o)
      : network_(n), address_(std::move(to)), options_(std::move(o)) {}

  static asio::awaitable<void> maintain(std::shared_ptr<state> self, backoff waits);
  static asio::awaitable<lease> take(std::shared_ptr<state> self);
  static asio::awaitable<io_result> write(std::shared_ptr<state> self, asio::const_buffer data);

  void put(const lease& used, const std::error_code& error);
  void shut() noexcept;

  bool connected() const noexcept { return stream_ != nullptr; }
  const std::string& address() const noexcept { return address_; }

 private:
  class turn;

  static asio::awaitable<void> keep_up(state& s, backoff waits);
  asio::awaitable<connect_result> dial();
  void dialled(std::unique_ptr<kit::stream> fresh);
  asio::awaitable<void> wait_lost();
  void tell(const std::error_code& why) noexcept {
    if (options_.on_error) options_.on_error(why);
  }

  kit::network& network_;
  const std::string address_;
  const connection_options options_;

  monitor changed_;  // of what follows
  std::shared_ptr<kit::stream> stream_;
  std::uint64_t generation_ = 0;
  bool tried_ = false;  // the first attempt has ended
  bool closed_ = false;
  std::uint64_t next_turn_ = 0;
  std::uint64_t turn_ = 0;                // whose turn to write it is
  std::set<std::uint64_t> turns_passed_;  // of those that don't wait any more
};

// --- the work in the background

asio::awaitable<void> connection::state::maintain(std::shared_ptr<state> self, backoff waits) {
  try {
    co_await keep_up(*self, waits);
  } catch (const std::system_error&) {  // cancelled
  }
  self->shut();
}

asio::awaitable<void> connection::state::keep_up(state& s, backoff waits) {
  for (;;) {
    auto attempt = co_await s.dial();
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (s.closed_ || cancellation.cancelled() != asio::cancellation_type::none) co_return;
    s.dialled(std::move(attempt.stream));
    if (s.stream_) {
      waits.reset();
      co_await s.wait_lost();
    } else {
      s.tell(attempt.error);
      co_await sleep_for(waits.next());
    }
  }
}

asio::awaitable<connect_result> connection::state::dial() {
  try {
    co_return co_await limited(options_.dial_timeout, network_.connect(address_));
  } catch (...) {
    co_return connect_result{code_of(std::current_exception()), nullptr};
  }
}

void connection::state::dialled(std::unique_ptr<kit::stream> fresh) {
  const auto lock = changed_.lock();
  stream_ = std::move(fresh);
  if (stream_) ++generation_;
  tried_ = true;
  changed_.notify_all();
}

asio::awaitable<void> connection::state::wait_lost() {
  while (stream_) {
    if (co_await changed_.wait(changed_.lock()) == wake::cancelled) {
      throw std::system_error(asio::error::operation_aborted, "connection");
    }
  }
}

// --- using it

asio::awaitable<connection::lease> connection::state::take(std::shared_ptr<state> self) {
  while (!self->tried_ && !self->closed_) {
    if (co_await self->changed_.wait(self->changed_.lock()) == wake::cancelled) {
      throw std::system_error(asio::error::operation_aborted, "connection");
    }
  }
  co_return lease{self->stream_, self->generation_};
}

void connection::state::put(const lease& used, const std::error_code& error) {
  if (!error || !stream_ || used.generation != generation_) return;
  stream_->close();
  {
    const auto lock = changed_.lock();
    stream_.reset();
    changed_.notify_all();
  }
  tell(error);
}

// A writer's place in the queue.
class connection::state::turn {
 public:
  explicit turn(state& s) : state_(s), number_(s.next_turn_++) {}
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  ~turn() {
    const auto lock = state_.changed_.lock();
    if (!has_come()) {
      state_.turns_passed_.insert(number_);
      return;
    }
    do {
      ++state_.turn_;
    } while (state_.turns_passed_.erase(state_.turn_));
    state_.changed_.notify_all();
  }
  bool has_come() const noexcept { return state_.turn_ == number_; }

 private:
  state& state_;
  const std::uint64_t number_;
};

asio::awaitable<io_result> connection::state::write(std::shared_ptr<state> self,
                                                    asio::const_buffer data) {
  const turn mine(*self);
  while (!mine.has_come()) {
    if (co_await self->changed_.wait(self->changed_.lock()) == wake::cancelled) {
      co_return io_result{asio::error::operation_aborted, 0};
    }
  }
  const auto to = co_await take(self);
  if (!to) co_return io_result{make_error_code(errc::unavailable), 0};
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) {
    co_return io_result{asio::error::operation_aborted, 0};  // the stream has seen nothing
  }
  io_result r;
  try {
    r = co_await limited(self->options_.write_timeout, to.stream->write(std::span(&data, 1)));
  } catch (...) {
    self->put(to, code_of(std::current_exception()));
    throw;
  }
  self->put(to, r.error);
  co_return r;
}

void connection::state::shut() noexcept {
  if (closed_) return;
  if (stream_) stream_->close();
  const auto lock = changed_.lock();
  closed_ = true;
  stream_.reset();
  changed_.notify_all();
}

// --- connection

connection::connection(const asio::any_io_executor& ex, kit::network& network, std::string address,
                       random_source random, connection_options options)
    : work_(ex) {
  require_valid(options);
  backoff waits(options.backoff, random);
  state_ = std::make_shared<state>(network, std::move(address), std::move(options));
  if (!work_.try_spawn("connection", state::maintain(state_, waits))) shut();
}

connection::~connection() {
  shut();
}

asio::awaitable<connection::lease> connection::take() {
  return state::take(state_);
}

void connection::put(const lease& used, const std::error_code& error) {
  state_->put(used, error);
}

asio::awaitable<io_result> connection::write(asio::const_buffer data) {
  return state::write(state_, data);
}

bool connection::connected() const noexcept {
  return state_->connected();
}

const std::string& connection::address() const noexcept {
  return state_->address();
}

asio::awaitable<void> connection::close() {
  shut();
  return ended(work_.join());
}

void connection::shut() noexcept {
  state_->shut();
  work_.cancel();
}

}  // namespace kit
