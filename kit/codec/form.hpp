#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <kit/codec/query.hpp>
#include <kit/http/multipart.hpp>
#include <kit/http/multipart_form.hpp>
#include <kit/http/path_params.hpp>
#include <kit/reflect.hpp>
#include <kit/result.hpp>

namespace kit {

/// A file that was sent with a form: the type of a field that takes one.
struct form_file {
  /// Without directories, but otherwise what the client says; see `http::part_description`.
  std::string filename = {};
  std::string content_type = "application/octet-stream";  ///< what the client says, too
  std::string content = {};

  friend bool operator==(const form_file&, const form_file&) = default;
};

}  // namespace kit

/// Structs as HTML forms, by the names of their fields: application/x-www-form-urlencoded, and
/// multipart/form-data, which may have files.
///
///     struct upload { std::string title; std::vector<std::string> tag; kit::form_file photo; };
///     kit::result<upload> u = kit::form::decode<upload>(content_type, content);
///
/// A field may be a scalar (see `kit/codec/text.hpp`) or a `form_file`, an optional of one, or a
/// vector of them, which takes a field that is given several times. A field that is not given keeps
/// its default, unless `reflect_traits` says it is required; so does a file that a browser's user
/// did not choose, which comes without name and content. A bool is true for `on`, too, which a
/// checkbox sends that is ticked; one that is not sends nothing. What the struct has no field for
/// is ignored.
namespace kit::form {

/// Limits of decoding. Plain data.
struct decode_options {
  /// The whole content, in bytes.
  std::size_t max_bytes = 64 * 1024 * 1024;
  /// Each file, in bytes.
  std::size_t max_file_bytes = 64 * 1024 * 1024;
  /// Parts of multipart content, and fields of urlencoded content.
  std::size_t max_parts = 1000;
};

namespace detail {

/// Takes a file into a field; `first` when it is the first of that name.
using take_file = void (*)(void* member, form_file&& file, bool first);
/// Appends the values of a field: texts, or files.
using give_texts = bool (*)(const void* member, bool omit_empty, std::vector<std::string>& out,
                            std::string& problem);
using give_files = void (*)(const void* member, std::vector<const form_file*>& out);

template <class M>
inline constexpr bool is_file = std::is_same_v<typename query::detail::shape<M>::value, form_file>;

template <class M>
void take_into_member(void* member, form_file&& file, bool first) {
  auto& m = *static_cast<M*>(member);
  if constexpr (query::detail::shape<M>::repeats) {
    if (first) m.clear();
    m.push_back(std::move(file));
  } else {
    m = std::move(file);
  }
}

template <class M>
void give_files_of(const void* member, std::vector<const form_file*>& out) {
  const auto& m = *static_cast<const M*>(member);
  if constexpr (query::detail::shape<M>::repeats) {
    for (const form_file& f : m)
      out.push_back(&f);
  } else if constexpr (query::detail::shape<M>::optional) {
    if (m) out.push_back(&*m);
  } else {
    out.push_back(&m);
  }
}

template <class M>
bool give_texts_of(const void* member, bool omit_empty, std::vector<std::string>& out,
                   std::string& problem) {
  return query::detail::give_values<M>(member, omit_empty, [&](const auto& v) {
    return text::append(out.emplace_back(), v, problem);
  });
}

/// Either decode and texts are set, or take and files.
struct field {
  std::string_view name;
  bool required = false;
  bool omit_empty = false;
  bool repeats = false;
  bool boolean = false;
  std::size_t member = 0;  // its place among the object's members
  query::detail::decode_member decode = nullptr;
  give_texts texts = nullptr;
  take_file take = nullptr;
  give_files files = nullptr;
};

/// A struct, seen without its type. Fields that reflection skips are left out.
struct object_type {
  const field* fields;
  std::size_t count;
  void (*members)(void* object, void** out);
};

template <class T>
consteval auto make_fields() {
  std::array<field, query::detail::count_fields<T>()> out{};
  std::size_t n = 0;
  reflect::for_each_field<T>([&](auto constant) {
    using member = typename decltype(constant)::type;
    const auto& info = constant.info;
    if (info.skip) return;
    field& f = out[n++];
    f.name = info.name;
    f.required = info.required;
    f.omit_empty = info.omit_empty;
    f.repeats = query::detail::shape<member>::repeats;
    f.boolean = std::is_same_v<typename query::detail::shape<member>::value, bool>;
    f.member = constant.index;
    if constexpr (query::parameter<member>) {
      f.decode = query::detail::decode_into_member<member>;
      f.texts = give_texts_of<member>;
    } else if constexpr (is_file<member>) {
      f.take = take_into_member<member>;
      f.files = give_files_of<member>;
    }
  });
  return out;
}

template <class T>
struct type {
  static constexpr auto fields = make_fields<T>();
  static constexpr object_type value{fields.data(), fields.size(), query::detail::type<T>::members};
};

template <class T>
consteval bool all_fields() {
  for (const auto& f : type<T>::fields) {
    if (!f.decode && !f.take) return false;
  }
  return true;
}

result<http::multipart_form> encode(const object_type& type, const void* object,
                                    random_source random);

}  // namespace detail

/// A struct that can be a form: each field that isn't skipped is a parameter or takes files.
template <class T>
concept fields = reflect::aggregate<T> && detail::all_fields<T>();

/// Whether that `Content-Type` is one of the two that forms have.
bool is_form_type(std::string_view content_type) noexcept;

/// Fills the fields of a struct from a form and from the path of the request. A field belongs to
/// the first place that has a value for it; the same in later places is ignored.
///
/// Errors:   `errc::invalid_argument` with e.g. `form field "age": expected integer, got "x"`; also
///           for a field given twice that isn't a vector, and for content that is malformed or of
///           another type. `errc::resource_exhausted` past a limit. The struct may be filled in
///           part then.
/// Lifetime: the struct must outlive the decoder.
class decoder {
 public:
  template <fields T>
  explicit decoder(T& object, const decode_options& options = {})
      : type_(detail::type<T>::value), options_(options) {
    type_.members(&object, members_);
  }

  result<void> path(const http::path_params& params);
  result<void> content(std::string_view content_type, std::string_view content);
  /// Fails when a required field has no value.
  result<void> finish() const;

 private:
  class parts;

  std::size_t find(std::string_view name) const noexcept;
  bool is_first(std::size_t index) const noexcept { return (here_ >> index & 1) == 0; }
  result<void> claim(std::string_view place, std::size_t index) const;
  result<void> take_text(std::string_view place, std::size_t index, std::string_view text);
  result<void> take_file(std::size_t index, form_file&& file);
  result<void> urlencoded(std::string_view content);
  result<void> multipart(std::string_view boundary, std::string_view content);

  const detail::object_type& type_;
  decode_options options_;
  void* members_[64];
  std::uint64_t seen_ = 0;  // bit i: field i has its value from an earlier place
  std::uint64_t here_ = 0;  // ... from this one
};

/// Decodes the content of a form. Errors: as `decoder`.
template <fields T>
result<T> decode(std::string_view content_type, std::string_view content,
                 const decode_options& options = {}) {
  result<T> out(T{});
  decoder d(*out, options);
  auto done = d.content(content_type, content);
  if (done) done = d.finish();
  if (!done) out = fail(std::move(done).error());
  return out;
}

/// The form as application/x-www-form-urlencoded. Empty optionals and vectors are left out.
/// Errors: `errc::invalid_argument` for a value that has no text, naming the field.
template <query::parameters T>
result<std::string> encode(const T& value) {
  return query::encode(value);
}

/// The form as multipart/form-data, see `multipart_form::put_into`.
/// Errors: as `encode`, and what `multipart_form` throws.
template <fields T>
result<http::multipart_form> encode_multipart(
    const T& value, random_source random = random_source::from_entropy()) {
  return detail::encode(detail::type<T>::value, &value, random);
}

}  // namespace kit::form
