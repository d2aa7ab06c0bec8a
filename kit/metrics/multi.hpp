#pragma once

#include <concepts>
#include <tuple>
#include <utility>

#include <kit/metrics/concepts.hpp>

namespace kit::metrics {

/// Several instruments of a kind as one: each operation goes to all of them, in their order. For
/// instruments of different registries; several exporters of one registry need nothing of the kind.
///
///     const multi both(ours.counter({.name = "calls"}), theirs.counter({.name = "calls"}));
///     both.add();
///
///     const multi families(ours.counter(d, {"method"}), theirs.counter(d, {"method"}));
///     families.with("sum").add();
///
/// Threads: as those inside. Source: Go kit's metrics/multi.
template <class... Members>
class multi {
 public:
  explicit multi(Members... members) : members_(std::move(members)...) {}

  void add(double delta = 1) const
    requires(addable<Members> && ...)
  {
    std::apply([&](const auto&... m) { (m.add(delta), ...); }, members_);
  }
  void set(double value) const
    requires(settable<Members> && ...)
  {
    std::apply([&](const auto&... m) { (m.set(value), ...); }, members_);
  }
  void observe(double value) const
    requires(observable<Members> && ...)
  {
    std::apply([&](const auto&... m) { (m.observe(value), ...); }, members_);
  }

  /// Of families: the handles with these label values.
  template <class... Values>
    requires(family_of<Members, Values...> && ...)
  auto with(const Values&... values) const {
    return std::apply(
        [&](const auto&... m) {
          return multi<decltype(m.with(values...))...>(m.with(values...)...);
        },
        members_);
  }

 private:
  std::tuple<Members...> members_;
};

}  // namespace kit::metrics
