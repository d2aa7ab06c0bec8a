#include <kit/retry_run.hpp>

#include <array>

#include <kit/attempts.hpp>
#include <kit/decision.hpp>

namespace kit {
namespace {

constexpr decision_kind retried{
    .layer = "retry",
    .verb = "retried",
    .words = "attempt {attempt} of {max_attempts} failed, the next in {pause_ms} ms"};
constexpr decision_kind went_on{.layer = "retry",
                                .verb = "retried",
                                .words = "attempt {attempt} failed, the next in {pause_ms} ms"};
constexpr decision_kind spent{
    .layer = "retry",
    .verb = "budget_spent",
    .words = "after {attempts} attempts, for {budget} retries are left to all calls"};

constexpr std::string_view words = "after {attempts} attempts of {max_attempts}";
constexpr std::array<decision_kind, 6> given_up{{
    {.layer = "retry", .verb = "", .words = ""},
    {.layer = "retry", .verb = "not_retryable", .words = words},
    {.layer = "retry", .verb = "forbidden", .words = words},
    {.layer = "retry", .verb = "gave_up", .words = words},
    {.layer = "retry", .verb = "no_time", .words = words},
    {.layer = "retry", .verb = "left_to_caller", .words = words},
}};

}  // namespace

retry_run::retry_run(const retry_core& core, const asio::any_io_executor& ex, std::string_view name)
    : core_(core),
      executor_(ex),
      name_(name),
      context_(context_of(ex)),
      wheel_(timer_wheel::of(ex)),
      limits_(core.limits.get()),
      caller_retries_(attempt_number_of(context_).has_value()) {
  if (core_.budget && !caller_retries_) core_.budget->add_call(wheel_.now());
}

context retry_run::begin_attempt() {
  ++number_;
  began_ = wheel_.now();
  return caller_retries_ ? context_ : with_attempt_number(context_, number_);
}

std::optional<duration> retry_run::end_attempt(const outcome& how, const nature& is) {
  const auto failure = how.failure();
  if (failure) errors_.push_back(*failure);
  forget_some();
  if (context_.cancelled()) return std::nullopt;
  return core_.goes_on ? ask(how, is) : plan(how, failure ? &*failure : nullptr, is);
}

std::optional<duration> retry_run::ask(const outcome& how, const nature& is) {
  if (how.ok()) return std::nullopt;
  replacement_ = errors_.back();
  if (!core_.goes_on(number_, replacement_)) return std::nullopt;
  replacement_.reset();
  if (!can_be_repeated(how.error(), is)) return std::nullopt;
  const auto now = wheel_.now();
  if (now >= context_.deadline().value_or(time_point::max())) {
    out_of_time_ = true;  // and it hasn't been cancelled yet
    return give_up(retry_verdict::no_time);
  }
  // Its own rules say whether to go on; the limits, how long to wait before.
  auto limits = limits_;
  limits.max_attempts = number_ + 1;
  const auto step = plan_retry(limits,
                               {.number = number_,
                                .meaning = {.retryable = true},
                                .error = how.error(),
                                .caller_retries = caller_retries_},
                               core_.random.take(1));
  if (step.verdict != retry_verdict::again) return give_up(step.verdict);
  const auto why = name(errors_.back().code());
  if (!take_from_budget(now, why)) return std::nullopt;
  // It ends with the deadline, not before.
  const auto left = context_.deadline().value_or(time_point::max());
  const bool over = left != time_point::max() && saturating_add(now, step.pause) >= left;
  const auto pause = over ? left - now : step.pause;
  decide(context_, name_, went_on, {number_, pause}, why);
  return pause;
}

bool retry_run::can_be_repeated(const error* e, const nature& is) {
  const bool begun = !e || (!e->refused() && !e->retry_after() && !e->get<never_sent>());
  return is.repeatable && (is.harmless || !begun);
}

std::nullopt_t retry_run::give_up(retry_verdict why) {
  plain_ = why == retry_verdict::left_to_caller;
  decide(context_, name_, given_up[static_cast<std::size_t>(why)], {number_, limits_.max_attempts},
         errors_.empty() ? std::string_view() : name(errors_.back().code()));
  return std::nullopt;
}

std::optional<duration> retry_run::plan(const outcome& how, const error* failure,
                                        const nature& is) {
  const auto now = wheel_.now();
  auto meaning = core_.classify(how);
  bool over_time = timed_out(how);
  const bool counts = meaning.failure || meaning.retryable || !how.ok();
  const auto* e = counts ? failure : nullptr;
  if (!can_be_repeated(e, is)) {
    meaning.retryable = false;
    over_time = false;
  }
  const auto deadline = context_.deadline();
  const auto step = plan_retry(limits_,
                               {.number = number_,
                                .meaning = meaning,
                                .error = e,
                                .timed_out = over_time,
                                .caller_retries = caller_retries_,
                                .left = deadline ? *deadline - now : duration::max()},
                               core_.random.take(1));
  if (step.verdict == retry_verdict::final && (how.ok() || number_ == 1)) {
    plain_ = true;
    return std::nullopt;
  }
  if (step.verdict != retry_verdict::again) return give_up(step.verdict);
  const auto why = errors_.empty() ? std::string_view() : name(errors_.back().code());
  if (!take_from_budget(now, why)) return std::nullopt;
  decide(context_, name_, retried, {number_, limits_.max_attempts, step.pause}, why);
  return step.pause;
}

bool retry_run::take_from_budget(time_point now, std::string_view why) {
  if (!core_.budget) return true;
  taken_ = taken_retry::from(*core_.budget, now);
  if (taken_) return true;
  decide(context_, name_, spent, {number_, core_.budget->left(now)}, why);
  return false;
}

// Where it goes on and on, the first and the last ones say enough.
void retry_run::forget_some() {
  constexpr std::size_t most = 1000;
  if (errors_.size() <= most) return;
  errors_.erase(errors_.begin() + most / 2);
  ++forgotten_;
}

bool retry_run::timed_out(const outcome& how) const {
  if (how.error() && how.error()->get<attempt_timed_out>()) return true;
  return how.code() == errc::deadline_exceeded && limits_.attempt_timeout != duration::max() &&
         wheel_.now() - began_ >= limits_.attempt_timeout;
}

error retry_run::failure() const {
  if (context_.cancelled()) return error(context_.cause()).with(attempts{errors_});
  if (out_of_time_) return error(errc::deadline_exceeded).with(attempts{errors_});
  if (plain_) return errors_.back();
  const auto& last = replacement_ ? *replacement_ : errors_.back();
  return last.with_message(std::string(last.message()) + all_errors()).with(attempts{errors_});
}

error retry_run::interrupted(std::exception_ptr thrown) const {
  return detail::call_error(std::move(thrown), executor_, false).with(attempts{errors_});
}

std::string retry_run::all_errors() const {
  std::string text;
  for (std::size_t i = 0; i + 1 < errors_.size(); ++i) {
    text += i == 0 ? " (previously: " : "; ";
    if (forgotten_ > 0 && i == errors_.size() / 2) {
      text += "and " + std::to_string(forgotten_) + " more; ";
    }
    text += errors_[i].message();
  }
  if (!text.empty()) text += ')';
  return text;
}

}  // namespace kit
