#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
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

/// A number that a decision was made on: as it is, and of a time its milliseconds.
class decision_number {
 public:
  template <class T>
    requires std::is_arithmetic_v<T>
  decision_number(T number) noexcept : value_(static_cast<double>(number)) {}
  template <class Rep, class Period>
  decision_number(std::chrono::duration<Rep, Period> time) noexcept
      : value_(std::chrono::duration<double, std::milli>(time).count()) {}

  double value() const noexcept { return value_; }

 private:
  double value_;
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
            std::initializer_list<decision_number> numbers, std::string_view subject = {}) noexcept;

}  // namespace kit
