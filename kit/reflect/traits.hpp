#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kit {

/// How wire names follow from member names, which are taken to be snake_case.
enum class naming : std::uint8_t {
  as_is,        ///< `user_id`
  camel_case,   ///< `userId`
  pascal_case,  ///< `UserId`
  kebab_case,   ///< `user-id`
};

/// How binary formats write an integer. Text formats take no notice.
enum class integer_form : std::uint8_t {
  varint,  ///< Small positive numbers take few bytes, negative ones up to ten.
  zigzag,  ///< Small numbers of both signs take few bytes.
  fixed,   ///< Four bytes up to 32 bits, else eight.
};

/// What reflection cannot see in a type. Specialize it for a struct:
///
///     template <>
///     struct kit::reflect_traits<sum_response> {
///       static constexpr auto fields = kit::fields(
///           kit::field<&sum_response::v>().number(1).required(),
///           kit::field<&sum_response::error>("err").number(2).omit_empty(),
///           kit::field<&sum_response::cached>().skip());
///     };
///
/// Fields not listed keep their defaults. `static constexpr auto naming = kit::naming::camel_case;`
/// sets the names of all fields that aren't given one.
///
/// A variant may be several fields in one place, as protobuf's `oneof` is. Its alternatives are
/// given names and numbers, in their order, but for a `std::monostate` at the start:
///
///     struct shape { std::variant<std::monostate, circle, square> is; };
///     ...
///     kit::field<&shape::is>().alternatives(kit::alternative("circle").number(1),
///                                           kit::alternative("square").number(2))
///
/// Nothing, `monostate`, is none of these fields; `required` and `omit_empty` don't apply to them.
///
/// Comments go into the documents that are made for others, e.g. OpenAPI: of the type by `static
/// constexpr std::string_view comment = "The sum of two numbers.";`, of a field by
/// `kit::field<&sum_response::v>().comment("the sum")`. Where the struct is a service, those of its
/// fields are the comments of its endpoints. `static constexpr std::string_view name = "Sum";` is
/// what such documents call the type; without it they take the name in the source.
///
/// For an enum:
///
///     template <>
///     struct kit::reflect_traits<color> {
///       static constexpr auto enumerators = kit::enumerators(
///           kit::enumerator<color::red>("RED"), kit::enumerator<color::ultraviolet>("UV"));
///       static constexpr int min = 0, max = 400;   // search range, see enum_name()
///     };
///
/// It may have `comment` and `name`, too.
///
/// A member or enumerator that isn't there, one listed twice, and a name or number used twice are
/// errors at compile time. Specialize before the type's first use.
template <class T>
struct reflect_traits {};

namespace reflect {

/// What is known of an alternative of a variant beside its type.
struct alternative_info {
  /// As in `field_info`.
  std::string_view name;
  std::uint32_t number = 0;
  integer_form form = integer_form::varint;
  std::string_view comment = {};
};

/// What is known of a field beside its type.
struct field_info {
  /// The name on the wire, in logs and in documents.
  std::string_view name;
  /// The name in the source.
  std::string_view member;
  /// The tag for protobuf and Thrift. 0: none was given.
  std::uint32_t number = 0;
  /// Codecs pass over the field: neither written nor read.
  bool skip = false;
  /// A decoder refuses a message without it.
  bool required = false;
  /// An encoder leaves it out when it's false, 0, "", an empty container, nothing or null.
  bool omit_empty = false;
  /// What it is, for people.
  std::string_view comment = {};
  /// Of the integers in it: also in optionals, containers, keys and values of maps.
  integer_form form = integer_form::varint;
  /// Of a variant whose alternatives are fields of their own; else empty.
  std::span<const alternative_info> alternatives = {};
};

/// What `kit::alternative` returns. Each function returns a changed copy.
struct alternative_rule {
  alternative_info info;

  constexpr alternative_rule number(std::uint32_t n) const {
    alternative_rule r = *this;
    r.info.number = n;
    return r;
  }
  constexpr alternative_rule zigzag() const {
    alternative_rule r = *this;
    r.info.form = integer_form::zigzag;
    return r;
  }
  constexpr alternative_rule fixed() const {
    alternative_rule r = *this;
    r.info.form = integer_form::fixed;
    return r;
  }
  constexpr alternative_rule comment(std::string_view text) const {
    alternative_rule r = *this;
    r.info.comment = text;
    return r;
  }
};

/// What `kit::field` returns. Each function returns a changed copy.
template <auto Member, std::size_t Alternatives = 0>
struct field_rule {
  field_info info;
  std::array<alternative_info, Alternatives> of_alternatives = {};

  constexpr field_rule number(std::uint32_t n) const {
    field_rule r = *this;
    r.info.number = n;
    return r;
  }
  constexpr field_rule skip() const {
    field_rule r = *this;
    r.info.skip = true;
    return r;
  }
  constexpr field_rule required() const {
    field_rule r = *this;
    r.info.required = true;
    return r;
  }
  constexpr field_rule omit_empty() const {
    field_rule r = *this;
    r.info.omit_empty = true;
    return r;
  }
  constexpr field_rule comment(std::string_view text) const {
    field_rule r = *this;
    r.info.comment = text;
    return r;
  }
  constexpr field_rule zigzag() const {
    field_rule r = *this;
    r.info.form = integer_form::zigzag;
    return r;
  }
  constexpr field_rule fixed() const {
    field_rule r = *this;
    r.info.form = integer_form::fixed;
    return r;
  }
  template <class... Rules>
  constexpr auto alternatives(const Rules&... rules) const {
    return field_rule<Member, sizeof...(Rules)>{info, {rules.info...}};
  }
};

template <class... Rules>
struct field_rules : Rules... {};

template <auto Enumerator>
struct enumerator_rule {
  std::string_view name;
};

template <class... Rules>
struct enumerator_rules : Rules... {};

}  // namespace reflect

/// A rule for one member; see `reflect_traits`. An empty name leaves the name as it is.
template <auto Member>
consteval auto field(std::string_view name = {}) {
  return reflect::field_rule<Member>{{.name = name, .member = {}}, {}};
}
template <auto... Members, std::size_t... Alternatives>
consteval auto fields(reflect::field_rule<Members, Alternatives>... rules) {
  return reflect::field_rules<reflect::field_rule<Members, Alternatives>...>{rules...};
}

/// A rule for one alternative of a variant; see `reflect_traits`.
consteval auto alternative(std::string_view name) {
  return reflect::alternative_rule{{.name = name}};
}

/// A name for one enumerator; see `reflect_traits`.
template <auto Enumerator>
consteval auto enumerator(std::string_view name) {
  return reflect::enumerator_rule<Enumerator>{name};
}
template <auto... Es>
consteval auto enumerators(reflect::enumerator_rule<Es>... rules) {
  return reflect::enumerator_rules<reflect::enumerator_rule<Es>...>{rules...};
}

}  // namespace kit
