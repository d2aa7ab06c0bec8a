#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <kit/codec/json_reader.hpp>
#include <kit/reflect.hpp>
#include <kit/result.hpp>

namespace kit::casbin {

class value;

namespace detail {
template <class T>
inline constexpr bool is_pointer_like = false;
template <class T>
inline constexpr bool is_pointer_like<std::optional<T>> = true;
template <class T>
inline constexpr bool is_pointer_like<std::unique_ptr<T>> = true;
template <class T>
inline constexpr bool is_pointer_like<std::shared_ptr<T>> = true;

template <class T>
inline constexpr bool is_time = false;
template <class D>
inline constexpr bool is_time<std::chrono::time_point<std::chrono::system_clock, D>> = true;
template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
concept text_like = std::convertible_to<const T&, std::string_view>;
template <class T>
concept map_like = requires(const T& m) {
  typename T::mapped_type;
  { m.begin()->first } -> text_like;
};
template <class T>
concept list_like = !text_like<T> && !map_like<T> && requires(const T& l) {
  typename T::value_type;
  l.begin() != l.end();
};
/// What isn't one of the kinds of values itself, but can be made one.
template <class T>
concept made_value = !std::same_as<T, value> &&
                     (std::is_enum_v<T> || is_pointer_like<T> || is_time<T> || is_duration<T> ||
                      map_like<T> || list_like<T> || reflect::aggregate<T>);
}  // namespace detail

/// A value of a request, and of what a matcher computes: text, a number, a boolean, an object with
/// attributes (`r.sub.Age`), a list (`r.act in r.sub.grants`), or null. Numbers are doubles, as in
/// Go casbin's expressions: integers above 2^53 are rounded.
///
/// Structs become objects by reflection, their attributes named as on the wire (see
/// `kit::reflect_traits`; fields that it skips are left out); enums their name; times seconds since
/// 1970, durations seconds; an empty optional or pointer null.
///
///     struct person { std::string name; int age = 0; };
///     enforcer.enforce({person{"Ann", 20}, "/data1", "read"});
///
/// Copies share objects and lists. Threads: as a const value.
class value {
 public:
  using list = std::vector<value>;
  using object = std::map<std::string, value, std::less<>>;

  enum class kind : std::uint8_t { null, boolean, number, text, list, object };

  value() noexcept = default;  ///< null
  value(std::nullptr_t) noexcept {}
  template <std::same_as<bool> B>
  value(B v) noexcept : data_(v) {}
  template <class N>
    requires(json::integer<N> || std::floating_point<N>)
  value(N v) noexcept : data_(static_cast<double>(v)) {}
  value(std::string v) noexcept : data_(std::move(v)) {}
  value(std::string_view v) : data_(std::string(v)) {}
  value(const char* v) : data_(std::string(v)) {}
  value(list v) : data_(std::make_shared<const list>(std::move(v))) {}
  value(object v) : data_(std::make_shared<const object>(std::move(v))) {}
  template <detail::made_value T>
  value(const T& v) : value(of(v)) {}

  /// Of any JSON value. A name that stands twice in an object: the last one wins.
  /// Errors: `errc::invalid_argument` with the place, or past a limit.
  static result<value> from_json(std::string_view text, const json::decode_options& options = {});

  kind type() const noexcept { return static_cast<kind>(data_.index()); }
  bool is_null() const noexcept { return type() == kind::null; }
  /// What it holds; null where it is of another kind. Valid as long as the value.
  const bool* boolean() const noexcept { return std::get_if<bool>(&data_); }
  const double* number() const noexcept { return std::get_if<double>(&data_); }
  const std::string* text() const noexcept { return std::get_if<std::string>(&data_); }
  const list* items() const noexcept;
  const object* attributes() const noexcept;
  /// The attribute of that name; null where there is none, and where this is no object.
  const value* find(std::string_view name) const noexcept;

  /// Of the same kind, and equal as such.
  friend bool operator==(const value& a, const value& b) noexcept;

 private:
  template <class T>
  static value of(const T& v) {
    if constexpr (std::is_enum_v<T>) {
      return value(reflect::enum_name(v));
    } else if constexpr (detail::is_pointer_like<T>) {
      return v ? value(*v) : value();
    } else if constexpr (detail::is_time<T>) {
      return of(v.time_since_epoch());
    } else if constexpr (detail::is_duration<T>) {
      return value(std::chrono::duration<double>(v).count());
    } else if constexpr (detail::map_like<T>) {
      object all;
      for (const auto& [name, member] : v)
        all.insert_or_assign(std::string(std::string_view(name)), value(member));
      return value(std::move(all));
    } else if constexpr (detail::list_like<T>) {
      list all;
      for (auto&& item : v)
        all.emplace_back(static_cast<const typename T::value_type&>(item));
      return value(std::move(all));
    } else {
      object all;
      reflect::for_each_field(v, [&all](auto field, const auto& member) {
        if constexpr (!decltype(field)::info.skip) {
          all.insert_or_assign(std::string(field.name()), value(member));
        }
      });
      return value(std::move(all));
    }
  }

  // In the order of `kind`.
  std::variant<std::monostate, bool, double, std::string, std::shared_ptr<const list>,
               std::shared_ptr<const object>>
      data_;
};

/// What a kind is called in messages.
std::string_view name(value::kind kind) noexcept;

}  // namespace kit::casbin

template <>
struct kit::json::codec<kit::casbin::value> {
  static bool decode(reader& r, kit::casbin::value& v);
};
