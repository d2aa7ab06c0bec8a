#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <kit/constraints/checker.hpp>
#include <kit/constraints/traits.hpp>
#include <kit/error.hpp>

namespace kit {

/// What a struct's `check` tells its violations to: see <kit/constraints.hpp>.
template <class T>
class violations_of {
 public:
  violations_of(const T& value, detail::checker& c, const detail::check_step* at) noexcept
      : value_(value), checker_(c), at_(at) {}

  /// The object as a whole isn't as `wanted`, e.g. `a street or a box`.
  void add(std::string wanted) { checker_.report(at_, std::move(wanted), {}); }
  /// A member of it isn't; its value is shown, unless it is `secret`.
  template <auto Member>
  void add(std::string wanted);

 private:
  const T& value_;
  detail::checker& checker_;
  const detail::check_step* at_;
};

namespace detail {

// Where rules stand, as a type: what a rule compiles to is kept once for each place.
template <class T, std::size_t Field>
struct rules_of {
  static constexpr const auto& all() noexcept {
    return std::get<Field>(constraints<T>::fields.all).rules;
  }
};
template <class Place, std::size_t I>
struct rule_at {
  static constexpr const auto& rule() noexcept { return std::get<I>(Place::all()); }
  static constexpr const auto& all() noexcept { return rule().rules; }
  using type = std::remove_cvref_t<decltype(std::get<I>(Place::all()))>;
};
template <class Place>
inline constexpr std::size_t rule_count =
    std::tuple_size_v<std::remove_cvref_t<decltype(Place::all())>>;

template <class Rule>
inline constexpr bool is_each = false;
template <class... Rules>
inline constexpr bool is_each<each_rule<Rules...>> = true;
template <class Rule>
inline constexpr bool is_keys = false;
template <class... Rules>
inline constexpr bool is_keys<keys_rule<Rules...>> = true;
template <class Rule>
concept compiled_rule = requires(const Rule& r) { r.compile(); };

/// Calls `f.operator()<rule_at<Place, I>>()` for each rule.
template <class Place, class F>
constexpr void for_each_rule(F&& f) {
  [&f]<std::size_t... Is>(std::index_sequence<Is...>) {
    (f.template operator()<rule_at<Place, Is>>(), ...);
    (void)f;
  }(std::make_index_sequence<rule_count<Place>>{});
}
template <class Place, class Rule>
consteval bool has_rule() {
  bool found = false;
  for_each_rule<Place>([&]<class At>() { found = found || std::same_as<typename At::type, Rule>; });
  return found;
}

/// The rule, or what it compiles to.
template <class At>
const auto& ready() {
  if constexpr (compiled_rule<typename At::type>) {
    // Never destroyed: checks may go on while the program ends.
    static const auto* const made = new auto(At::rule().compile());
    return *made;
  } else {
    return At::rule();
  }
}

template <class Rule, class V>
std::string got(const Rule& rule, const V& v) {
  if constexpr (requires { rule.got(v); }) {
    return rule.got(v);
  } else {
    return show(v);
  }
}

template <class K>
std::string key_text(const void* key) {
  const auto& k = *static_cast<const K*>(key);
  if constexpr (text_like<K>) {
    return std::string(std::string_view(k));
  } else {
    return show(k);
  }
}
template <class K>
check_step step_to(const K& key, const check_step* at) noexcept {
  return {.is = check_step::kind::key,
          .outer = at,
          .key = std::addressof(key),
          .key_text = &key_text<K>};
}

template <class Place, class V>
void check_rules(const V& v, checker& c, const check_step* at);

template <class At, class V>
void check_elements(const V& all, checker& c, const check_step* at) {
  std::size_t i = 0;
  for (const auto& one : all) {
    if (c.done()) return;
    if constexpr (map_like<V>) {
      const auto step = step_to(one.first, at);
      check_rules<At>(one.second, c, &step);
    } else {
      const check_step step{.is = check_step::kind::element, .outer = at, .index = i++};
      check_rules<At>(one, c, &step);
    }
  }
}
template <class At, class V>
void check_keys(const V& all, checker& c, const check_step* at) {
  for (const auto& one : all) {
    if (c.done()) return;
    const auto step = step_to(one.first, at);
    check_rules<At>(one.first, c, &step);
  }
}

template <class At, class V>
void check_rule(const V& v, checker& c, const check_step* at) {
  using rule_type = typename At::type;
  if constexpr (std::same_as<rule_type, secret_rule> || std::same_as<rule_type, required_rule>) {
    return;
  } else if constexpr (is_each<rule_type>) {
    static_assert(range_like<V>, "kit::each is for members that are containers");
    check_elements<At>(v, c, at);
  } else if constexpr (is_keys<rule_type>) {
    static_assert(map_like<V>, "kit::keys is for members that are maps");
    check_keys<At>(v, c, at);
  } else {
    const auto& rule = ready<At>();
    static_assert(
        requires { rule.holds(v); },
        "this constraint is not for members of that type; see <kit/constraints.hpp>");
    if (!rule.holds(v)) c.report(at, At::rule().wanted(), got(At::rule(), v));
  }
}

template <class Place, class V>
void check_rules(const V& v, checker& c, const check_step* at) {
  constexpr bool is_required = has_rule<Place, required_rule>();
  static_assert(!is_required || may_be_nothing<V>,
                "kit::required is for optionals, pointers and variants with std::monostate; for "
                "others there are kit::not_empty and kit::field<...>().required()");
  const checker::hiding hide(c, has_rule<Place, secret_rule>());
  if constexpr (is_owner<V>) {
    if (!v) {
      if (is_required) c.report(at, required_rule::wanted(), "nothing");
    } else {
      for_each_rule<Place>([&]<class At>() { check_rule<At>(*v, c, at); });
    }
  } else {
    if constexpr (is_required) {
      if (v.index() == 0) c.report(at, required_rule::wanted(), "nothing");
    }
    for_each_rule<Place>([&]<class At>() { check_rule<At>(v, c, at); });
  }
}

template <class T>
void check_struct(const T& v, checker& c, const check_step* at);

template <class T>
void check_nested(const T& v, checker& c, const check_step* at) {
  if (!c.enter(at)) return;
  check_struct(v, c, at);
  c.leave();
}

template <class T>
void check_parts(const T& v, checker& c, const check_step* at) {
  if constexpr (!constrained<T>) {
    return;
  } else if constexpr (has_rules<T> || names_check<T> || walked_struct<T>) {
    check_nested(v, c, at);
  } else if constexpr (is_owner<T>) {
    if (v) check_parts(*v, c, at);
  } else if constexpr (map_like<T>) {
    for (const auto& [key, value] : v) {
      if (c.done()) return;
      const auto step = step_to(key, at);
      check_parts(value, c, &step);
    }
  } else if constexpr (range_like<T>) {
    std::size_t i = 0;
    for (const auto& one : v) {
      if (c.done()) return;
      const check_step step{.is = check_step::kind::element, .outer = at, .index = i++};
      check_parts(one, c, &step);
    }
  } else if constexpr (is_variant<T>) {
    if (!v.valueless_by_exception())
      std::visit([&](const auto& held) { check_parts(held, c, at); }, v);
  } else {
    static_assert(is_tuple<T>);
    std::size_t i = 0;
    const auto part = [&](const auto& one) {
      const check_step step{.is = check_step::kind::element, .outer = at, .index = i++};
      check_parts(one, c, &step);
    };
    std::apply([&](const auto&... parts) { (part(parts), ...); }, v);
  }
}

/// What the field is called where it is: a variant whose alternatives are fields by what it holds.
template <class M>
std::string_view name_in(const reflect::field_info& info, const M& member) {
  if constexpr (is_variant<M>) {
    const std::size_t nothing = may_be_nothing<M> ? 1 : 0;
    const auto held = member.index() - nothing;  // beyond all where it is nothing
    if (held < info.alternatives.size()) return info.alternatives[held].name;
  }
  return info.name;
}

template <class T, std::size_t I, class M>
void check_member(const M& member, checker& c, const check_step* at) {
  constexpr auto rules = rules_of_member<T, I>();
  if constexpr (rules != no_rules || constrained<M>) {
    if (c.done()) return;
    const check_step step{.outer = at, .name = name_in(reflect::fields_of<T>[I], member)};
    if constexpr (rules != no_rules) check_rules<rules_of<T, rules>>(member, c, &step);
    if constexpr (constrained<M>) {
      bool is_secret = false;
      if constexpr (rules != no_rules) is_secret = has_rule<rules_of<T, rules>, secret_rule>();
      const checker::hiding hide(c, is_secret);
      check_parts(member, c, &step);
    }
  }
}

template <class T>
void check_struct(const T& v, checker& c, const check_step* at) {
  static_assert(!has_rules<T> || walked_struct<T>,
                "kit::constraints<T>::fields is for structs that kit::reflect can see through");
  static_assert(members_differ<T>(), "kit::constraints<T>::fields names a member twice");
  const auto before = c.count();
  if constexpr (walked_struct<T>) {
    reflect::for_each_field(
        v, [&]<class F>(F, const auto& member) { check_member<T, F::index>(member, c, at); });
  }
  if constexpr (names_check<T>) {
    static_assert(has_check<T, violations_of<T>>,
                  "kit::constraints<T>::check is static void check(const T&, "
                  "kit::violations_of<T>&)");
    if (c.count() > before || c.done()) return;
    violations_of<T> found(v, c, at);
    constraints<T>::check(v, found);
  }
}

template <class Place>
void prepare_rules() {
  for_each_rule<Place>([]<class At>() {
    using rule_type = typename At::type;
    if constexpr (is_each<rule_type> || is_keys<rule_type>) {
      prepare_rules<At>();
    } else if constexpr (compiled_rule<rule_type>) {
      ready<At>();
    }
  });
}

template <class T, std::size_t I>
void prepare_member() {
  constexpr auto rules = rules_of_member<T, I>();
  if constexpr (rules != no_rules) {
    try {
      prepare_rules<rules_of<T, rules>>();
    } catch (const error& e) {
      std::string place(reflect::document_name<T>());
      place.append(".").append(reflect::fields_of<T>[I].name).append(": ");
      throw e.with_message(place.append(e.message()));
    }
  }
}

template <class T>
void prepare() {
  reachable<T>::for_each([]<class P>() {
    if constexpr (has_rules<P>) {
      []<std::size_t... Is>(std::index_sequence<Is...>) {
        (prepare_member<P, Is>(), ...);
      }(std::make_index_sequence<reflect::field_count<P>>{});
    }
  });
}

template <class Place>
void describe_rules(constraint_facts& f) {
  const auto only = [](std::vector<constraint_facts>& all) -> constraint_facts& {
    if (all.empty()) all.emplace_back();
    return all.front();
  };
  for_each_rule<Place>([&]<class At>() {
    using rule_type = typename At::type;
    if constexpr (is_each<rule_type>) {
      describe_rules<At>(only(f.each));
    } else if constexpr (is_keys<rule_type>) {
      describe_rules<At>(only(f.keys));
    } else if constexpr (std::same_as<rule_type, required_rule>) {
      f.present = true;
    } else if constexpr (std::same_as<rule_type, secret_rule>) {
      f.secret = true;
    } else if constexpr (requires { At::rule().describe(f); }) {
      At::rule().describe(f);
    }
  });
}

/// What the constraints of a member come to.
template <class T, std::size_t I>
void describe_member(constraint_facts& f) {
  constexpr auto rules = rules_of_member<T, I>();
  if constexpr (rules != no_rules) describe_rules<rules_of<T, rules>>(f);
  // A message without the field leaves it as it is made.
  if constexpr (std::is_default_constructible_v<T>) {
    const T made{};
    violations found;
    const check_options options{.max_violations = 1};
    checker c(options, found);
    reflect::for_each_field(made, [&]<class F>(F, const auto& member) {
      if constexpr (F::index == I) check_member<T, I>(member, c, nullptr);
    });
    f.required = !found.empty();
  }
}

}  // namespace detail

template <class T>
template <auto Member>
void violations_of<T>::add(std::string wanted) {
  constexpr auto index = reflect::detail::index_of<T, Member>();
  constexpr auto rules = detail::rules_of_member<T, index>();
  bool is_secret = false;
  if constexpr (rules != detail::no_rules) {
    is_secret = detail::has_rule<detail::rules_of<T, rules>, detail::secret_rule>();
  }
  const auto& member = value_.*Member;
  const detail::check_step step{.outer = at_,
                                .name = detail::name_in(reflect::fields_of<T>[index], member)};
  const detail::checker::hiding hide(checker_, is_secret);
  if constexpr (detail::is_owner<std::remove_cvref_t<decltype(member)>>) {
    checker_.report(&step, std::move(wanted), member ? detail::show(*member) : "nothing");
  } else {
    checker_.report(&step, std::move(wanted), detail::show(member));
  }
}

}  // namespace kit
