#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <kit/result.hpp>

namespace kit {

/// A response type that carries a business error: `failed()` gives it, or nothing. Such a response
/// is a success to transports and policies unless a classifier says otherwise; see `classify`.
/// It may return `std::optional<kit::error>`, `std::optional<std::string>`, `std::string` (empty:
/// no error) or `bool`. Source: Go kit's endpoint.Failer.
template <class Resp>
concept can_fail = requires(const Resp& r) { r.failed(); };

/// A response type whose status may stand for an error: a function `status_error(r)` beside it
/// gives that as `std::optional<kit::error>`, or nothing. Such a response is a success to
/// transports and policies, too, unless a classifier says otherwise. `http::response` is one.
template <class Resp>
concept has_status_error = requires(const Resp& r) {
  { status_error(r) } -> std::convertible_to<std::optional<error>>;
};

namespace detail {
inline std::optional<error> business_error(std::optional<error> e) {
  return e;
}
inline std::optional<error> business_error(bool failed) {
  return failed ? std::optional<error>(errc::unknown) : std::nullopt;
}
inline std::optional<error> business_error(std::string text) {
  if (text.empty()) return std::nullopt;
  return error(errc::unknown, std::move(text));
}
inline std::optional<error> business_error(std::optional<std::string> text) {
  if (!text) return std::nullopt;
  return error(errc::unknown, *std::move(text));
}
}  // namespace detail

/// The business error in a response; nothing where there is none or its type has no `failed()`.
template <class Resp>
std::optional<error> failed(const Resp& response) {
  if constexpr (can_fail<Resp>) {
    return detail::business_error(response.failed());
  } else {
    return std::nullopt;
  }
}

namespace detail {
template <class Resp>
std::optional<error> error_in(const Resp& response) {
  if constexpr (has_status_error<Resp>) {
    return status_error(response);
  } else {
    return kit::failed(response);
  }
}
}  // namespace detail

/// How a call ended, for logs, metrics and people.
enum class ending : std::uint8_t {
  succeeded,
  business_failed,  ///< a response with a business error, see `can_fail`
  refused,          ///< before its work began, see `error::refused`
  canceled,         ///< the caller gave up
  failed,
};
/// `ok`, `business_error`, `refused`, `canceled`, `failed`.
std::string_view name(ending how) noexcept;
inline constexpr std::size_t ending_count = 5;

/// How a call ended, seen without its type. Refers to the result, which must outlive it.
class outcome {
 public:
  template <class Resp>
  explicit outcome(const result<Resp>& r) noexcept
      : error_(r ? nullptr : &r.error()), response_(r ? &*r : nullptr), type_(&typeid(Resp)) {
    if constexpr (can_fail<Resp>) {
      failed_ = [](const void* p) { return kit::failed(*static_cast<const Resp*>(p)); };
    }
    if constexpr (can_fail<Resp> || has_status_error<Resp>) {
      error_in_ = [](const void* p) { return detail::error_in(*static_cast<const Resp*>(p)); };
    }
  }
  explicit outcome(const kit::error& e) noexcept : error_(&e) {}

  bool ok() const noexcept { return !error_; }
  /// The error; null on success.
  const kit::error* error() const noexcept { return error_; }
  /// `errc::ok` on success.
  errc code() const noexcept { return error_ ? error_->code() : errc::ok; }
  /// The business error inside a response.
  std::optional<kit::error> failed() const {
    return failed_ && response_ ? failed_(response_) : std::nullopt;
  }
  /// The error that the call came to: its own, or what the response stands for by its status or as
  /// a business error.
  std::optional<kit::error> failure() const {
    if (error_) return *error_;
    return error_in_ && response_ ? error_in_(response_) : std::nullopt;
  }
  kit::ending ending() const;
  /// The response, if the call succeeded and this is its type; else null.
  template <class Resp>
  const Resp* response() const noexcept {
    return response_ && *type_ == typeid(Resp) ? static_cast<const Resp*>(response_) : nullptr;
  }

 private:
  const kit::error* error_;
  const void* response_ = nullptr;
  const std::type_info* type_ = nullptr;
  std::optional<kit::error> (*failed_)(const void*) = nullptr;
  std::optional<kit::error> (*error_in_)(const void*) = nullptr;
};

/// What an outcome means to the policies around a call.
struct classification {
  bool failure = false;    ///< Counts against the callee: breakers, error rates.
  bool retryable = false;  ///< The same call may succeed if tried again.
  bool overload = false;   ///< The callee has too much to do: limiters should let less through.
  friend bool operator==(classification, classification) = default;
};

/// The one object that every policy asks about an endpoint's outcomes.
///
/// By default the error's code decides, and a business error is a success, as is an answer of
/// whatever status: around HTTP handlers and clients take `http::by_status()`.
///  - failure: unknown, deadline_exceeded, resource_exhausted, unimplemented, internal,
///    unavailable, data_loss. What the caller did wrong, or gave up, isn't.
///  - retryable: unavailable, resource_exhausted, and any error with a retry hint; none that
///    forbids it.
///  - overload: resource_exhausted, deadline_exceeded.
/// Threads: calls may overlap, and so may those of the function given.
class classify {
 public:
  classify() = default;
  /// Asks `f(outcome)` instead.
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, classify> &&
             std::is_invocable_r_v<classification, const F&, const outcome&>)
  classify(F f) : custom_(std::move(f)) {}

  /// By code, and responses with `failed()` by the code of their business error.
  static classify business_errors();

  /// Where the function throws, the default rule counts.
  classification operator()(const outcome& o) const noexcept;
  template <class Resp>
  classification operator()(const result<Resp>& r) const {
    return (*this)(outcome(r));
  }

  /// The default rule, for use inside one's own. Null means success.
  static classification by_error(const error* e) noexcept;

  /// Whether what has no effect when it comes twice may be sent again: what is retryable by that
  /// rule, and also what ran out of time.
  static bool may_repeat(const error& e) noexcept;

 private:
  std::function<classification(const outcome&)> custom_;
};

}  // namespace kit
