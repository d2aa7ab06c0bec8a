#include <middleware/auth/casbin/enforcer.hpp>

#include <exception>
#include <utility>

#include <kit/error.hpp>
#include <middleware/auth/casbin/detail/snapshot.hpp>

namespace kit::casbin {
namespace {

using detail::snapshot;

// Functions of the application may throw.
result<snapshot::verdict> judge(const snapshot& by, std::span<const value> request,
                                const definitions& with) {
  try {
    return by.judge(request, with);
  } catch (...) {
    return fail(to_error(std::current_exception()));
  }
}

}  // namespace

std::optional<casbin::rule> decision::rule() const {
  if (!decided_) return std::nullopt;
  return by_->rule_of({allowed_, table_, rule_});
}

std::optional<std::size_t> decision::index() const noexcept {
  if (!decided_) return std::nullopt;
  return by_->index_of({allowed_, table_, rule_});
}

enforcer::enforcer(model m, const policy& p, enforcer_options options)
    : model_(std::move(m)),
      options_(std::move(options)),
      snapshot_(std::make_shared<const snapshot>(model_, p, options_)) {}

enforcer::~enforcer() = default;

void enforcer::set_policy(const policy& p) {
  auto next = std::make_shared<const snapshot>(model_, p, options_);
  const std::lock_guard lock(mutex_);
  snapshot_.swap(next);
}

std::shared_ptr<const snapshot> enforcer::current() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

bool enforcer::enforce(std::span<const value> request, const definitions& by) const {
  auto allowed = try_enforce(request, by);
  if (!allowed) throw std::move(allowed).error();
  return *allowed;
}

result<bool> enforcer::try_enforce(std::span<const value> request, const definitions& by) const {
  const auto verdict = judge(*current(), request, by);
  if (!verdict) return fail(verdict.error());
  return verdict->allowed;
}

result<decision> enforcer::explain(std::span<const value> request, const definitions& by) const {
  decision out;
  out.by_ = current();
  const auto verdict = judge(*out.by_, request, by);
  if (!verdict) return fail(verdict.error());
  out.allowed_ = verdict->allowed;
  out.table_ = verdict->table;
  out.rule_ = verdict->rule;
  out.decided_ = verdict->rule != detail::merged_effect::no_rule;
  return out;
}

}  // namespace kit::casbin
