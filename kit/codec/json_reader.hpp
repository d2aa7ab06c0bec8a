#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <kit/codec/detail/json_word.hpp>
#include <kit/codec/detail/type_kinds.hpp>
#include <kit/result.hpp>

namespace kit::json {

/// What a JSON value is, by its first character.
enum class kind : std::uint8_t { null, boolean, number, string, array, object, invalid };

/// A set of kinds, as a codec's `static constexpr unsigned kinds` states what it can decode.
constexpr unsigned bit(kind k) {
  return 1U << static_cast<unsigned>(k);
}
inline constexpr unsigned any_kind = 0x3f;

/// How a type is decoded and encoded; see <kit/codec/json.hpp>.
template <class T>
struct codec;

/// What a number without fraction can be read into: all integers up to 64 bits but characters.
using codec_detail::integer;

/// Limits and strictness of decoding. Plain data.
struct decode_options {
  /// Longest text, in bytes; up to 4 GiB - 1.
  std::size_t max_bytes = 64 * 1024 * 1024;
  /// Deepest nesting of arrays and objects; 0 to 1,000, what is above counts as 1,000. It bounds
  /// the use of the stack, which is up to 1 KiB for each level.
  int max_depth = 200;
  /// A member that the type has no field for is an error. Otherwise it's passed over, after a check
  /// that it is valid JSON.
  bool refuse_unknown = false;
  /// A name that stands twice in an object is an error. Otherwise the last one wins. Members that
  /// are passed over, and what is inside `json::raw`, are not compared.
  bool refuse_duplicates = false;
  /// `null` for a field that cannot be null is an error. Otherwise it is as if it were not there,
  /// as Go and protobuf's JSON mapping have it. Elements of arrays must never be null unless their
  /// type can be.
  bool refuse_null = false;
  /// Names match without regard to the case of ASCII letters, an exact match being preferred, as in
  /// Go. Otherwise a name that differs in case is an unknown one.
  bool ignore_case = false;
  /// Names of fields of the outermost object that get their values from elsewhere: those are not
  /// missed when they are required.
  std::span<const std::string_view> given = {};
};

/// A text to decode. Converts from whatever holds text. For texts above 16 KiB it matters what can
/// be read behind the end, as their parser reads in blocks: with 64 bytes of room such a text is
/// used where it is, without, a copy.
class input {
 public:
  input(std::string_view text) noexcept : text_(text) {}
  input(const char* text) noexcept : text_(text) {}
  /// Uses the spare capacity of the string, where there is enough.
  input(const std::string& text) noexcept;

  std::string_view text() const noexcept { return text_; }
  bool padded() const noexcept { return padded_; }

 private:
  friend input padded(std::string_view text, std::size_t room) noexcept;
  std::string_view text_;
  bool padded_ = false;
};

/// A text in a larger buffer: `room` bytes behind its end may be read, whatever they hold. No other
/// thread may write there meanwhile.
inline input padded(std::string_view text, std::size_t room) noexcept {
  input in(text);
  in.padded_ = room >= 64;
  return in;
}

namespace detail {
class ondemand_walk;
struct decode_object;
struct problem;
struct reader_access;
}  // namespace detail

/// What codecs read values from. A codec gets a reader that stands at a value and calls one of the
/// reading functions, once; they return false after a failure, which the codec passes on at once.
/// A value that isn't read is skipped.
/// Lifetime: valid during the decode call only. Threads: one.
class reader {
 public:
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;

  const decode_options& options() const noexcept;

  /// The kind of the value; doesn't read it.
  kind peek() const noexcept;

  [[nodiscard]] bool read_null();
  [[nodiscard]] bool read(bool& v);
  [[nodiscard]] bool read(double& v);
  [[nodiscard]] bool read(float& v);
  template <integer I>
  [[nodiscard]] bool read(I& v) {
    using limits = std::numeric_limits<I>;
    if constexpr (std::is_signed_v<I>) {
      std::int64_t wide = 0;
      if (!read_signed(wide, limits::min(), limits::max())) return false;
      v = static_cast<I>(wide);
    } else {
      std::uint64_t wide = 0;
      if (!read_unsigned(wide, limits::max())) return false;
      v = static_cast<I>(wide);
    }
    return true;
  }
  [[nodiscard]] bool read(std::string& v);
  /// Anything else by its own codec.
  template <class T>
  [[nodiscard]] bool read(T& v) {
    return codec<T>::decode(*this, v);
  }
  /// A string without a copy where it has no escapes. The view is valid until the next call.
  [[nodiscard]] bool read_text(std::string_view& v);
  /// Any value, as its validated text. The view is valid until the decode call returns.
  [[nodiscard]] bool read_raw(std::string_view& v);
  [[nodiscard]] bool skip();

  /// Calls `f() -> bool` at each element of an array.
  template <class F>
  [[nodiscard]] bool read_array(F&& f) {
    return elements([](void* c) { return (*static_cast<std::remove_reference_t<F>*>(c))(); },
                    address(f));
  }
  /// Calls `f(std::string_view name) -> bool` at each member of an object. The name is valid until
  /// the next call.
  template <class F>
  [[nodiscard]] bool read_object(F&& f) {
    return members(
        [](void* c, std::string_view name) {
          return (*static_cast<std::remove_reference_t<F>*>(c))(name);
        },
        address(f));
  }

  /// Fails at the value: `<path>: <message> at byte <offset>`. Always false.
  bool fail(std::string message);
  /// Fails with `expected <what>, got <the value's kind>`. Always false.
  bool fail_expected(std::string_view what);

 private:
  friend struct detail::reader_access;
  struct state;
  explicit reader(state& s) noexcept : s_(s) {}

  template <class F>
  static void* address(F& f) {
    return const_cast<void*>(static_cast<const void*>(std::addressof(f)));
  }

  bool read_signed(std::int64_t& v, std::int64_t least, std::int64_t most);
  bool read_unsigned(std::uint64_t& v, std::uint64_t most);
  bool elements(bool (*f)(void*), void* context);
  bool members(bool (*f)(void*, std::string_view), void* context);

  state& s_;
};

namespace detail {

using decode_function = bool (*)(reader&, void*);

/// A field of an aggregate, for decoding.
struct decode_field {
  /// Behind it stands a quote, and then zeros up to a multiple of 8 bytes.
  std::string_view name;
  decode_function decode;
  /// Makes the member anew where decoding twice would mix the values; null: it wouldn't.
  void (*reset)(void*);
  bool required;
  bool nullable;

  /// Whether the name and a quote are at `p`.
  bool is_at(const char* p, const char* end) const noexcept {
    const char* key = name.data();
    std::size_t n = name.size() + 1;
    if (static_cast<std::size_t>(end - p) < n + 7) {
      return static_cast<std::size_t>(end - p) >= n && std::memcmp(p, key, n) == 0;
    }
    for (; n >= 8; n -= 8, p += 8, key += 8) {
      if (load_word(p) != load_word(key)) return false;
    }
    return n == 0 || (load_word(p) ^ load_word(key)) << (64 - 8 * n) == 0;
  }
};

/// An aggregate, for decoding.
struct decode_object {
  const decode_field* fields;
  std::size_t count;
  /// Bit i: field i is required.
  std::uint64_t required;
};

inline constexpr std::size_t no_field = ~std::size_t{0};

/// The field of that name.
std::size_t find_field(const decode_object& type, std::string_view name, bool ignore_case) noexcept;

/// Of the missing fields, as bits, those that are not among `given`.
std::uint64_t without_given(const decode_object& type, std::uint64_t missing,
                            std::span<const std::string_view> given) noexcept;

/// What templates of the codec call in the reader.
struct reader_access {
  /// Decodes the whole text by `f(reader, object)`.
  static result<void> run(const input& in, const decode_options& options, decode_function f,
                          void* object);
  /// `members` are the addresses of the object's members, in the order of `type.fields`.
  static bool read_object(reader& r, const decode_object& type, void* const* members);
  /// Decodes a text that `read_raw` returned once more. All such texts of one decode call may be
  /// 64 times as long as the whole text, or it's a failure.
  static bool read_again(reader& r, std::string_view raw, const decode_options& options,
                         decode_function f, void* object);
  /// Takes the failure back, so that reading can go on. False: the text isn't JSON, which is final.
  static bool take_failure(reader& r, problem& out);
  static void set_failure(reader& r, problem failure);

 private:
  static result<void> run_in(std::string_view text, ondemand_walk* walk,
                             const decode_options& options, decode_function f, void* object);
  static bool read_field(reader& r, const decode_field& field, void* member, bool again);
};

/// One type that a value may be decoded as.
struct alternative {
  unsigned kinds;
  decode_function decode;
};

/// Decodes the value as the first alternative that takes its kind and succeeds. For an array or
/// object those are preferred that know all the names in it. If all fail, the failure is that of
/// the one that got furthest.
bool read_first_of(reader& r, const alternative* list, std::size_t n, void* object);

}  // namespace detail
}  // namespace kit::json
