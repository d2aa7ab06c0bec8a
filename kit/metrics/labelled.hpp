#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace kit::metrics {

class registry;

namespace detail {
class family_state;
class series;

std::shared_ptr<series> series_of(family_state& family, std::span<const std::string_view> values);
bool remove_series(family_state& family, std::span<const std::string_view> values);

template <class T>
concept text_like = std::convertible_to<const T&, std::string_view> && !std::is_null_pointer_v<T>;
template <class T>
concept number =
    std::integral<T> && sizeof(T) <= 8 && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
    !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

/// A label's value as text, during a call.
class label_text {
 public:
  template <text_like T>
  explicit label_text(const T& v) : text_(v) {}
  explicit label_text(bool v) : text_(v ? "true" : "false") {}
  template <number T>
    requires(!std::same_as<T, bool>)
  explicit label_text(T v) {
    char* const end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), v).ptr;
    text_ = std::string_view(digits_.data(), static_cast<std::size_t>(end - digits_.data()));
  }
  label_text(const label_text&) = delete;
  label_text& operator=(const label_text&) = delete;

  std::string_view view() const noexcept { return text_; }

 private:
  std::array<char, 20> digits_{};  // of any 64-bit number
  std::string_view text_;
};
}  // namespace detail

/// What a label can be set to: a text, `true` or `false`, an integer.
template <class T>
concept label_value = detail::text_like<T> || detail::number<T>;

/// A metric with N labels, from which handles of its series are made: `counter_family<2>` ...
/// A copyable handle; a default-constructed one makes handles that discard everything.
/// Threads: any.
template <class Handle, std::size_t N>
class labelled {
 public:
  labelled() noexcept = default;

  /// The handle of the series with these label values, in the order in which the names were given.
  /// The same values give the same series. A look-up under a lock, and the first time an
  /// allocation: for code that runs often make the handles beforehand. Beyond the metric's limit
  /// of series they all get the same one, which has `other` in each label, and the counter
  /// `cokit_metrics_overflow_total` says how often that happened.
  ///
  /// Values are UTF-8; where they are not, `?` takes the place of what is no ASCII. One that is
  /// empty is, to Prometheus, a label that isn't there.
  /// Errors: throws `errc::already_exists` when a function was registered for that series.
  template <label_value... Values>
    requires(sizeof...(Values) == N)
  Handle with(const Values&... values) const {
    if (!family_) return Handle();
    return Handle(call(&detail::series_of, detail::label_text(values)...));
  }

  /// Forgets that series: exporters don't see it any more, and what handles of it still count is
  /// lost. A later `with` begins a new one. False when there is none.
  template <label_value... Values>
    requires(sizeof...(Values) == N)
  bool remove(const Values&... values) const {
    return family_ && call(&detail::remove_series, detail::label_text(values)...);
  }

 private:
  friend class registry;
  using places = std::array<std::uint8_t, N>;  // where each name is among the sorted ones

  labelled(std::shared_ptr<detail::family_state> family, const places& at) noexcept
      : family_(std::move(family)), at_(at) {}

  template <class F, class... Texts>
  auto call(F f, const Texts&... texts) const {
    std::array<std::string_view, N> sorted;
    std::size_t i = 0;
    ((sorted[at_[i++]] = texts.view()), ...);
    return f(*family_, sorted);
  }

  std::shared_ptr<detail::family_state> family_;
  places at_{};
};

}  // namespace kit::metrics
