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

// The caller's own time, not one that a layer further in gave the call.
bool ran_out_of_time(const call& c) {
  if (c.outcome().code() != errc::deadline_exceeded) return false;
  const auto& ctx = c.context();
  return ctx.cause() == errc::deadline_exceeded ||
         ctx.deadline().value_or(time_point::max()) <= c.ended();
}

}  // namespace

void require_valid(const concurrency_queue& q) {
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
  const bool too_much = e && !e->refused() && self.options.classify(c.outcome()).overload;
  if (e && !too_much) return;
  const bool out_of_time = too_much && ran_out_of_time(c);
  self.learn({.took = c.ended() - s.admitted(),
              .in_flight = in_flight,
              .overloaded = too_much && !out_of_time,
              .out_of_time = out_of_time});
}

std::size_t concurrency_limit::limit() const noexcept {
  return shared_->limit.load(std::memory_order_relaxed);
}

std::size_t concurrency_limit::in_use() const noexcept {
  return shared_->places.in_use();
}

}  // namespace kit::middleware
