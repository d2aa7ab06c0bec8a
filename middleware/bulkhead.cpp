#include <middleware/bulkhead.hpp>

#include <utility>

#include <kit/error.hpp>
#include <middleware/detail/place_refusal.hpp>

namespace kit::middleware {
namespace {

constexpr detail::place_decisions says{
    .queued = {.layer = "bulkhead",
               .verb = "queued",
               .words = "{in_use} of {places} places in use, {queued} wait"},
    .refused = {.layer = "bulkhead",
                .verb = "refused",
                .words = "{in_use} of {places} places in use, {queued} wait of {max_queue}"},
    .no_time = {.layer = "bulkhead",
                .verb = "refused_no_time",
                .words =
                    "{in_use} of {places} places in use, {queued} wait; the next one is free in "
                    "about {wait_ms} ms"},
    .displaced = {.layer = "bulkhead",
                  .verb = "gave_up",
                  .words = "after {waited_ms} ms, {in_use} of {places} places in use"}};

detail::places::limits of(const bulkhead_limits& l) {
  return {.places = l.max_concurrent, .queue = l.max_queue, .max_wait = l.max_wait};
}

}  // namespace

void require_valid(const bulkhead_limits& l) {
  if (l.max_concurrent == 0) {
    throw error(errc::invalid_argument, "bulkhead_limits::max_concurrent: at least 1");
  }
  if (l.max_wait < duration::zero()) {
    throw error(errc::invalid_argument, "bulkhead_limits::max_wait: not negative");
  }
}

struct bulkhead::shared {
  bulkhead_options options;
  detail::places places{};
};

bulkhead::bulkhead(bulkhead_options options) : shared_(new shared{.options = std::move(options)}) {}

result<admission> bulkhead::enter(call& c, state& s) {
  auto& self = *shared_;
  const auto limits = of(self.options.limits.get());
  const auto got = self.places.enter(c, s, limits, self.options.tenant);
  return detail::tell(c, says, got, limits, self.options.message);
}

// Who waits for it holds this layer.
asio::awaitable<result<void>> bulkhead::wait(call& c, state& s) {
  auto& self = *shared_;
  const auto since = c.now();
  const auto why = co_await detail::places::wait(c, s);
  co_return detail::tell_waited(c, says, why, {since, self.places.in_use()},
                                of(self.options.limits.get()), self.options.message);
}

void bulkhead::leave(call& c, state& s) noexcept {
  auto& self = *shared_;
  self.places.resize(self.options.limits.get().max_concurrent);  // it may have been turned
  self.places.leave(c.ended(), s);
}

std::size_t bulkhead::in_use() const noexcept {
  return shared_->places.in_use();
}

}  // namespace kit::middleware
