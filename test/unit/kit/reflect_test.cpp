#include <kit/reflect.hpp>

#include <any>
#include <array>
#include <atomic>
#include <chrono>
#include <concepts>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

namespace reflect = kit::reflect;

namespace {

// --- counting -------------------------------------------------------------------------------

// A callable wrapper with the converting constructor that misleads naive member counting.
template <class Req, class Resp>
class callable {
 public:
  template <class F>
    requires(!std::same_as<F, callable> &&
             requires(F f, Req r) {
               { f(std::move(r)) } -> std::convertible_to<Resp>;
             })
  callable(F f) : f_(std::move(f)) {}
  Resp operator()(Req r) const { return f_(std::move(r)); }

 private:
  std::function<Resp(Req)> f_;
};

// The same with a default constructor and nothing that constrains what it takes.
struct takes_anything {
  takes_anything() = default;
  template <class F>
    requires(!std::same_as<std::decay_t<F>, takes_anything>)
  takes_anything(F&&) {}
};

struct needs_int {
  explicit needs_int(int v) : value(v) {}
  int value;
};
struct move_only {
  move_only() = default;
  move_only(move_only&&) = default;
  move_only& operator=(move_only&&) = default;
};
struct immovable {
  immovable(int v) : value(v) {}
  immovable(immovable&&) = delete;
  int value;
};
struct explicit_default {
  explicit explicit_default() = default;
};

struct nothing {};
struct inner {
  int x = 0;
  std::string y;
  std::vector<int> z;
};

template <class M>
struct one {
  M a;
};
template <class M>
struct two {
  M a;
  M b;
};
template <class M>
struct amid {
  int before;
  M a;
  std::string after;
};

template <class... Ms>
constexpr bool counts_right =
    ((reflect::field_count<one<Ms>> == 1 && reflect::field_count<two<Ms>> == 2 &&
      reflect::field_count<amid<Ms>> == 3) &&
     ...);

static_assert(counts_right<bool, char, int, const int, double, int*, const char*, std::byte>);
static_assert(counts_right<std::string, std::string_view, std::filesystem::path>);
static_assert(counts_right<std::vector<int>, std::vector<bool>, std::vector<std::any>,
                           std::vector<std::vector<std::string>>, std::span<int>>);
static_assert(counts_right<std::optional<int>, std::optional<inner>, std::optional<std::any>,
                           std::optional<std::optional<int>>>);
static_assert(counts_right<std::array<int, 0>, std::array<int, 1>, std::array<int, 5>,
                           std::array<inner, 2>, std::array<std::string, 3>>);
static_assert(counts_right<inner, nothing, std::monostate, std::nullptr_t, two<inner>>);
static_assert(counts_right<std::pair<int, std::string>, std::tuple<>, std::tuple<int>,
                           std::tuple<std::any, inner>>);
static_assert(counts_right<std::map<std::string, int>, std::unordered_map<std::string, inner>>);
static_assert(counts_right<std::variant<int, std::string>, std::variant<inner, nothing>>);
static_assert(counts_right<std::any, std::function<int(int)>, std::function<void(std::any)>>);
static_assert(counts_right<std::unique_ptr<int>, std::unique_ptr<int[]>, std::shared_ptr<inner>>);
static_assert(counts_right<std::mutex, std::atomic<int>, std::chrono::system_clock::time_point,
                           std::chrono::milliseconds, std::error_code, std::exception_ptr>);
static_assert(counts_right<move_only, immovable, explicit_default, takes_anything>);
static_assert(counts_right<std::reference_wrapper<int>, needs_int, std::optional<needs_int>>);
struct hides_needs_int {
  needs_int a;
  std::optional<needs_int> b;
  std::vector<needs_int> c;
};
static_assert(reflect::field_count<hides_needs_int> == 3);
static_assert(counts_right<callable<int, inner>, callable<inner, callable<int, int>>,
                           callable<takes_anything, std::any>>);
static_assert(counts_right<int[1], int[3], int[2][2], inner[2], std::string[2], move_only[3]>);

struct array_before_required {
  int a[3];
  callable<int, int> f;
  std::string s[2][2];
  immovable m;
  int z;
};
static_assert(reflect::field_count<array_before_required> == 5);

struct defaults {
  int a = 1;
  std::string b = "b";
  std::vector<int> c{1, 2, 3};
  immovable d = 4;
};
static_assert(reflect::field_count<defaults> == 4);
static_assert(reflect::field_count<nothing> == 0);
static_assert(reflect::field_count<const inner> == 3);

struct sixty_four {
  int a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, c0, c1, c2,
      c3, c4, c5, c6, c7, c8, c9, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, e0, e1, e2, e3, e4, e5,
      e6, e7, e8, e9, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, g0, g1, g2;
  std::string last;
};
static_assert(reflect::field_count<sixty_four> == 64);
static_assert(reflect::field_name<sixty_four, 0>() == "a0");
static_assert(reflect::field_name<sixty_four, 62>() == "g2");
static_assert(reflect::field_name<sixty_four, 63>() == "last");

// --- types and names --------------------------------------------------------------------------

struct sum_request {
  std::int64_t a = 0, b = 0;
};
template <class T>
struct boxed {
  T content;
};
struct trailing {
  int type_, _id, x1, camelCase;
};

static_assert(reflect::type_name<sum_request>() == "sum_request");
static_assert(reflect::type_name<kit::reflect::field_info>() == "field_info");
static_assert(reflect::type_name<boxed<sum_request>>().starts_with("boxed<"));
static_assert(reflect::type_name<int>() == "int");
static_assert(reflect::field_name<boxed<std::map<int, int>>, 0>() == "content");
static_assert(reflect::field_name<two<immovable>, 1>() == "b");
static_assert(reflect::field_name<one<int[4]>, 0>() == "a");
static_assert(reflect::field_name<trailing, 0>() == "type_");
static_assert(reflect::field_name<trailing, 1>() == "_id");
static_assert(std::same_as<reflect::field_type<inner, 1>, std::string>);
static_assert(std::same_as<reflect::field_type<amid<const int>, 1>, const int>);
static_assert(std::same_as<reflect::field_type<amid<int[3]>, 1>, int[3]>);
static_assert(reflect::aggregate<inner> && !reflect::aggregate<std::string> &&
              !reflect::aggregate<int>);

// --- traits -----------------------------------------------------------------------------------

struct reply {
  int v = 0;
  std::string error;
  std::string cached;
  bool has_more_pages = false;
};
struct styled {
  int user_id, x, long_field_name, type_;
};
struct pascal {
  int user_id;
};
struct kebab {
  int user_id;
};
struct swapped {
  int a, b;
};
struct several {
  int first = 0, left_out = 0;
  std::variant<int, std::string> value;
  std::variant<std::monostate, int> untagged;
};

enum class color { red, green = 5, blue = -3, wine = red };
enum plain { plain_one = 1, plain_nine = 9 };
enum class small : std::uint8_t { lowest, highest = 255 };
enum class wide : int { far_below = -400, zero = 0, far_above = 1000 };
enum class big : std::uint64_t { one = 1, huge = 0xffffffffffffffff };
enum class renamed { in_progress, done, dropped = 300 };
enum class empty_enum {};
enum negative_only { minus_two = -2, minus_one };
enum flag : bool { off, on };

}  // namespace

template <>
struct kit::reflect_traits<reply> {
  static constexpr auto fields = kit::fields(
      kit::field<&reply::error>("err").number(2).omit_empty(),
      kit::field<&reply::v>().number(1).required(), kit::field<&reply::cached>().skip());
};
template <>
struct kit::reflect_traits<styled> {
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(kit::field<&styled::x>("X-Ray"));
};
template <>
struct kit::reflect_traits<pascal> {
  static constexpr auto naming = kit::naming::pascal_case;
};
template <>
struct kit::reflect_traits<kebab> {
  static constexpr auto naming = kit::naming::kebab_case;
};
template <>
struct kit::reflect_traits<swapped> {
  static constexpr auto fields =
      kit::fields(kit::field<&swapped::a>("b"), kit::field<&swapped::b>("a"));
};
template <>
struct kit::reflect_traits<several> {
  static constexpr auto fields = kit::fields(
      kit::field<&several::first>().number(9).zigzag(), kit::field<&several::left_out>().skip(),
      kit::field<&several::value>()
          .comment("one of two")
          .alternatives(kit::alternative("as_int").number(2).fixed().comment("a number"),
                        kit::alternative("as_text").number(1)));
};
template <>
struct kit::reflect_traits<small> {
  static constexpr int max = 255;
};
template <>
struct kit::reflect_traits<wide> {
  static constexpr int min = -400, max = 1000;
};
template <>
struct kit::reflect_traits<renamed> {
  static constexpr auto enumerators =
      kit::enumerators(kit::enumerator<renamed::in_progress>("IN_PROGRESS"),
                       kit::enumerator<renamed::dropped>("DROPPED"));
};

namespace {

TEST_CASE("reflect: for_each_field visits members by reference in the order of declaration") {
  inner object{1, "two", {3}};
  std::string names;
  reflect::for_each_field(object, [&](auto field, auto& member) {
    names += field.name();
    names += ' ';
    using type = typename decltype(field)::type;
    static_assert(std::same_as<type&, decltype(member)>);
    if constexpr (field.index == 0) member = 42;
    if constexpr (std::same_as<type, std::string>) member += "!";
  });
  CHECK(names == "x y z ");
  CHECK(object.x == 42);
  CHECK(object.y == "two!");

  const inner& constant = object;
  reflect::for_each_field(constant, [&](auto, auto& member) {
    static_assert(std::is_const_v<std::remove_reference_t<decltype(member)>>);
  });
}

TEST_CASE("reflect: an empty struct has no fields to visit") {
  nothing object;
  int calls = 0;
  reflect::for_each_field(object, [&](auto, auto&) { ++calls; });
  reflect::for_each_field<nothing>([&](auto) { ++calls; });
  CHECK(calls == 0);
  CHECK(reflect::visit_fields(object, [](auto&... m) { return sizeof...(m); }) == 0);
}

TEST_CASE("reflect: move-only and non-default-constructible members are visited in place") {
  two<immovable> object{1, 2};
  int sum = 0;
  reflect::for_each_field(object, [&](auto, auto& m) { sum += m.value; });
  CHECK(sum == 3);

  amid<std::unique_ptr<int>> owner{1, std::make_unique<int>(7), "x"};
  reflect::for_each_field(owner, [&](auto field, auto& m) {
    if constexpr (field.name() == "a") CHECK(*std::exchange(m, nullptr) == 7);
  });
  CHECK(owner.a == nullptr);
}

TEST_CASE(
    "reflect: a service's endpoints are found by name, and a client is made of one function") {
  struct service {
    callable<int, int> twice;
    callable<std::string, std::size_t> length;
  };
  static_assert(reflect::field_count<service> == 2);
  static_assert(reflect::field_name<service, 1>() == "length");

  std::string made;
  auto client = reflect::make<service>([&](auto field) {
    made += field.name();
    made += ';';
    return typename decltype(field)::type([](auto v) {
      if constexpr (std::same_as<decltype(v), int>) {
        return 2 * v;
      } else {
        return v.size();
      }
    });
  });
  CHECK(made == "twice;length;");
  CHECK(client.twice(21) == 42);
  CHECK(client.length("four") == 4);
}

TEST_CASE("reflect: local types have names, too") {
  struct local {
    int first;
    std::string second;
  };
  static_assert(reflect::type_name<local>() == "local");
  static_assert(reflect::field_name<local, 1>() == "second");
  CHECK(reflect::fields_of<local>.size() == 2);
}

TEST_CASE("reflect: traits rename, number, skip and mark fields; the others keep their defaults") {
  const auto& fields = reflect::fields_of<reply>;
  CHECK(fields[0].name == "v");
  CHECK(fields[0].number == 1);
  CHECK(fields[0].required);
  CHECK_FALSE(fields[0].omit_empty);
  CHECK(fields[1].name == "err");
  CHECK(fields[1].member == "error");
  CHECK(fields[1].number == 2);
  CHECK(fields[1].omit_empty);
  CHECK(fields[2].skip);
  CHECK(fields[2].name == "cached");
  CHECK(fields[3].name == "has_more_pages");
  CHECK(fields[3].number == 0);
  CHECK_FALSE(fields[3].required);
}

TEST_CASE("reflect: a naming convention applies to all fields but those with a name of their own") {
  const auto& fields = reflect::fields_of<styled>;
  CHECK(fields[0].name == "userId");
  CHECK(fields[0].member == "user_id");
  CHECK(fields[1].name == "X-Ray");
  CHECK(fields[2].name == "longFieldName");
  CHECK(fields[3].name == "type");
  CHECK(reflect::field_name<pascal, 0>() == "UserId");
  CHECK(reflect::field_name<kebab, 0>() == "user-id");
}

TEST_CASE("reflect: what is on the wire are fields, and alternatives that have rules") {
  const auto& wire = reflect::wire_fields<several>;
  REQUIRE(wire.size() == 4);
  CHECK(wire[0].name == "first");
  CHECK(wire[0].number == 9);
  CHECK(wire[0].form == kit::integer_form::zigzag);
  CHECK(wire[0].member == 0);
  CHECK(wire[0].alternative == reflect::wire_field::whole);
  CHECK(wire[1].name == "as_int");
  CHECK(wire[1].number == 2);
  CHECK(wire[1].form == kit::integer_form::fixed);
  CHECK(wire[1].comment == "a number");
  CHECK(wire[1].member == 2);
  CHECK(wire[1].alternative == 0);
  CHECK(wire[2].name == "as_text");
  CHECK(wire[2].alternative == 1);
  CHECK(wire[3].name == "untagged");
  CHECK(wire[3].alternative == reflect::wire_field::whole);
  CHECK(reflect::fields_of<several>[2].name == "value");
  CHECK(reflect::fields_of<several>[2].comment == "one of two");
}

TEST_CASE("reflect: members by index") {
  several v{1, 2, "three", 4};
  const auto members = reflect::members_of(v);
  CHECK(reflect::member<0>(members) == 1);
  reflect::member<1>(members) = 5;
  CHECK(v.left_out == 5);
  CHECK(std::get<1>(reflect::member<2>(members)) == "three");
}

TEST_CASE("reflect: two fields may swap names") {
  CHECK(reflect::field_name<swapped, 0>() == "b");
  CHECK(reflect::field_name<swapped, 1>() == "a");
}

TEST_CASE("reflect: enumerators are known by name, in both directions") {
  CHECK(reflect::enum_name(color::red) == "red");
  CHECK(reflect::enum_name(color::green) == "green");
  CHECK(reflect::enum_name(color::blue) == "blue");
  CHECK(reflect::enum_from_name<color>("blue") == color::blue);
  CHECK(reflect::enum_entries<color>.size() == 3);
  CHECK(reflect::enum_entries<color>[0].value == color::blue);
  static_assert(reflect::enum_name(color::green) == "green");

  CHECK(reflect::enum_name(plain_nine) == "plain_nine");
  CHECK(reflect::enum_from_name<plain>("plain_one") == plain_one);
  CHECK(reflect::enum_name(minus_one) == "minus_one");
  CHECK(reflect::enum_name(on) == "on");
  CHECK(reflect::enum_name(big::one) == "one");
}

TEST_CASE("reflect: a value without a name has none, and an unknown name no value") {
  CHECK(reflect::enum_name(static_cast<color>(77)).empty());
  CHECK(reflect::enum_name(static_cast<color>(-77)).empty());
  CHECK(reflect::enum_name(static_cast<plain>(3)).empty());
  CHECK(reflect::enum_name(big::huge).empty());  // outside the range
  CHECK_FALSE(reflect::enum_from_name<color>("Red").has_value());
  CHECK_FALSE(reflect::enum_from_name<color>("").has_value());
  CHECK_FALSE(reflect::enum_from_name<color>("re").has_value());
  CHECK(reflect::enum_entries<empty_enum>.empty());
  CHECK(reflect::enum_name(empty_enum{}).empty());
}

TEST_CASE("reflect: traits widen the range of an enum, and rename or add enumerators") {
  CHECK(reflect::enum_name(small::highest) == "highest");
  CHECK(reflect::enum_name(wide::far_below) == "far_below");
  CHECK(reflect::enum_name(wide::zero) == "zero");
  CHECK(reflect::enum_from_name<wide>("far_above") == wide::far_above);

  CHECK(reflect::enum_name(renamed::in_progress) == "IN_PROGRESS");
  CHECK(reflect::enum_name(renamed::done) == "done");
  CHECK(reflect::enum_name(renamed::dropped) == "DROPPED");
  CHECK(reflect::enum_from_name<renamed>("DROPPED") == renamed::dropped);
  CHECK_FALSE(reflect::enum_from_name<renamed>("in_progress").has_value());
}

}  // namespace
