#include <middleware/retry.hpp>

namespace kit::middleware {
namespace {

std::shared_ptr<const retry_core> core_of(const retry_options& o, random_source random) {
  return std::shared_ptr<const retry_core>(new retry_core{
      o.limits, o.classify, o.budget.value_or(retry_budget()), shared_random(random)});
}

}  // namespace

retry::retry(retry_options options)
    : options_(std::make_shared<const retry_options>(std::move(options))),
      core_(core_of(*options_, options_->random)) {}

retry retry::for_endpoint(std::string_view) const {
  if (options_->budget) return *this;
  retry own(*this);
  own.core_ = core_of(*options_, core_->random.take(1).split());
  return own;
}

}  // namespace kit::middleware
