#include <middleware/logging.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>
#include <optional>
#include <utility>

#include <kit/decision_log.hpp>

namespace kit::middleware {
namespace {

// What policies decided about the call, in their words.
std::string decisions_in(const context& ctx) {
  std::string all;
  const auto* log = ctx.get<decision_log>();
  if (!log || log->size() == 0) return all;
  for (const auto& d : log->decisions())
    all.append(all.empty() ? "" : "; ").append(d.text());
  return all;
}

}  // namespace

struct logging::shared {
  log::logger logger;
  logging_options options;

  log::level level_of(const call& c, ending how) const {
    const auto level = level_by_ending(c, how);
    const bool slow = options.slow != duration::max() && c.elapsed() > options.slow;
    return slow ? std::max(level, options.slow_level) : level;
  }

 private:
  log::level level_by_ending(const call& c, ending how) const {
    switch (how) {
      case ending::succeeded:
        return options.succeeded;
      case ending::business_failed:
        return options.business_failed;
      case ending::refused:
        return options.refused;
      case ending::canceled:
        return options.canceled;
      case ending::failed:
        break;
    }
    return options.classify(c.outcome()).failure ? options.error : options.failed;
  }
};

struct logging::spacing {
  std::atomic<time_point> next{time_point::min()};
  std::atomic<std::uint64_t> suppressed{0};

  // How many weren't logged since the last one; nothing where this one isn't either.
  std::optional<std::uint64_t> log_one(time_point now, duration apart) noexcept {
    auto due = next.load(std::memory_order_relaxed);
    if (now < due || !next.compare_exchange_strong(due, saturating_add(now, apart))) {
      suppressed.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return suppressed.exchange(0, std::memory_order_relaxed);
  }
};

logging::logging(log::logger logger, logging_options options)
    : shared_(std::make_shared<const shared>(shared{std::move(logger), std::move(options)})),
      spacing_(std::make_shared<spacing>()) {}

logging logging::for_endpoint(std::string_view) const {
  auto l = *this;
  l.spacing_ = std::make_shared<spacing>();
  return l;
}

void logging::leave(call& c) noexcept {
  try {
    const auto& outcome = c.outcome();
    const auto how = outcome.ending();
    const auto level = shared_->level_of(c, how);
    if (!shared_->logger.enabled(level, c.context())) return;
    const auto apart = shared_->options.refused_spacing;
    std::optional<std::uint64_t> others = 0;
    if (how == ending::refused && apart > duration::zero()) {
      others = spacing_->log_one(c.ended(), apart);
      if (!others) return;
    }
    auto log = shared_->logger.in(c.context());
    if (*others > 0) log = log.with("suppressed", *others);
    if (const auto said = decisions_in(c.context()); !said.empty()) {
      log = log.with("decisions", said);
    }
    const auto name = kit::name(how);
    if (const auto* e = outcome.error()) {
      log.at(level, shared_->options.message, "method", c.name(), "outcome", name, "code",
             kit::name(e->code()), "err", *e, "took", c.elapsed());
    } else if (how == ending::business_failed) {
      log.at(level, shared_->options.message, "method", c.name(), "outcome", name, "err",
             *outcome.failed(), "took", c.elapsed());
    } else {
      log.at(level, shared_->options.message, "method", c.name(), "outcome", name, "took",
             c.elapsed());
    }
  } catch (const std::bad_alloc&) {  // then it isn't logged
  }
}

}  // namespace kit::middleware
