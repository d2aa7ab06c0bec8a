#include <kit/retry_policy.hpp>

#include <algorithm>
#include <chrono>

namespace kit {
namespace {

duration pause_before(std::uint32_t next_attempt, const retry_limits& l, random_source& random) {
  using nanoseconds = std::chrono::duration<double, std::nano>;
  double most = nanoseconds(l.first_pause).count();
  const double limit = nanoseconds(l.max_pause).count();
  for (std::uint32_t n = 2; n < next_attempt && most < limit; ++n)
    most *= 2;
  return std::chrono::duration_cast<duration>(
      nanoseconds(random.uniform(0, std::min(most, limit))));
}

}  // namespace

void require_valid(const retry_limits& l) {
  if (l.first_pause < duration::zero()) {
    throw error(errc::invalid_argument, "retry_limits::first_pause: not negative");
  }
  if (l.max_pause < l.first_pause) {
    throw error(errc::invalid_argument, "retry_limits::max_pause: not shorter than the first");
  }
  if (l.max_retry_after < duration::zero()) {
    throw error(errc::invalid_argument, "retry_limits::max_retry_after: not negative");
  }
  if (l.attempt_timeout <= duration::zero()) {
    throw error(errc::invalid_argument, "retry_limits::attempt_timeout: positive");
  }
}

std::string_view name(retry_verdict verdict) noexcept {
  switch (verdict) {
    case retry_verdict::again:
      return "again";
    case retry_verdict::final:
      return "final";
    case retry_verdict::forbidden:
      return "forbidden";
    case retry_verdict::no_attempts:
      return "no_attempts";
    case retry_verdict::no_time:
      return "no_time";
    case retry_verdict::left_to_caller:
      return "left_to_caller";
  }
  return "";
}

retry_step plan_retry(const retry_limits& limits, const attempt_outcome& seen,
                      random_source random) {
  if (seen.error && seen.error->forbids_retry()) return {retry_verdict::forbidden};
  if (!seen.meaning.retryable && !seen.timed_out) return {retry_verdict::final};
  if (seen.caller_retries) return {retry_verdict::left_to_caller};
  if (seen.number >= limits.max_attempts) return {retry_verdict::no_attempts};
  duration pause = pause_before(seen.number + 1, limits, random);
  if (const auto asked = seen.error ? seen.error->retry_after() : std::nullopt) {
    if (*asked > std::chrono::duration_cast<std::chrono::milliseconds>(limits.max_retry_after) ||
        *asked >= std::chrono::duration_cast<std::chrono::milliseconds>(seen.left)) {
      return {retry_verdict::no_time, pause};
    }
    if (asked->count() > 0) pause = std::max<duration>(pause, *asked);
  }
  if (pause >= seen.left) return {retry_verdict::no_time, pause};
  return {retry_verdict::again, pause};
}

}  // namespace kit
