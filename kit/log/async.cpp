#include <kit/log/async.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <kit/context.hpp>
#include <kit/log/detail/byte_ring.hpp>

namespace kit::log {
namespace {

using namespace std::chrono_literals;

constexpr auto poll_interval = 1ms;
constexpr int polls_before_sleep = 10;
constexpr int spins = 64;

/// Who holds the lock does so for a few nanoseconds, so that sleeping costs more than trying.
std::unique_lock<std::mutex> lock_soon(std::mutex& mutex) {
  for (int i = 0; i < spins; ++i) {
    if (mutex.try_lock()) return {mutex, std::adopt_lock};
  }
  return std::unique_lock(mutex);
}

}  // namespace

void require_valid(const async_options& options) {
  const auto require = [](bool fine, const char* what) {
    if (!fine) throw error(errc::invalid_argument, std::string("log::async_options::") + what);
  };
  require(options.capacity >= 1024 && options.capacity <= std::size_t{1} << 30,
          "capacity is not in 1 KiB..1 GiB");
  require(static_cast<bool>(options.encoder), "encoder is empty");
  require(options.report_interval >= 0ms, "report_interval is negative");
}

class async_sink::worker {
 public:
  worker(std::shared_ptr<sink> behind, async_options options)
      : behind_(std::move(behind)),
        options_(std::move(options)),
        filling_(options_.capacity),
        draining_(options_.capacity),
        thread_([this] { run(); }) {}
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  ~worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void push(const record& r) {
    auto lock = lock_soon(mutex_);
    ++pushed_;
    if (ring::size_of(r.line) > filling_.capacity()) {
      lose();
      return;
    }
    while (!filling_.has_room(r.line)) {
      filling_.drop();
      lose();
    }
    filling_.push(r.level, r.line);
    const bool wake = asleep_ || (filling_.used() > filling_.capacity() / 2 && !hurried_);
    if (!wake) return;
    asleep_ = false;
    hurried_ = true;
    lock.unlock();
    wake_.notify_one();
  }

  bool flush(duration limit) {
    if (std::this_thread::get_id() == thread_.get_id()) return false;
    std::unique_lock lock(mutex_);
    const auto target = pushed_;
    flush_wanted_ = true;
    wake_.notify_one();
    const auto done = [&] { return flushed_ >= target; };
    if (limit == duration::max()) {
      flushed_changed_.wait(lock, done);
      return true;
    }
    const auto until = saturating_add(std::chrono::steady_clock::now(), limit);
    return flushed_changed_.wait_until(lock, until, done);
  }

  std::uint64_t dropped() const noexcept { return lost_total_.load(std::memory_order_relaxed); }

 private:
  using ring = detail::byte_ring<std::optional<level>>;

  void lose() noexcept {
    ++lost_;
    lost_total_.fetch_add(1, std::memory_order_relaxed);
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      await_work(lock);
      if (filling_.empty() && !flush_wanted_ && stopping_) break;
      std::swap(filling_, draining_);
      hurried_ = false;
      const bool flushing = std::exchange(flush_wanted_, false);
      const auto taken = pushed_;
      const auto lost = take_lost();
      lock.unlock();
      if (lost > 0) report_lost(lost);
      drain();
      lock.lock();
      if (!filling_.empty() && !flushing) continue;  // flushed when there is a pause
      lock.unlock();
      guarded([this] { behind_->flush(); });
      lock.lock();
      flushed_ = taken;
      flushed_changed_.notify_all();
    }
    const auto lost = std::exchange(lost_, 0);
    lock.unlock();
    if (lost > 0) {
      report_lost(lost);
      guarded([this] { behind_->flush(); });
    }
  }

  void await_work(std::unique_lock<std::mutex>& lock) {
    const auto work = [this] { return !filling_.empty() || flush_wanted_ || stopping_; };
    for (int i = 0; i < polls_before_sleep && !work(); ++i)
      wake_.wait_for(lock, poll_interval);
    if (work()) return;
    asleep_ = true;
    wake_.wait(lock, work);
    asleep_ = false;
  }

  /// How many lost records to report now.
  std::uint64_t take_lost() {
    if (lost_ == 0) return 0;
    const auto now = std::chrono::steady_clock::now();
    if (next_report_ && now < *next_report_) return 0;
    next_report_ = now + options_.report_interval;
    return std::exchange(lost_, 0);
  }

  void report_lost(std::uint64_t lost) {
    guarded([&] {
      const std::uint64_t total = dropped();
      const std::array<field, 4> fields{field{"level", level::warn},
                                        {"msg", std::string_view("log records lost")},
                                        {"lost", lost},
                                        {"lost_total", total}};
      const context none;
      const event e{{.level = level::warn, .location = {}, .context = none}, fields};
      line_.clear();
      options_.encoder(line_, e);
      behind_->write({.level = level::warn, .line = line_});
    });
  }

  void drain() {
    while (!draining_.empty()) {
      guarded([this] {
        const auto l = draining_.pop(line_);
        behind_->write({.level = l, .line = line_});
      });
    }
  }

  template <class F>
  void guarded(F f) noexcept {
    try {
      f();
    } catch (...) {
      if (!options_.on_error) return;
      try {
        options_.on_error(to_error(std::current_exception()));
      } catch (...) {  // NOLINT(bugprone-empty-catch): nobody is left to be told
      }
    }
  }

  const std::shared_ptr<sink> behind_;
  const async_options options_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable flushed_changed_;
  ring filling_;
  std::uint64_t pushed_ = 0;
  std::uint64_t flushed_ = 0;  // of those pushed
  std::uint64_t lost_ = 0;     // and not reported
  bool asleep_ = false;
  bool hurried_ = false;
  bool flush_wanted_ = false;
  bool stopping_ = false;
  std::atomic<std::uint64_t> lost_total_ = 0;

  // The thread's own.
  ring draining_;
  std::string line_;
  std::optional<std::chrono::steady_clock::time_point> next_report_;

  std::thread thread_;  // the last: it uses all of them
};

async_sink::async_sink(std::shared_ptr<sink> behind, async_options options)
    : worker_([&] {
        require_valid(options);
        if (!behind) throw error(errc::invalid_argument, "log::async_sink: no sink behind");
        return std::make_unique<worker>(std::move(behind), std::move(options));
      }()) {}

async_sink::~async_sink() = default;

void async_sink::write(const record& r) {
  worker_->push(r);
}

bool async_sink::flush_within(duration limit) {
  return worker_->flush(limit);
}

std::uint64_t async_sink::dropped() const noexcept {
  return worker_->dropped();
}

}  // namespace kit::log
