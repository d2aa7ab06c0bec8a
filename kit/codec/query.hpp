#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <kit/codec/text.hpp>
#include <kit/http/path_params.hpp>
#include <kit/http/query.hpp>
#include <kit/reflect.hpp>
#include <kit/result.hpp>

/// Structs as parameters of a URL, by the names of their fields: `?name=ann&limit=10&tag=a&tag=b`.
///
///     struct search { std::string name; std::optional<int> limit; std::vector<std::string> tag; };
///     kit::result<search> s = kit::query::decode<search>("name=ann&limit=10");
///
/// A field may be a scalar (see `kit/codec/text.hpp`), an optional of one, or a vector of them,
/// which takes a parameter given several times. A field that has no parameter keeps its default,
/// unless `reflect_traits` says it is required. Parameters without a field are ignored.
namespace kit::query {

namespace detail {
template <class M>
struct shape {
  using value = M;
  static constexpr bool optional = false, repeats = false;
};
template <class M>
struct shape<std::optional<M>> {
  using value = M;
  static constexpr bool optional = true, repeats = false;
};
template <class M, class A>
struct shape<std::vector<M, A>> {
  using value = M;
  static constexpr bool optional = false, repeats = true;
};
}  // namespace detail

/// A type that a field must have to be a parameter.
template <class M>
concept parameter = text::scalar<typename detail::shape<M>::value>;

namespace detail {

/// Reads one value into a field; `first` when it's the first of that name.
using decode_member = bool (*)(void* member, std::string_view text, bool first,
                               std::string& expected);
/// Adds a parameter for each value of a field.
using encode_member = bool (*)(const void* member, std::string_view name, bool omit_empty,
                               http::query_builder& out, std::string& problem);

template <class M>
bool decode_into_member(void* member, std::string_view text, bool first, std::string& expected) {
  auto& m = *static_cast<M*>(member);
  if constexpr (shape<M>::repeats) {
    if (first) m.clear();
    typename shape<M>::value v{};
    if (!text::parse(text, v, expected)) return false;
    m.push_back(std::move(v));
    return true;
  } else if constexpr (shape<M>::optional) {
    return text::parse(text, m.emplace(), expected);
  } else {
    return text::parse(text, m, expected);
  }
}

/// Hands over each value that a field has, until `add` says no.
template <class M, class F>
bool give_values(const void* member, bool omit_empty, F add) {
  const auto& m = *static_cast<const M*>(member);
  if constexpr (shape<M>::repeats) {
    for (const typename shape<M>::value& v : m) {
      if (!add(v)) return false;
    }
    return true;
  } else if constexpr (shape<M>::optional) {
    return !m || add(*m);
  } else {
    return (omit_empty && m == M{}) || add(m);
  }
}

template <class M>
bool encode_from_member(const void* member, std::string_view name, bool omit_empty,
                        http::query_builder& out, std::string& problem) {
  return give_values<M>(member, omit_empty, [&](const auto& v) {
    std::string text;
    if (!text::append(text, v, problem)) return false;
    out.add(name, text);
    return true;
  });
}

struct field {
  std::string_view name;
  bool required = false;
  bool omit_empty = false;
  bool repeats = false;
  std::size_t member = 0;  // its place among the object's members
  // Null: not a parameter.
  decode_member decode = nullptr;
  encode_member encode = nullptr;
};

/// A struct, seen without its type. Fields that reflection skips are left out.
struct object_type {
  const field* fields;
  std::size_t count;
  void (*members)(void* object, void** out);
};

template <class T>
consteval std::size_t count_fields() {
  std::size_t n = 0;
  for (const auto& info : reflect::fields_of<T>)
    n += info.skip ? 0 : 1;
  return n;
}

template <class T>
consteval auto make_fields() {
  std::array<field, count_fields<T>()> out{};
  std::size_t n = 0;
  reflect::for_each_field<T>([&](auto constant) {
    using member = typename decltype(constant)::type;
    const auto& info = constant.info;
    if (info.skip) return;
    field& f = out[n++];
    f = {info.name, info.required, info.omit_empty, shape<member>::repeats, constant.index};
    if constexpr (parameter<member>) {
      f.decode = decode_into_member<member>;
      f.encode = encode_from_member<member>;
    }
  });
  return out;
}

template <class T>
struct type {
  static constexpr auto fields = make_fields<T>();
  static void members(void* object, void** out) {
    reflect::visit_fields(*static_cast<T*>(object),
                          [&out](auto&... m) { ((*out++ = std::addressof(m)), ...); });
  }
  static constexpr object_type value{fields.data(), fields.size(), members};
};

template <class T>
consteval bool all_parameters() {
  for (const auto& f : type<T>::fields) {
    if (!f.decode) return false;
  }
  return true;
}

result<std::string> encode(const object_type& type, const void* object);

}  // namespace detail

/// A struct that can be written as parameters: each field that isn't skipped is a `parameter`.
/// Nested structs, maps and the like are not.
template <class T>
concept parameters = reflect::aggregate<T> && detail::all_parameters<T>();

/// Whether T has a field of that name that can be a parameter.
template <reflect::aggregate T>
bool has_parameter(std::string_view name) noexcept {
  return std::ranges::any_of(detail::type<T>::fields,
                             [name](const auto& f) { return f.decode && f.name == name; });
}

/// Fills the fields of a struct from more than one place. A field belongs to the first place that
/// has a parameter for it; the same parameter in later places is ignored.
///
/// Fields that cannot be parameters are passed over.
/// Errors:   `errc::invalid_argument` with e.g. `query parameter "limit": expected integer, got
///           "x"`; also for a parameter given twice whose field isn't a vector. The struct may be
///           filled in part then.
/// Lifetime: the struct must outlive the decoder.
class decoder {
 public:
  template <reflect::aggregate T>
  explicit decoder(T& object) : type_(detail::type<T>::value) {
    type_.members(&object, members_);
  }

  /// Whether there is a field of that name that can be a parameter.
  bool has(std::string_view name) const noexcept { return find(name) != none; }

  result<void> path(const http::path_params& params);
  result<void> query(std::string_view query_string);
  /// Fails when a required field had no parameter anywhere.
  result<void> finish() const;

 private:
  static constexpr std::size_t none = SIZE_MAX;

  std::size_t find(std::string_view name) const noexcept;
  result<void> take(std::string_view place, std::size_t field, std::string_view text,
                    std::uint64_t& here);

  const detail::object_type& type_;
  void* members_[64];
  std::uint64_t seen_ = 0;  // bit i: field i has its value
};

/// Decodes a query string. Errors: as `decoder`.
template <parameters T>
result<void> decode_into(T& value, std::string_view query_string) {
  decoder d(value);
  if (auto done = d.query(query_string); !done) return done;
  return d.finish();
}
template <parameters T>
result<T> decode(std::string_view query_string) {
  result<T> out(T{});
  if (auto done = decode_into(*out, query_string); !done) out = fail(std::move(done).error());
  return out;
}

/// The query string, without `?`, that `decode` reads back. Empty optionals and vectors have no
/// parameter. Errors: `errc::invalid_argument` for a value that has no text, naming the field.
template <parameters T>
result<std::string> encode(const T& value) {
  return detail::encode(detail::type<T>::value, &value);
}

/// The same of whatever has fields, of those that can be parameters: for paths, beside content that
/// has all. Errors: as `encode`.
template <reflect::aggregate T>
result<std::string> encode_parameters(const T& value) {
  return detail::encode(detail::type<T>::value, &value);
}

}  // namespace kit::query
