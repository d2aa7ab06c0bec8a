#include <kit/task_set.hpp>

#include <iterator>
#include <list>
#include <mutex>
#include <system_error>

#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/this_coro.hpp>

#include <kit/asio_compat.hpp>
#include <kit/error.hpp>
#include <kit/job.hpp>
#include <kit/monitor.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

namespace kit {
// What the set and its tasks share.
class task_set::state : public std::enable_shared_from_this<state> {
 public:
  state(const asio::any_io_executor& ex, task_set_options o)
      : options_(std::move(o)),
        scope_(context_of(ex)),
        executor_(bind_context(ex, scope_.context())),
        one_thread_(one_thread_loop(without_context(ex)) != nullptr) {
    if (options_.limit == 0) throw error(errc::invalid_argument, "task_set_options::limit: is 0");
  }

  // Takes name and work only when it answers true.
  bool try_start(std::string& name, asio::awaitable<void>& work);
  static asio::awaitable<void> start(std::shared_ptr<state> self, std::string name,
                                     asio::awaitable<void> work);
  static asio::awaitable<task_report> join(std::shared_ptr<state> self, duration limit);

  void failed(task_failure failure) noexcept;
  void left(std::list<task*>::const_iterator place) noexcept;

  void cancel() noexcept {
    scope_.cancel();
    const auto lock = changed_.lock();
    changed_.notify_all();
  }
  bool cancelled() const noexcept { return scope_.context().cancelled(); }
  std::size_t size() const {
    const auto lock = changed_.lock();
    return running_.size();
  }

 private:
  void launch(std::shared_ptr<task> t);
  bool full() const noexcept { return running_.size() >= options_.limit; }
  task_report report();

  const task_set_options options_;
  const cancel_source scope_;
  const asio::any_io_executor executor_;
  const bool one_thread_;  // runs the loop, which so needs no strands

  monitor changed_;  // guards the rest
  std::list<task*> running_;
  std::vector<task_failure> failures_;
  std::size_t failed_ = 0;
};

// Owned by its coroutine, so that it ends with the loop as well; by itself before the coroutine
// begins and after it has ended, as `launch` wants.
class task_set::task final : public job, public std::enable_shared_from_this<task> {
 public:
  task(std::shared_ptr<state> owner, std::string name, asio::awaitable<void> work)
      : owner_(std::move(owner)), name_(std::move(name)), work_(std::move(work)) {}
  ~task() { owner_->left(place_); }

  const std::string& name() const noexcept { return name_; }
  void listed_at(std::list<task*>::const_iterator place) noexcept { place_ = place; }

  // On the executor.
  void start(const asio::any_io_executor& ex, context ctx) {
    self_ = shared_from_this();
    kit::launch(ex, std::move(ctx), *this);
  }

  asio::awaitable<void> run() override { return run(*this); }
  void done(std::exception_ptr failure) noexcept override {
    const auto last = std::move(self_);
    if (failure_) failure = std::move(failure_);
    if (!failure) return;
    const bool gave_up = owner_->cancelled() && to_error(failure).code() == errc::canceled;
    if (!gave_up) owner_->failed({name_, std::move(failure)});
  }

 private:
  static asio::awaitable<void> run(task& t) {
    auto self = std::move(t.self_);
    try {
      co_await std::move(t.work_);
    } catch (...) {
      t.failure_ = std::current_exception();
    }
    t.self_ = std::move(self);
  }

  const std::shared_ptr<state> owner_;
  const std::string name_;
  asio::awaitable<void> work_;
  std::list<task*>::const_iterator place_;
  std::exception_ptr failure_;
  std::shared_ptr<task> self_;
};

bool task_set::state::try_start(std::string& name, asio::awaitable<void>& work) {
  std::list<task*> node{nullptr};
  std::shared_ptr<task> t;
  {
    const auto lock = changed_.lock();
    if (full() || cancelled()) return false;
    t = std::make_shared<task>(shared_from_this(), std::move(name), std::move(work));
    node.front() = t.get();
    t->listed_at(node.begin());
    running_.splice(running_.end(), node);
  }
  launch(std::move(t));
  return true;
}

void task_set::state::launch(std::shared_ptr<task> t) {
  const auto place = one_thread_ ? executor_ : on_strand(executor_);
  asio::dispatch(place, [self = shared_from_this(), place, t = std::move(t)] {
    t->start(place, self->scope_.context());
  });
}

asio::awaitable<void> task_set::state::start(std::shared_ptr<state> self, std::string name,
                                             asio::awaitable<void> work) {
  while (!self->try_start(name, work)) {
    auto lock = self->changed_.lock();
    if (self->cancelled()) throw error(errc::canceled, "task_set: cancelled");
    if (!self->full()) continue;
    const auto w = co_await self->changed_.wait(std::move(lock));
    if (w == wake::cancelled) throw std::system_error(asio::error::operation_aborted, "task_set");
  }
}

void task_set::state::failed(task_failure failure) noexcept {
  if (options_.on_failure) {
    options_.on_failure(failure);
  } else {
    const auto lock = changed_.lock();
    ++failed_;
    if (failures_.size() < options_.max_failures) failures_.push_back(std::move(failure));
  }
  if (options_.cancel_on_failure) cancel();
}

void task_set::state::left(std::list<task*>::const_iterator place) noexcept {
  const auto lock = changed_.lock();
  running_.erase(place);
  changed_.notify_all();
}

asio::awaitable<task_report> task_set::state::join(std::shared_ptr<state> self, duration limit) {
  const auto now = timer_wheel::of(co_await asio::this_coro::executor).now();
  const auto until = saturating_add(now, limit);
  auto lock = self->changed_.lock();
  while (!self->running_.empty()) {
    const auto w = co_await self->changed_.wait(std::move(lock), until);
    if (w == wake::cancelled) throw std::system_error(asio::error::operation_aborted, "task_set");
    lock = self->changed_.lock();
    if (w == wake::timed_out) break;
  }
  co_return self->report();
}

// With the lock held.
task_report task_set::state::report() {
  task_report r;
  for (const auto* t : running_)
    r.running.push_back(t->name());
  r.failures = std::exchange(failures_, {});
  r.failed = std::exchange(failed_, 0);
  return r;
}

task_set::task_set(const asio::any_io_executor& ex, task_set_options options)
    : state_(std::make_shared<state>(ex, std::move(options))) {}

task_set::~task_set() {
  cancel();
}

asio::awaitable<void> task_set::spawn(std::string name, asio::awaitable<void> work) {
  return state::start(state_, std::move(name), std::move(work));
}

bool task_set::try_spawn(std::string name, asio::awaitable<void> work) {
  return state_->try_start(name, work);
}

void task_set::cancel() noexcept {
  state_->cancel();
}

bool task_set::cancelled() const noexcept {
  return state_->cancelled();
}

std::size_t task_set::size() const {
  return state_->size();
}

asio::awaitable<task_report> task_set::join(duration limit) {
  return state::join(state_, limit);
}

}  // namespace kit
