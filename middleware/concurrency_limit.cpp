#include <middleware/concurrency_limit.hpp>

#include <atomic>
#include <mutex>
#include <utility>

#include <kit/error.hpp>
#include <middleware/detail/place_refusal.hpp>

namespace kit::middleware {
namespace {

constexpr detail::place_decisions says{
    .queued = {.layer = "concurrency_limit",
               .verb = "queued",
               .words = "{in_use} calls under way of {limit}, {queued} wait"},
    .refused = {.layer = "concurrency_limit",
                .verb = "refused",
                .words = "{in_use} calls under way of {limit}, {queued} wait of {max_queue}"},
    .no_time = {.layer = "concurrency_limit",
                .verb = "refused_no_time",
                .words =
                    "{in_use} calls under way of {limit}, {queued} wait; the next place is free "
                    "in about {wait_ms} ms"},
    .displaced = {.layer = "concurrency_limit",
                  .verb = "gave_up",
                  .words = "after {waited_ms} ms, {in_use} calls under way of {limit}"}};

}  // namespace

void validate(const concurrency_queue& q) {
  if (q.max_wait < duration::zero()) {
    throw error(errc::invalid_argument, "concurrency_queue::max_wait: not negative");
  }
}

struct concurrency_limit::shared {
  explicit shared(concurrency_limit_options o)
      : options(std::move(o)), adaptive(options.by), limit(adaptive.limit()) {}

  detail::places::limits limits() const noexcept {
    const auto q = options.queue.get();
    return {.places = limit.load(std::memory_order_relaxed),
            .queue = q.max_queue,
            .max_wait = q.max_wait};
  }

  // Those who end at the same time needn't all be heard.
  void learn(const limit_sample& sample) noexcept {
    const std::unique_lock lock(mutex, std::try_to_lock);
    if (!lock) return;
    adaptive.add(sample);
    const auto now = adaptive.limit();
    if (limit.exchange(now, std::memory_order_relaxed) != now) places.resize(now);
  }

  const concurrency_limit_options options;
  std::mutex mutex;
  adaptive_limit adaptive;
  std::atomic<std::size_t> limit;
  detail::places places;
};

concurrency_limit::concurrency_limit(concurrency_limit_options options)
    : shared_(std::make_shared<shared>(std::move(options))) {}

result<admission> concurrency_limit::enter(call& c, state& s) {
  auto& self = *shared_;
  const auto limits = self.limits();
  const auto got = self.places.enter(c, s, limits, self.options.tenant);
  return detail::tell(c, says, got, limits, self.options.message);
}

// Who waits for it holds this layer.
asio::awaitable<result<void>> concurrency_limit::wait(call& c, state& s) {
  auto& self = *shared_;
  const auto since = c.now();
  const auto why = co_await detail::places::wait(c, s);
  co_return detail::tell_waited(c, says, why, {since, self.places.in_use()}, self.limits(),
                                self.options.message);
}

void concurrency_limit::leave(call& c, state& s) noexcept {
  auto& self = *shared_;
  const auto in_flight = self.places.in_use();
  self.places.leave(c.ended(), s);
  const auto* e = c.outcome().error();
  const bool overloaded = e && !e->refused() && self.options.classify(c.outcome()).overload;
  if (e && !overloaded) return;
  self.learn({.took = c.ended() - s.admitted(), .in_flight = in_flight, .overloaded = overloaded});
}

std::size_t concurrency_limit::limit() const noexcept {
  return shared_->limit.load(std::memory_order_relaxed);
}

std::size_t concurrency_limit::in_use() const noexcept {
  return shared_->places.in_use();
}

}  // namespace kit::middleware
