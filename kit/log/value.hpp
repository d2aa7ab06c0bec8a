#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include <kit/codec/json.hpp>
#include <kit/codec/text.hpp>
#include <kit/log/loggable.hpp>
#include <kit/reflect/enums.hpp>

namespace kit::log {

class value;

/// What an object is printed to: gets one value in its place.
class value_receiver {
 public:
  using function = void (*)(void* context, const value& v);
  value_receiver(const record_info& info, function f, void* context) noexcept
      : info_(info), function_(f), context_(context) {}
  value_receiver(const value_receiver&) = delete;
  value_receiver& operator=(const value_receiver&) = delete;

  void operator()(const value& v);
  /// Gives `(FAILED: <why>)`.
  void fail(std::string_view why);

  const record_info& info() const noexcept { return info_; }
  /// Whether it got its value.
  bool done() const noexcept { return done_; }

 private:
  const record_info& info_;
  const function function_;
  void* const context_;
  bool done_ = false;
};

/// A value of any loggable type, as a view: valid as long as what it was made from.
///
/// Errors are their messages, no error (a null `exception_ptr`, an `error_code` that is not set)
/// and null pointers are null. Enums are their names. What `kit::json` encodes is JSON.
class value {
 public:
  enum class kind : std::uint8_t {
    null,
    boolean,
    signed_integer,
    unsigned_integer,
    single_float,
    double_float,
    duration,
    time,
    text,
    json,    ///< a text that is one JSON value
    object,  ///< something that turns into one of the others when it is visited
  };

  /// Null.
  constexpr value() noexcept : u_{} {}
  template <class T>
    requires loggable<T> && (!std::same_as<T, value>)
  value(const T& v) noexcept : value(make(v)) {}

  static value json(std::string_view text) noexcept { return {kind::json, text}; }
  /// Something that is printed when a record is written. `print` may throw.
  using print_function = void (*)(const void* object, value_receiver& out);
  static value object(const void* object, print_function print) noexcept {
    value v;
    v.kind_ = kind::object;
    v.u_.object = {object, print};
    return v;
  }

  kind type() const noexcept { return kind_; }

  // For the kind of that name only.
  bool boolean() const noexcept { return u_.b; }
  std::int64_t signed_integer() const noexcept { return u_.i; }
  std::uint64_t unsigned_integer() const noexcept { return u_.u; }
  float single_float() const noexcept { return u_.f; }
  double double_float() const noexcept { return u_.d; }
  std::chrono::nanoseconds duration() const noexcept { return std::chrono::nanoseconds(u_.i); }
  std::chrono::sys_time<std::chrono::nanoseconds> time() const noexcept {
    return std::chrono::sys_time<std::chrono::nanoseconds>(duration());
  }
  /// Of `kind::text` and `kind::json`.
  std::string_view text() const noexcept { return {u_.text.data, u_.text.size}; }

  /// Calls `f(const value&)` once, with this value or, of an object, with what it turned into. What
  /// cannot be printed is the text `(FAILED: <why>)`.
  /// Errors: what `f` throws.
  template <class F>
  void visit(const record_info& info, F&& f) const {
    if (kind_ != kind::object) {
      f(*this);
      return;
    }
    using function = std::remove_reference_t<F>;
    resolve(
        info, [](void* context, const value& v) { (*static_cast<function*>(context))(v); },
        const_cast<void*>(static_cast<const void*>(std::addressof(f))));
  }

 private:
  friend class value_receiver;

  value(kind k, std::string_view text) noexcept
      : u_{.text = {text.data(), text.size()}}, kind_(k) {}
  value(kind k, std::int64_t v) noexcept : u_{.i = v}, kind_(k) {}

  void resolve(const record_info& info, value_receiver::function f, void* context) const;

  template <class T>
  static value make(const T& v) noexcept;
  template <class T>
  static value make_number(T v) noexcept;
  template <class T>
  static value make_duration(value::kind k, const T& whole,
                             std::chrono::nanoseconds (*cast)(const T&), double seconds) noexcept {
    constexpr double most = 9.2e9;  // what 64 bits of nanoseconds hold
    if (seconds > -most && seconds < most) return {k, cast(whole).count()};
    return object(&whole, &print<T>);
  }
  template <class T>
  static void print(const void* object, value_receiver& out);
  template <class T>
  static void print_optional(const T& v, value_receiver& out);
  static void print_error(const std::exception_ptr& e, value_receiver& out);
  static void print_error(const std::error_code& e, value_receiver& out);

  union {
    bool b;
    std::int64_t i;
    std::uint64_t u;
    float f;
    double d;
    struct {
      const char* data;
      std::size_t size;
    } text;
    struct {
      const void* address;
      print_function print;
    } object;
  } u_;
  kind kind_ = kind::null;
};

/// Appends a value that is no object, for people to read: texts and JSON as they are, durations in
/// the unit that suits them (`1.5s`, `42ms`, `7us`), times as RFC 3339 in UTC, `null`, `NaN`,
/// `+Inf` and `-Inf`.
void append(std::string& out, const value& v);

/// A key and its value, as views.
struct field {
  std::string_view key;
  log::value value;
};

template <class T>
value value::make_number(T v) noexcept {
  value out;
  if constexpr (std::same_as<T, float>) {
    out.kind_ = kind::single_float;
    out.u_.f = v;
  } else if constexpr (std::same_as<T, double>) {
    out.kind_ = kind::double_float;
    out.u_.d = v;
  } else if constexpr (std::is_signed_v<T>) {
    out.kind_ = kind::signed_integer;
    out.u_.i = v;
  } else {
    out.kind_ = kind::unsigned_integer;
    out.u_.u = v;
  }
  return out;
}

template <class T>
value value::make(const T& v) noexcept {
  using std::chrono::duration_cast, std::chrono::nanoseconds;
  if constexpr (detail::represented<T> || !detail::plain<T>) {
    return object(std::addressof(v), &print<T>);
  } else if constexpr (detail::no_value<T>) {
    return {};
  } else if constexpr (std::derived_from<T, std::exception>) {
    return {kind::text, v.what()};
  } else if constexpr (detail::error_like<T>) {
    return v ? object(std::addressof(v), &print<T>) : value();
  } else if constexpr (std::same_as<T, bool>) {
    value out;
    out.kind_ = kind::boolean;
    out.u_.b = v;
    return out;
  } else if constexpr (detail::number<T>) {
    return make_number(v);
  } else if constexpr (std::same_as<T, char>) {
    return {kind::text, std::string_view(&v, 1)};
  } else if constexpr (std::is_enum_v<T>) {
    const std::string_view name = reflect::enum_name(v);
    if (!name.empty()) return {kind::text, name};
    return make_number(static_cast<std::underlying_type_t<T>>(v));
  } else if constexpr (detail::is_duration<T>) {
    return make_duration<T>(
        kind::duration, v, [](const T& d) { return duration_cast<nanoseconds>(d); },
        duration_cast<std::chrono::duration<double>>(v).count());
  } else if constexpr (detail::is_time<T>) {
    return make_duration<T>(
        kind::time, v, [](const T& t) { return duration_cast<nanoseconds>(t.time_since_epoch()); },
        duration_cast<std::chrono::duration<double>>(v.time_since_epoch()).count());
  } else if constexpr (std::is_pointer_v<T>) {
    return v ? value(kind::text, std::string_view(v)) : value();
  } else {
    static_assert(detail::text_like<T>);
    return {kind::text, std::string_view(v)};
  }
}

template <class T>
void value::print_optional(const T& v, value_receiver& out) {
  if (v) {
    out(value(*v));
  } else {
    out(value());
  }
}

template <class T>
void value::print(const void* object, value_receiver& out) {
  const T& v = *static_cast<const T*>(object);
  if constexpr (detail::represented<T>) {
    const auto& instead = value_traits<T>::represent(v);
    out(value(instead));
  } else if constexpr (detail::error_like<T>) {
    print_error(v, out);
  } else if constexpr (detail::is_duration<T> || detail::is_time<T>) {
    std::string text, problem;
    if (!text::append(text, v, problem)) return out.fail(problem);
    out(value(text));
  } else if constexpr (detail::is_optional<T>) {
    print_optional(v, out);
  } else {
    std::string text;
    if (const auto done = json::append(text, v); !done) return out.fail(done.error().message());
    out(json(text));
  }
}

}  // namespace kit::log
