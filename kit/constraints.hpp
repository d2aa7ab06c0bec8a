#pragma once

#include <string_view>
#include <tuple>
#include <type_traits>

#include <kit/constraints/checker.hpp>
#include <kit/constraints/rules.hpp>
#include <kit/constraints/traits.hpp>
#include <kit/constraints/walk.hpp>
#include <kit/violations.hpp>

/// What the values of a struct's fields may be, stated beside it:
///
///     struct order {
///       std::string sku;
///       int count = 0;
///       std::vector<std::string> tags;
///       std::optional<std::string> note;
///     };
///
///     template <>
///     struct kit::constraints<order> {
///       static constexpr auto fields = kit::constrain(
///           kit::field<&order::sku>(kit::length(1, 64), kit::pattern("[A-Z0-9-]+")),
///           kit::field<&order::count>(kit::range(1, 100)),
///           kit::field<&order::tags>(kit::max_items(8), kit::each(kit::length(1, 20))),
///           kit::field<&order::note>(kit::max_length(200)));
///     };
///
///     kit::violations wrong = kit::check(order{...});
///     wrong.text(3);   // `sku: expected 1 to 64 characters, got 0 characters; count: ...`
///
/// The constraints there are stand in <kit/constraints/rules.hpp>; `pattern`, which needs RE2, in
/// <kit/constraints/pattern.hpp>, of the library cokit-pattern. `middleware::validate` checks them
/// around an endpoint, and JSON Schema and OpenAPI documents state them.
///
/// Structs in fields, optionals, pointers, containers, values of maps, variants and tuples are
/// checked by their own constraints, also where those that hold them have none. A struct that
/// reflection can't see through (see <kit/reflect.hpp>), or isn't to be checked, says `static
/// constexpr bool opaque = true;` in its `constraints`.
///
/// What concerns several fields is a function beside `fields`, or instead of it:
///
///       static void check(const order& o, kit::violations_of<order>& found) {
///         if (o.count > 10 && !o.note) found.add<&order::note>("a note with more than 10");
///       }
///
/// It is called when nothing else is wrong with the object, so it may rely on that.
///
/// A member that isn't there, one listed twice, a constraint that isn't for its type, and limits in
/// the wrong order are errors at compile time. Specialize before the type's first use.
namespace kit {

/// Constraints of one member, see above. That of no constraints is `reflect_traits`'.
template <auto Member, constraint... Rules>
  requires(sizeof...(Rules) > 0)
consteval auto field(Rules... rules) {
  static_assert(std::is_member_object_pointer_v<decltype(Member)>,
                "kit::field takes a pointer to a data member, as in kit::field<&request::id>()");
  return detail::constrained_field<Member, Rules...>{{rules...}};
}
template <class... Fields>
consteval auto constrain(Fields... fields) {
  return detail::constrained_fields<Fields...>{{fields...}};
}

/// All that is wrong with the value, up to a number. Doesn't allocate where nothing is, but for
/// patterns and many `unique_items`.
/// Errors: throws what a `check` of one's own throws; `errc::invalid_argument` for a wrong pattern
///         that `prepare_constraints` would have found.
/// Threads: any.
template <class T>
violations check(const T& value, const check_options& options = {}) {
  violations found;
  if constexpr (constrained<T>) {
    detail::checker c(options, found);
    detail::check_parts(value, c, nullptr);
  }
  return found;
}

/// Makes ready whatever constraints of the type, and of those it holds, need in order to be
/// checked, such as patterns: otherwise the first check does. Errors: throws
/// `errc::invalid_argument`, `order.sku: ...`, for one that is wrong.
template <class T>
void prepare_constraints() {
  detail::prepare<std::remove_cv_t<T>>();
}

}  // namespace kit
