#include <transports/http/detail/health_check.hpp>

#include <exception>
#include <utility>

#include <asio/this_coro.hpp>

#include <kit/job.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

namespace kit::http::detail {

// Holds itself while it runs.
class health_check::started final : public kit::job, public std::enable_shared_from_this<started> {
 public:
  started(std::shared_ptr<health_check> of, timer_wheel& wheel)
      : check_(std::move(of)), wheel_(wheel), started_(wheel.now()) {}

  void start(const asio::any_io_executor& ex) { launch(ex, source_.context(), *this); }
  void cancel() const noexcept { source_.cancel(); }

 private:
  // That it never ends, as its loop is being destroyed.
  class lost_guard {
   public:
    explicit lost_guard(started& r) noexcept : run_(&r) {}
    lost_guard(const lost_guard&) = delete;
    ~lost_guard() {
      if (run_) run_->end(error(errc::canceled));
    }
    void release() noexcept { run_ = nullptr; }

   private:
    started* run_;
  };

  asio::awaitable<void> work(std::shared_ptr<started> self) {
    lost_guard lost(*self);
    result<void> how;
    try {
      how = co_await with_timeout(check_->options.timeout, check_->function_());
    } catch (...) {
      how = fail(to_error(std::current_exception()));
    }
    lost.release();
    end(how ? std::nullopt : std::optional<error>(std::move(how).error()));
    kept_ = std::move(self);  // this frame goes before `done` comes
  }

  asio::awaitable<void> run() override { return work(shared_from_this()); }
  void done(std::exception_ptr) noexcept override { const auto last = std::move(kept_); }

  void end(std::optional<error> failure) {
    check_->end(std::move(failure), wheel_.now(), started_);
  }

  const std::shared_ptr<health_check> check_;
  timer_wheel& wheel_;
  const time_point started_;
  const cancel_source source_;
  std::shared_ptr<started> kept_;
};

std::uint64_t health_check::begin(const asio::any_io_executor& ex) {
  auto& wheel = timer_wheel::of(ex);
  std::shared_ptr<started> next;
  std::uint64_t wanted = 0;
  {
    const auto lock = changes_.lock();
    const auto now = wheel.now();
    if (begun_ == ended_ && ended_ > 0 && now < fresh_until_) return ended_;
    if (begun_ != ended_) return begun_;
    next = std::make_shared<started>(shared_from_this(), wheel);
    running_ = next;
    deadline_ = saturating_add(now, options.timeout);
    wanted = ++begun_;
  }
  next->start(ex);
  return wanted;
}

asio::awaitable<check_outcome> health_check::outcome(std::uint64_t run) {
  auto& wheel = timer_wheel::of(co_await asio::this_coro::executor);
  for (;;) {
    auto lock = changes_.lock();
    if (ended_ >= run) co_return last_;
    if (wheel.now() >= deadline_) {  // and doesn't care
      co_return check_outcome{overdue(), options.timeout, std::chrono::system_clock::now()};
    }
    if (co_await changes_.wait(std::move(lock), deadline_) == wake::cancelled) {
      throw error(errc::canceled);
    }
  }
}

bool health_check::has_passed() const {
  const auto lock = changes_.lock();
  return passed_;
}

void health_check::cancel() noexcept {
  std::shared_ptr<started> now;
  {
    const auto lock = changes_.lock();
    now = running_.lock();
  }
  if (now) now->cancel();
}

void health_check::end(std::optional<error> failure, time_point now, time_point started) {
  const auto lock = changes_.lock();
  if (failure && failure->code() == errc::deadline_exceeded && now >= deadline_) {
    failure = overdue();
  }
  passed_ = passed_ || !failure;
  last_ = {std::move(failure), now - started, std::chrono::system_clock::now()};
  fresh_until_ = saturating_add(now, options.keep);
  ended_ = begun_;
  changes_.notify_all();
}

error health_check::overdue() const {
  return error(errc::deadline_exceeded,
               "took longer than " + std::to_string(options.timeout.count()) + " ms");
}

}  // namespace kit::http::detail
