#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include <kit/reflect/count.hpp>
#include <kit/reflect/enums.hpp>
#include <kit/reflect/name.hpp>
#include <kit/reflect/traits.hpp>

/// Compile-time reflection over plain structs (aggregates without base classes) of up to 64
/// members. Members may be of any type that an aggregate can hold, move-only and without default
/// constructor included; reference members and bit-fields are not supported, nor C arrays of a type
/// without default constructor. Adding fields, renaming them and the like is done by
/// `kit::reflect_traits`. Everything here is a compile-time constant and costs nothing at run time.
namespace kit::reflect {

/// A type whose fields can be visited. `std::array` is one by the language's rules, too.
template <class T>
concept aggregate =
    std::is_class_v<std::remove_cv_t<T>> && std::is_aggregate_v<std::remove_cv_t<T>>;

template <aggregate T>
inline constexpr std::size_t field_count = detail::count_fields<std::remove_cv_t<T>>();

/// Calls `f` with all members of the object, in the order of their declaration.
template <class T, class F>
  requires aggregate<T>
constexpr decltype(auto) visit_fields(T& object, F&& f) {
  return detail::binder<field_count<T>>::apply(object, std::forward<F>(f));
}

/// A field as it is on the wire: a member, or one alternative of a member that is a variant whose
/// alternatives are fields of their own.
struct wire_field : alternative_info {
  static constexpr std::size_t whole = SIZE_MAX;

  std::size_t member = 0;           ///< its index
  std::size_t alternative = whole;  ///< its index among those that have rules
};

namespace detail {

template <std::size_t I, class M>
struct leaf {
  M* address;
};
template <class Is, class... Ms>
struct leaves;
template <std::size_t... Is, class... Ms>
struct leaves<std::index_sequence<Is...>, Ms...> : leaf<Is, Ms>... {};

struct make_leaves {
  template <class... Ms>
  constexpr auto operator()(Ms&... members) const {
    return leaves<std::index_sequence_for<Ms...>, Ms...>{{&members}...};
  }
};

template <std::size_t I, class M>
consteval M* leaf_address(const leaf<I, M>& l) {
  return l.address;
}
template <std::size_t I, class M>
std::type_identity<M> leaf_type(const leaf<I, M>&);

/// Where the members of `example<T>` are. Not const-qualified members are so here all the same.
template <class T>
inline constexpr auto member_addresses = visit_fields(example<T>.value, make_leaves{});

template <class T>
using member_leaves = decltype(visit_fields(std::declval<T&>(), make_leaves{}));

constexpr char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// The member's name, in the naming that T's traits ask for.
template <class T, std::size_t I>
consteval auto store_member_name(naming style) {
  constexpr std::string_view name = member_name<leaf_address<I>(member_addresses<T>)>();
  stored_text<name.size()> out;
  bool start = style == naming::pascal_case;
  for (char c : name) {
    if (c == '_' && style == naming::kebab_case) c = '-';
    if (c == '_' && style != naming::as_is) {
      start = out.size > 0;
      continue;
    }
    out.push(start ? upper(c) : c);
    start = false;
  }
  return out;
}

template <class T>
consteval naming naming_of() {
  if constexpr (requires { reflect_traits<T>::naming; }) {
    return reflect_traits<T>::naming;
  } else {
    return naming::as_is;
  }
}

template <class T, std::size_t I, naming Style>
inline constexpr auto stored_member_name = store_member_name<T, I>(Style);

template <class M, class C>
C owner_of(M C::*);

template <class T, auto Member, class M, std::size_t... Is>
consteval std::size_t find_member(const M* address, std::index_sequence<Is...>) {
  std::size_t found = sizeof...(Is);
  const auto check = [&]<std::size_t I, class L>(const leaf<I, L>& l) {
    if constexpr (std::is_same_v<const L, const M>) {
      if (l.address == address) found = I;
    }
  };
  (check(static_cast<const leaf<Is, typename decltype(leaf_type<Is>(member_addresses<T>))::type>&>(
       member_addresses<T>)),
   ...);
  return found;
}

template <class T, auto Member>
consteval std::size_t index_of() {
  static_assert(std::is_member_object_pointer_v<decltype(Member)>,
                "kit::field takes a pointer to a data member, as in kit::field<&request::id>()");
  static_assert(std::is_same_v<decltype(owner_of(Member)), T>,
                "kit::reflect_traits<T>::fields names a member of another type");
  return find_member<T, Member>(&(example<T>.value.*Member),
                                std::make_index_sequence<field_count<T>>{});
}

template <class T>
using field_table = std::array<field_info, field_count<T>>;

template <class T, auto Member, std::size_t N>
consteval void apply_rule(field_table<T>& table, const field_rule<Member, N>& rule) {
  field_info& field = table[index_of<T, Member>()];
  const field_info old = field;
  field = rule.info;
  field.member = old.member;
  field.alternatives = rule.of_alternatives;
  if (field.name.empty()) field.name = old.name;
}

template <class T, auto... Members, std::size_t... Ns>
consteval void apply_rules(field_table<T>& table,
                           const field_rules<field_rule<Members, Ns>...>& all) {
  (apply_rule<T, Members, Ns>(table, all), ...);
}

template <class T, std::size_t... Is>
consteval field_table<T> make_table(std::index_sequence<Is...>) {
  [[maybe_unused]] constexpr naming style = naming_of<T>();
  return {field_info{.name = stored_member_name<T, Is, style>.view(),
                     .member = stored_member_name<T, Is, naming::as_is>.view()}...};
}

template <class T>
consteval field_table<T> resolve_table() {
  auto table = make_table<T>(std::make_index_sequence<field_count<T>>{});
  if constexpr (requires { reflect_traits<T>::fields; }) {
    apply_rules<T>(table, reflect_traits<T>::fields);
  }
  return table;
}

consteval std::size_t count_wire_fields(const field_info* fields, std::size_t n) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (fields[i].skip) continue;
    count += fields[i].alternatives.empty() ? 1 : fields[i].alternatives.size();
  }
  return count;
}

template <std::size_t Count>
consteval auto make_wire_fields(const field_info* fields, std::size_t n) {
  std::array<wire_field, Count> out{};
  std::size_t next = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const field_info& f = fields[i];
    if (f.skip) continue;
    if (f.alternatives.empty()) out[next++] = {{f.name, f.number, f.form, f.comment}, i};
    for (std::size_t k = 0; k < f.alternatives.size(); ++k)
      out[next++] = {f.alternatives[k], i, k};
  }
  return out;
}

template <std::size_t Count>
consteval bool all_distinct(const std::array<wire_field, Count>& fields) {
  for (std::size_t i = 0; i < Count; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (fields[i].name == fields[k].name) return false;
      if (fields[i].number != 0 && fields[i].number == fields[k].number) return false;
    }
  }
  return true;
}

template <class T>
struct table_of {
  static constexpr field_table<T> value = resolve_table<T>();
  static constexpr auto wire =
      make_wire_fields<count_wire_fields(value.data(), value.size())>(value.data(), value.size());
  static_assert(all_distinct(wire),
                "two fields of this type have the same name or number; see kit::reflect_traits");
};

}  // namespace detail

/// All fields of T as `field_info`, in the order of their declaration, skipped ones included.
template <aggregate T>
inline constexpr const detail::field_table<std::remove_cv_t<T>>& fields_of =
    detail::table_of<std::remove_cv_t<T>>::value;

/// What of T is on the wire, in the order of declaration: skipped fields are left out, variants
/// whose alternatives have rules are replaced by those.
template <aggregate T>
inline constexpr const auto& wire_fields = detail::table_of<std::remove_cv_t<T>>::wire;

/// Pointers to all members of an object, for `member<I>`.
template <class T>
  requires aggregate<T>
constexpr auto members_of(T& object) {
  return visit_fields(object, detail::make_leaves{});
}
template <std::size_t I, class M>
constexpr M& member(const detail::leaf<I, M>& members) {
  return *members.address;
}

/// The type of the field at that index, as declared.
template <aggregate T, std::size_t I>
using field_type = typename decltype(detail::leaf_type<I>(
    std::declval<detail::member_leaves<std::remove_cv_t<T>>>()))::type;

/// The wire name of the field at that index.
template <aggregate T, std::size_t I>
constexpr std::string_view field_name() {
  return fields_of<T>[I].name;
}

/// What documents call the type: `reflect_traits<T>::name`, or else its name in the source.
template <class T>
constexpr std::string_view document_name() {
  if constexpr (requires { reflect_traits<T>::name; }) {
    return reflect_traits<T>::name;
  } else {
    return type_name<T>();
  }
}
/// `reflect_traits<T>::comment`, or nothing.
template <class T>
constexpr std::string_view comment() {
  if constexpr (requires { reflect_traits<T>::comment; }) {
    return reflect_traits<T>::comment;
  } else {
    return {};
  }
}

/// One field as a type: what visitors get beside the member.
template <aggregate T, std::size_t I>
struct field_constant {
  using owner = T;
  using type = field_type<T, I>;
  static constexpr std::size_t index = I;
  static constexpr const field_info& info = fields_of<T>[I];
  static constexpr std::string_view name() { return info.name; }
};

/// Calls `f(field_constant<T, I>{}, member)` for each field in order.
template <class T, class F>
  requires aggregate<T>
constexpr void for_each_field(T& object, F&& f) {
  visit_fields(object, [&f](auto&... members) {
    [&]<std::size_t... Is>(std::index_sequence<Is...>) {
      (f(field_constant<std::remove_cv_t<T>, Is>{}, members), ...);
    }(std::index_sequence_for<decltype(members)...>{});
    (void)f;
  });
}

/// Calls `f(field_constant<T, I>{})` for each field in order; needs no object.
template <aggregate T, class F>
constexpr void for_each_field(F&& f) {
  [&f]<std::size_t... Is>(std::index_sequence<Is...>) {
    (f(field_constant<T, Is>{}), ...);
    (void)f;
  }(std::make_index_sequence<field_count<T>>{});
}

/// Makes a T whose every member is initialized with what `f(field_constant<T, I>{})` returns, in
/// order: how a client is made of a service struct. The members need no default constructor.
template <aggregate T, class F>
constexpr T make(F&& f) {
  return [&f]<std::size_t... Is>(std::index_sequence<Is...>) {
    (void)f;
    return T{f(field_constant<T, Is>{})...};
  }(std::make_index_sequence<field_count<T>>{});
}

}  // namespace kit::reflect
