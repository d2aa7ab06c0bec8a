#include <kit/metrics/detail/push_impl.hpp>

#include <utility>

#include <kit/error.hpp>
#include <kit/periodic.hpp>

namespace kit::metrics::detail {
namespace {

std::uint64_t value(const std::atomic<std::uint64_t>& n) noexcept {
  return n.load(std::memory_order_relaxed);
}

}  // namespace

push_impl::push_impl(push_options options) : options_(std::move(options)) {
  const auto require = [](bool right, const char* what) {
    if (!right) throw error(errc::invalid_argument, what);
  };
  require(options_.interval > duration::zero(), "push_options::interval: must be positive");
  require(options_.drain_timeout >= duration::zero(),
          "push_options::drain_timeout: must not be negative");
}

asio::awaitable<void> push_impl::run() {
  return run_periodically([this] { return round(); }, {.period = options_.interval,
                                                       .drain_timeout = options_.drain_timeout,
                                                       .on_error = options_.on_error});
}

asio::awaitable<void> push_impl::round() {
  if (const auto sent = co_await flush(); !sent) throw error(sent.error());
}

push_stats push_impl::stats() const noexcept {
  return {.values_sent = value(counts_->values_sent),
          .values_lost = value(counts_->values_lost),
          .bytes_sent = value(counts_->bytes_sent),
          .failures = value(counts_->failures)};
}

std::vector<registration> push_impl::observe(const registry& in) const {
  std::vector<registration> out;
  const auto show = [&](const char* name, const char* help, tally counts::* n) {
    out.push_back(
        in.observe_counter({.name = name, .help = help}, {{"to", address()}},
                           [from = counts_, n] { return static_cast<double>(value((*from).*n)); }));
  };
  show("cokit_push_values_sent_total", "Values of metrics that were sent.", &counts::values_sent);
  show("cokit_push_values_lost_total", "Values of metrics that were not sent, and won't be.",
       &counts::values_lost);
  show("cokit_push_bytes_sent_total", "Bytes of metrics that were sent.", &counts::bytes_sent);
  show("cokit_push_failures_total", "Failed attempts to send metrics.", &counts::failures);
  return out;
}

}  // namespace kit::metrics::detail
