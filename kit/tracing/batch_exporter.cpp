#include <kit/tracing/batch_exporter.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include <asio/cancellation_type.hpp>
#include <asio/this_coro.hpp>

#include <kit/classify.hpp>
#include <kit/error.hpp>
#include <kit/monitor.hpp>
#include <kit/periodic.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

namespace kit::tracing {

using namespace std::chrono_literals;

namespace {

[[noreturn]] void refuse(const char* what) {
  throw error(errc::invalid_argument, std::string("batch_options::") + what);
}

}  // namespace

void require_valid(const batch_options& o) {
  if (o.max_queue < 1) refuse("max_queue: must be at least 1");
  if (o.max_batch < 1) refuse("max_batch: must be at least 1");
  if (o.max_attempts < 1) refuse("max_attempts: must be at least 1");
  if (o.max_delay.count() < 0) refuse("max_delay: must not be negative");
  if (o.timeout.count() < 0) refuse("timeout: must not be negative");
  if (o.max_retry_after.count() < 0) refuse("max_retry_after: must not be negative");
  if (o.drain_timeout.count() < 0) refuse("drain_timeout: must not be negative");
  require_valid(o.backoff);
}

class batch_exporter::impl {
 public:
  impl(span_exporter to, batch_options o)
      : to_(std::move(to)),
        options_((require_valid(o), std::move(o))),
        waits_(options_.backoff, options_.random.value_or(random_source::from_entropy())) {}

  void add(const std::shared_ptr<const span_data>& span) {
    const auto lock = changed_.lock();
    if (queue_.size() >= options_.max_queue) return drop();
    queue_.push_back(span);
    // The first starts the time to wait, the last of a batch ends it.
    if (queue_.size() == 1 || queue_.size() == options_.max_batch) changed_.notify_one();
  }

  void drop() noexcept { dropped_.fetch_add(1, std::memory_order_relaxed); }

  asio::awaitable<void> run();
  std::size_t queued() const noexcept {
    const auto lock = changed_.lock();
    return queue_.size();
  }

  std::atomic<std::uint64_t> exported{0};
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  asio::awaitable<bool> wait();
  asio::awaitable<void> send();
  asio::awaitable<void> drain();
  asio::awaitable<result<export_result>> attempt() const;
  bool take_batch();
  void take_all();
  void succeed(const export_result& r);
  void give_up(const error& e) noexcept;

  const span_exporter to_;
  const batch_options options_;
  backoff waits_;
  monitor changed_;
  std::deque<std::shared_ptr<const span_data>> queue_;
  span_batch batch_;  // being sent
  std::atomic<std::uint64_t> dropped_{0};
};

asio::awaitable<void> batch_exporter::impl::run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (co_await wait()) {
    take_batch();
    co_await send();
  }
  if (const auto drained = co_await drain_within(options_.drain_timeout, drain()); !drained) {
    take_all();
    give_up(drained.error());
  }
}

// Until there is a batch, or something has waited long enough; false when cancelled.
asio::awaitable<bool> batch_exporter::impl::wait() {
  const auto state = co_await asio::this_coro::cancellation_state;
  auto& wheel = timer_wheel::of(co_await asio::this_coro::executor);
  auto limit = time_point::max();
  while (state.cancelled() == asio::cancellation_type::none) {
    auto lock = changed_.lock();
    if (queue_.size() >= options_.max_batch) co_return true;
    if (!queue_.empty() && limit == time_point::max()) {
      limit = saturating_add(wheel.now(), options_.max_delay);
    }
    if (co_await changed_.wait(std::move(lock), limit) == wake::timed_out) co_return true;
  }
  co_return false;
}

bool batch_exporter::impl::take_batch() {
  const auto lock = changed_.lock();
  const auto count = std::min(queue_.size(), options_.max_batch - batch_.spans.size());
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  std::move(queue_.begin(), end, std::back_inserter(batch_.spans));
  queue_.erase(queue_.begin(), end);
  return !batch_.spans.empty();
}

void batch_exporter::impl::take_all() {
  const auto lock = changed_.lock();
  std::ranges::move(queue_, std::back_inserter(batch_.spans));
  queue_.clear();
}

// The batch, as often as it takes. When cancelled it stays, for the drain.
asio::awaitable<void> batch_exporter::impl::send() {
  const auto state = co_await asio::this_coro::cancellation_state;
  waits_.reset();
  for (std::size_t n = 1;; ++n) {
    const auto sent = co_await attempt();
    if (sent) co_return succeed(*sent);
    if (state.cancelled() != asio::cancellation_type::none) co_return;
    const auto& e = sent.error();
    if (!classify::may_repeat(e) || n >= options_.max_attempts) co_return give_up(e);
    const auto asked = std::min(e.retry_after().value_or(0ms), options_.max_retry_after);
    const auto pause = std::max<duration>(waits_.next(), asked);
    const auto now = timer_wheel::of(co_await asio::this_coro::executor).now();
    if (co_await wait_until(saturating_add(now, pause)) == wake::cancelled) co_return;
  }
}

asio::awaitable<void> batch_exporter::impl::drain() {
  while (take_batch()) {
    const auto sent = co_await attempt();
    sent ? succeed(*sent) : give_up(sent.error());
  }
}

asio::awaitable<result<export_result>> batch_exporter::impl::attempt() const {
  const auto limit = options_.timeout.count() > 0 ? duration(options_.timeout) : duration::max();
  return with_timeout(limit, to_.try_call(batch_));
}

void batch_exporter::impl::succeed(const export_result& r) {
  const auto refused = std::min(r.refused, batch_.spans.size());
  exported.fetch_add(batch_.spans.size() - refused, std::memory_order_relaxed);
  dropped_.fetch_add(refused, std::memory_order_relaxed);
  batch_.spans.clear();
  if (refused > 0 && options_.on_error) options_.on_error(error(errc::invalid_argument, r.why));
}

void batch_exporter::impl::give_up(const error& e) noexcept {
  if (batch_.spans.empty()) return;
  dropped_.fetch_add(batch_.spans.size(), std::memory_order_relaxed);
  batch_.spans.clear();
  if (options_.on_error) options_.on_error(e);
}

batch_exporter::batch_exporter(span_exporter to, batch_options options)
    : impl_(std::make_unique<impl>(std::move(to), std::move(options))) {}

batch_exporter::~batch_exporter() = default;

void batch_exporter::on_end(const std::shared_ptr<const span_data>& ended) noexcept {
  if (!ended->context.sampled()) return;
  try {
    impl_->add(ended);
  } catch (const std::bad_alloc&) {
    impl_->drop();
  }
}

asio::awaitable<void> batch_exporter::run() {
  return impl_->run();
}

std::uint64_t batch_exporter::exported() const noexcept {
  return impl_->exported.load(std::memory_order_relaxed);
}

std::uint64_t batch_exporter::dropped() const noexcept {
  return impl_->dropped();
}

std::size_t batch_exporter::queued() const noexcept {
  return impl_->queued();
}

}  // namespace kit::tracing
