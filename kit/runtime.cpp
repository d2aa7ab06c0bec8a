#include <kit/runtime.hpp>

#include <atomic>
#include <csignal>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <pthread.h>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>

#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/this_context.hpp>

namespace kit {
namespace {

// Its services can be shut down, which destroys the coroutines, and stay there: so all loops let go
// of their coroutines before the first of them ends.
class io_loop : public asio::io_context {
 public:
  using asio::io_context::io_context;
  using asio::io_context::shutdown;
};

void name_this_thread([[maybe_unused]] std::string name, [[maybe_unused]] std::size_t number) {
#ifdef __linux__
  constexpr std::size_t longest = 15;
  const auto suffix = "-" + std::to_string(number);
  if (name.size() + suffix.size() > longest) name.resize(longest - suffix.size());
  ::pthread_setname_np(::pthread_self(), (name + suffix).c_str());
#endif
}

std::size_t loops_for(std::size_t threads) {
  return threads > 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

class runtime::impl {
 public:
  explicit impl(runtime_options o) : options_(std::move(o)) {
    for (std::size_t i = loops_for(options_.threads); i > 0; --i)
      loops_.emplace_back();
    if (!options_.handle_signals) return;
    // From now on, as the program may say that it is there before it calls `run`.
    signals_.emplace(loops_.front().context, SIGINT, SIGTERM);
    wait_for_signal();
  }
  ~impl() {
    signals_.reset();
    for (auto& l : loops_)
      l.context.shutdown();
  }

  std::size_t size() const noexcept { return loops_.size(); }
  asio::any_io_executor executor(std::size_t i) { return at(i).context.get_executor(); }
  void add(std::size_t on, asio::awaitable<void> work);
  int run();
  void stop();
  void cancel();

 private:
  struct task {
    asio::cancellation_signal signal;
    bool ended = false;
  };
  // Used on its thread.
  struct loop {
    std::deque<task> tasks;
    io_loop context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  };

  loop& at(std::size_t i) {
    if (i >= loops_.size()) throw error(errc::out_of_range, "runtime: no such loop");
    return loops_[i];
  }
  void work(loop& l);
  void ended(std::exception_ptr failure);
  void fail(std::exception_ptr failure);
  void finish();
  void cancel_tasks();
  void wait_for_signal();

  const runtime_options options_;
  const cancel_source scope_;
  std::deque<loop> loops_;
  std::optional<asio::signal_set> signals_;  // on the first loop
  bool ran_ = false;
  std::atomic<std::size_t> running_ = 0;  // tasks
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> cancelling_ = false;
  int cut_by_ = 0;  // the signal; used on the first loop
  std::mutex mutex_;
  std::exception_ptr failure_;
};

void runtime::impl::add(std::size_t on, asio::awaitable<void> work) {
  if (ran_) throw error(errc::failed_precondition, "runtime: it has run");
  auto& l = at(on);
  auto& t = l.tasks.emplace_back();
  ++running_;
  asio::co_spawn(
      bind_context(l.context.get_executor(), scope_.context()), std::move(work),
      asio::bind_cancellation_slot(t.signal.slot(), [this, &t](std::exception_ptr failure) {
        t.ended = true;
        ended(std::move(failure));
      }));
}

int runtime::impl::run() {
  if (std::exchange(ran_, true)) throw error(errc::failed_precondition, "runtime: it has run");
  if (running_ == 0) {
    signals_.reset();
    return 0;
  }
  std::vector<std::thread> threads;
  try {
    for (std::size_t i = 1; i < loops_.size(); ++i) {
      threads.emplace_back([this, i] {
        name_this_thread(options_.thread_name, i);
        work(loops_[i]);
      });
    }
    work(loops_.front());
  } catch (...) {  // no thread
    fail(std::current_exception());
    finish();
  }
  for (auto& t : threads)
    t.join();
  signals_.reset();
  if (failure_) std::rethrow_exception(failure_);
  return cut_by_ > 0 ? 128 + cut_by_ : 0;
}

void runtime::impl::work(loop& l) {
  for (;;) {
    try {
      l.context.run();
      return;
    } catch (...) {
      fail(std::current_exception());
    }
  }
}

void runtime::impl::ended(std::exception_ptr failure) {
  if (failure && !(stopping_ && to_error(failure).code() == errc::canceled)) {
    fail(std::move(failure));
  }
  if (--running_ == 0) finish();
}

void runtime::impl::fail(std::exception_ptr failure) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
  }
  stop();
}

void runtime::impl::finish() {
  for (auto& l : loops_)
    l.context.stop();
}

void runtime::impl::stop() {
  if (!stopping_.exchange(true)) cancel_tasks();
}

void runtime::impl::cancel() {
  stop();
  if (cancelling_.exchange(true)) return;
  scope_.cancel();
  cancel_tasks();
}

void runtime::impl::cancel_tasks() {
  for (auto& l : loops_) {
    asio::post(l.context, [&l] {
      for (auto& t : l.tasks)
        if (!t.ended) t.signal.emit(asio::cancellation_type::terminal);
    });
  }
}

void runtime::impl::wait_for_signal() {
  signals_->async_wait([this](const std::error_code& failed, int number) {
    if (failed) return;
    if (!stopping_) {
      stop();
      wait_for_signal();
    } else {
      cut_by_ = number;
      cancel();
      signals_->clear();  // the next one kills
    }
  });
}

runtime::runtime(runtime_options options) : impl_(std::make_unique<impl>(std::move(options))) {}

runtime::~runtime() = default;

std::size_t runtime::size() const noexcept {
  return impl_->size();
}

asio::any_io_executor runtime::executor(std::size_t loop) const {
  return impl_->executor(loop);
}

void runtime::add(std::size_t loop, asio::awaitable<void> task) {
  impl_->add(loop, std::move(task));
}

int runtime::run() {
  return impl_->run();
}

void runtime::stop() {
  impl_->stop();
}

void runtime::cancel() {
  impl_->cancel();
}

}  // namespace kit
