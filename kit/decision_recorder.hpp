#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <kit/decision.hpp>
#include <kit/metrics/registry.hpp>

namespace kit {

/// Settings of a `decision_recorder`. Plain data.
struct decision_recorder_options {
  /// Where decisions are counted: `policy_decisions_total{method, layer, decision}`. `method` is
  /// the endpoint's name.
  metrics::registry registry = metrics::registry();
  /// How many of the latest are kept for the debug page. At least 1.
  std::size_t recent = 200;
  /// Of one kind, about one endpoint, no more than one in that time goes among the latest, so that
  /// those of which there are many don't crowd out the rest.
  std::chrono::milliseconds spacing = std::chrono::milliseconds{100};
  /// What people read as the time, called on any thread; must not throw. Empty: the system's.
  std::function<std::chrono::system_clock::time_point()> wall_now = {};
};

/// Counts decisions, and keeps the latest for people to see.
///
///     const kit::decision_recorder decisions({.registry = metrics});
///     const auto shop = kit::wrap(make_shop(), kit::middleware::explaining(decisions), ...);
///     const kit::debug::inspector inspect({.decisions = decisions});
///
/// A small handle: copies are the same. One that was made without settings records nothing.
/// Threads: any.
class decision_recorder {
 public:
  /// A decision that was made, and when.
  struct record {
    std::chrono::system_clock::time_point time;
    decision made;
  };
  /// All of one kind about one endpoint.
  struct total {
    const decision_kind* kind = nullptr;
    std::string endpoint;
    std::uint64_t count = 0;
    record last;
  };

  decision_recorder() noexcept = default;
  /// Errors: throws `errc::invalid_argument` for `recent` of 0, `errc::already_exists` where the
  /// registry has another metric of that name.
  explicit decision_recorder(decision_recorder_options options);

  explicit operator bool() const noexcept { return core_ != nullptr; }
  /// Whether both are the same recorder.
  friend bool operator==(const decision_recorder& a, const decision_recorder& b) noexcept {
    return a.core_ == b.core_;
  }

  /// Counts it. Keeps it where nobody else is just writing or reading.
  void add(const decision& d) const noexcept;

  /// The latest, newest first.
  std::vector<record> recent() const;
  /// In the order of their endpoints, layers and verbs.
  std::vector<total> totals() const;

 private:
  class core;
  std::shared_ptr<core> core_;
};

}  // namespace kit
