#include <middleware/token_bucket.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

#include <kit/error.hpp>

namespace kit::middleware {
namespace {

using seconds = std::chrono::duration<double>;

duration time_for(double tokens, const token_rate& rate) {
  if (tokens <= 0) return duration::zero();
  const seconds wait(tokens / rate.per_second);  // infinite at a rate of 0
  if (wait >= seconds(duration::max())) return duration::max();
  // Rounded up: a moment early there would be no whole token yet.
  return std::chrono::ceil<duration>(wait);
}

}  // namespace

void require_valid(const token_rate& rate) {
  if (!(rate.per_second >= 0)) {
    throw error(errc::invalid_argument, "token_rate::per_second: not negative");
  }
  if (!(rate.burst >= 0)) throw error(errc::invalid_argument, "token_rate::burst: not negative");
}

double token_bucket::tokens(time_point now, const token_rate& rate) const {
  if (!started_ || std::isinf(rate.per_second)) return rate.burst;
  const seconds passed = now > latest_ ? now - latest_ : duration::zero();
  return std::min(rate.burst, tokens_ + passed.count() * rate.per_second);
}

void token_bucket::advance(time_point now, const token_rate& rate) {
  tokens_ = tokens(now, rate);
  latest_ = started_ ? std::max(latest_, now) : now;
  started_ = true;
}

token_bucket::answer token_bucket::take(time_point now, const token_rate& rate, double n,
                                        duration max_wait) {
  if (std::isinf(rate.per_second)) return {.at = now, .tokens = rate.burst};
  advance(now, rate);
  answer a{.tokens = tokens_};
  // The rounding of many small steps must not cost a whole token.
  constexpr double rounding = 1e-9;
  const bool never = n > rate.burst || std::isinf(n);
  a.wait = never ? duration::max() : time_for(n - tokens_ - rounding, rate);
  if (a.wait > max_wait || a.wait == duration::max()) return a;
  tokens_ -= n;
  a.at = saturating_add(latest_, a.wait);
  last_due_ = std::max(last_due_, *a.at);
  return a;
}

void token_bucket::give_back(time_point now, const token_rate& rate, double n, time_point at) {
  if (std::isinf(rate.per_second) || at <= now) return;
  advance(now, rate);
  const seconds counted_on = last_due_ - at;
  const double back = n - counted_on.count() * rate.per_second;
  if (back <= 0) return;
  if (at == last_due_) last_due_ = std::max(latest_, at - time_for(n, rate));
  tokens_ = std::min(rate.burst, tokens_ + back);
}

}  // namespace kit::middleware
