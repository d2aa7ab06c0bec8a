#include <middleware/fault.hpp>

#include <algorithm>

namespace kit::middleware {
namespace {

constexpr decision_kind failed{.layer = "fault", .verb = "failed", .words = "on purpose"};
constexpr decision_kind delayed{
    .layer = "fault", .verb = "delayed", .words = "on purpose, for {delay_ms} ms"};

}  // namespace

void require_valid(const fault_limits& l) {
  const auto require = [](bool right, const char* what) {
    if (!right) throw error(errc::invalid_argument, what);
  };
  require(l.fail_ratio >= 0 && l.fail_ratio <= 1, "fault_limits::fail_ratio: 0 to 1");
  require(l.delay_ratio >= 0 && l.delay_ratio <= 1, "fault_limits::delay_ratio: 0 to 1");
  require(l.min_delay >= duration::zero(), "fault_limits::min_delay: not negative");
  require(l.code != errc::ok, "fault_limits::code: an error's");
  require(l.max_delay >= l.min_delay, "fault_limits::max_delay: not below the other");
}

fault::plan fault::plan_for(shared& s, const context& ctx, std::string_view name) {
  if (s.options.applies && !s.options.applies(ctx)) return {};
  const auto limits = s.options.limits.get();
  auto random = s.random.take(3);
  plan p{.code = limits.code};
  if (random.chance(limits.delay_ratio)) {
    const auto range = (limits.max_delay - limits.min_delay).count();
    const auto part = static_cast<duration::rep>(random.uniform() * static_cast<double>(range));
    p.delay = limits.min_delay + duration(std::min(part, range));
    decide(ctx, name, delayed, {p.delay});
  }
  p.fails = random.chance(limits.fail_ratio);
  if (p.fails) decide(ctx, name, failed, {}, kit::name(limits.code));
  return p;
}

}  // namespace kit::middleware
