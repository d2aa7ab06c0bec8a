#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/context.hpp>

namespace kit {

/// What a layer can decide about a call, and how that is said: a constant of the layer's.
///
///     inline constexpr decision_kind refused{
///         .layer = "rate_limit",
///         .verb = "refused",
///         .words = "{tokens} tokens there of {burst}, the next one in {wait_ms} ms"};
///
/// Lifetime: decisions refer to it, so it lives as long as the program.
struct decision_kind {
  std::string_view layer;
  std::string_view verb;
  /// For people. Names in braces stand for the decision's numbers, in this order.
  std::string_view words;
};

/// Something that a policy decided about a call, and the numbers that it was decided on.
struct decision {
  static constexpr std::size_t max_numbers = 6;

  const decision_kind* kind = nullptr;
  /// The endpoint around which the layer is, where it has a name.
  std::string endpoint = {};
  /// Whom it is about besides, such as a tenant or a destination; mostly empty.
  std::string subject = {};
  std::array<double, max_numbers> numbers = {};

  /// The numbers with the names that the words have for them.
  std::vector<std::pair<std::string_view, double>> named_numbers() const;
  /// `rate_limit refused: 0 tokens there of 20, the next one in 9.5 ms`. With a subject:
  /// `rate_limit refused acme: ...`.
  std::string text() const;
};

/// Records what a layer has decided about the call of that context:
///
///  - in the call's `decision_log`, where there is one, and with its recorder;
///  - as an event of the current span, where that is recorded: `rate_limit refused`, with the
///    numbers as attributes.
///
/// Costs a look into the context where there is neither. Never fails: what can't be recorded isn't.
/// Threads: any.
void decide(const context& ctx, std::string_view endpoint, const decision_kind& kind,
            std::initializer_list<double> numbers, std::string_view subject = {}) noexcept;

}  // namespace kit
