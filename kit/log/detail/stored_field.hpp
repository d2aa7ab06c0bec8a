#pragma once

#include <concepts>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <kit/log/value.hpp>

namespace kit::log {

namespace detail {

template <class F>
concept plain_function =
    std::invocable<const F&> && loggable<std::remove_cvref_t<std::invoke_result_t<const F&>>>;
template <class F>
concept record_function =
    std::invocable<const F&, const record_info&> &&
    loggable<std::remove_cvref_t<std::invoke_result_t<const F&, const record_info&>>>;

/// What could be gone when a record is written.
template <class T>
concept borrowed = std::is_pointer_v<T> && !text_like<T>;

}  // namespace detail

/// A function whose result is the value, computed for each record: without parameters, or of the
/// `record_info`. What it throws is a failed value. It must be callable from any thread at once.
template <class F>
concept computed = !loggable<F> && (detail::plain_function<F> || detail::record_function<F>);

/// What a stored field can hold: what can be logged, but for pointers, and what computes such.
template <class T>
concept storable =
    (loggable<std::decay_t<T>> && !detail::borrowed<std::decay_t<T>>) || computed<std::decay_t<T>>;

namespace detail {

/// A field that owns its value. Copies share it.
class stored_field {
 public:
  template <class T>
  stored_field(std::string_view key, T&& v) : key_(key) {
    store(std::forward<T>(v));
  }

  field view() const noexcept { return {key_, view_}; }

 private:
  template <class T>
  void store(T&& v) {
    using type = std::decay_t<T>;
    if constexpr (text_like<type> && !represented<type>) {
      if constexpr (std::is_pointer_v<std::remove_cvref_t<T>>) {
        if (!v) return;
      }
      keep(std::string(std::string_view(v)));
    } else if constexpr (std::derived_from<type, std::exception> && !represented<type>) {
      keep(std::string(v.what()));  // a copy could be one of the base class
    } else if constexpr (computed<type>) {
      auto kept = std::make_shared<const type>(std::forward<T>(v));
      view_ = value::object(kept.get(), &compute<type>);
      owner_ = std::move(kept);
    } else {
      keep(type(std::forward<T>(v)));
    }
  }
  template <class T>
  void keep(T v) {
    auto kept = std::make_shared<const T>(std::move(v));
    view_ = value(*kept);
    owner_ = std::move(kept);
  }
  template <class F>
  static void compute(const void* object, value_receiver& out) {
    const F& f = *static_cast<const F*>(object);
    if constexpr (plain_function<F>) {
      const auto& computed = f();
      out(value(computed));
    } else {
      const auto& computed = f(out.info());
      out(value(computed));
    }
  }

  std::string key_;
  std::shared_ptr<const void> owner_;
  value view_;
};

using stored_fields = std::vector<stored_field>;

}  // namespace detail
}  // namespace kit::log
