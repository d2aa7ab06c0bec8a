#include <middleware/logging.hpp>

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

namespace kit::middleware {

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

logging::logging(log::logger logger, logging_options options)
    : shared_(std::make_shared<const shared>(shared{std::move(logger), std::move(options)})) {}

void logging::leave(call& c) noexcept {
  try {
    const auto& outcome = c.outcome();
    const auto how = outcome.ending();
    const auto level = shared_->level_of(c, how);
    if (!shared_->logger.enabled(level, c.context())) return;
    const auto log = shared_->logger.in(c.context());
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
