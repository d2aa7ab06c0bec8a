#include <kit/metrics/provider.hpp>

#include <atomic>
#include <exception>
#include <new>
#include <system_error>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>

#include <kit/error.hpp>
#include <kit/job.hpp>
#include <kit/monitor.hpp>

namespace kit::metrics {
namespace {

template <class Exporter, class To, class Options>
provider pushing(const asio::any_io_executor& ex, registry metrics, To to, Options options) {
  auto exporter = std::make_shared<Exporter>(metrics, std::move(to), std::move(options));
  return provider(std::move(metrics), ex, [exporter] { return exporter->run(); });
}

asio::awaitable<void> nothing() {
  co_return;
}

}  // namespace

// A coroutine that is told to end as a runtime tells its: so that it may take its time, which it
// may not where its context was cancelled.
class provider::work {
 public:
  work(const asio::any_io_executor& ex, std::function<asio::awaitable<void>()> run)
      : executor_(serialized(ex)) {
    asio::co_spawn(executor_, call(std::move(run)),
                   asio::bind_cancellation_slot(state_->signal.slot(), ending{state_}));
  }
  work(const work&) = delete;
  work& operator=(const work&) = delete;
  ~work() { cancel(); }

  void cancel() noexcept {
    {
      const auto lock = state_->changed.lock();
      if (std::exchange(state_->cancelled, true) || state_->ended) return;
    }
    try {
      asio::dispatch(executor_, [s = state_] {
        if (!s->ended) s->signal.emit(asio::cancellation_type::terminal);
      });
    } catch (const std::bad_alloc&) {  // it goes on until the loop ends
    }
  }

  static asio::awaitable<void> ended(std::unique_ptr<work> w) {
    const auto s = w->state_;
    auto lock = s->changed.lock();
    while (!s->ended) {
      if (co_await s->changed.wait(std::move(lock)) == wake::cancelled) {
        throw std::system_error(asio::error::operation_aborted, "provider");
      }
      lock = s->changed.lock();
    }
    const bool gave_up = s->failure && to_error(s->failure).code() == errc::canceled;
    if (s->failure && !gave_up) std::rethrow_exception(s->failure);
  }

 private:
  struct state {
    monitor changed;  // guards the rest, but for the signal, which is the executor's
    bool cancelled = false;
    std::atomic<bool> ended = false;
    std::exception_ptr failure;
    asio::cancellation_signal signal;
  };
  // Called when it has ended, or just destroyed, with the loop.
  class ending {
   public:
    explicit ending(std::shared_ptr<state> s) noexcept : state_(std::move(s)) {}
    ending(ending&&) noexcept = default;
    ending& operator=(ending&&) = delete;
    ~ending() {
      if (state_) end(nullptr);
    }
    void operator()(std::exception_ptr failure) {
      end(std::move(failure));
      state_.reset();
    }

   private:
    void end(std::exception_ptr failure) noexcept {
      const auto lock = state_->changed.lock();
      state_->failure = std::move(failure);
      state_->ended = true;
      state_->changed.notify_all();
    }
    std::shared_ptr<state> state_;
  };

  static asio::awaitable<void> call(std::function<asio::awaitable<void>()> run) { co_await run(); }

  const asio::any_io_executor executor_;
  const std::shared_ptr<state> state_ = std::make_shared<state>();
};

provider::provider() noexcept = default;
provider::provider(provider&&) noexcept = default;
provider& provider::operator=(provider&&) noexcept = default;
provider::~provider() = default;

provider::provider(registry metrics, std::string prefix)
    : metrics_(std::move(metrics)), prefix_(std::move(prefix)) {}

provider::provider(registry metrics, const asio::any_io_executor& ex,
                   std::function<asio::awaitable<void>()> run, std::string prefix)
    : provider(std::move(metrics), std::move(prefix)) {
  work_ = std::make_unique<work>(ex, std::move(run));
}

metrics::counter provider::counter(std::string name) const {
  return metrics_ ? metrics_->counter({.name = prefix_ + name}) : metrics::counter();
}

metrics::gauge provider::gauge(std::string name) const {
  return metrics_ ? metrics_->gauge({.name = prefix_ + name}) : metrics::gauge();
}

metrics::histogram provider::histogram(std::string name, bucket_layout buckets) const {
  if (!metrics_) return metrics::histogram();
  return metrics_->histogram({.name = prefix_ + name, .buckets = std::move(buckets)});
}

asio::awaitable<void> provider::stop() {
  if (!work_) return nothing();
  work_->cancel();
  return work::ended(std::move(work_));
}

provider discard_provider() {
  return {};
}

provider prometheus_provider(registry metrics, std::string prefix) {
  return provider(std::move(metrics), std::move(prefix));
}

provider expvar_provider(registry metrics, std::string prefix) {
  return provider(std::move(metrics), std::move(prefix));
}

provider statsd_provider(const asio::any_io_executor& ex, registry metrics,
                         std::shared_ptr<sender> to, statsd_options options) {
  return pushing<statsd_exporter>(ex, std::move(metrics), std::move(to), std::move(options));
}

provider graphite_provider(const asio::any_io_executor& ex, registry metrics,
                           std::shared_ptr<sender> to, graphite_options options) {
  return pushing<graphite_exporter>(ex, std::move(metrics), std::move(to), std::move(options));
}

provider influx_provider(const asio::any_io_executor& ex, registry metrics,
                         endpoint<http::request, http::response> client, influx_options options) {
  return pushing<influx_exporter>(ex, std::move(metrics), std::move(client), std::move(options));
}

}  // namespace kit::metrics
