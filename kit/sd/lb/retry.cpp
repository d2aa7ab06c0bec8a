#include <kit/sd/lb/retry.hpp>

namespace kit::sd::detail {
namespace {

using goes_on = std::function<bool(std::uint32_t, std::optional<error>&)>;

goes_on goes_on_of(const balancer_retry_options& options) {
  if (!options.callback) {
    return options.until_timeout
               ? goes_on([](std::uint32_t, std::optional<error>&) { return true; })
               : goes_on();
  }
  return [callback = options.callback](std::uint32_t number, std::optional<error>& failure) {
    auto answer = callback(number, *failure);
    if (answer.replacement) failure = std::move(answer.replacement);
    return answer.keep_trying;
  };
}

}  // namespace

retry_core retry_core_of(const balancer_retry_options& options) {
  return {.limits = options.limits,
          .classify = options.classify,
          .budget = options.budget,
          .random = shared_random(options.random),
          .goes_on = goes_on_of(options)};
}

}  // namespace kit::sd::detail
