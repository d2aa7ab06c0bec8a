#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>
#include <kit/codec/protobuf.hpp>

#include "protobuf_check.hpp"

namespace protobuf = kit::protobuf;
using test::bytes;
using test::decoded;
using test::encoded;
using test::there_and_back;

namespace {

// The examples of https://protobuf.dev/programming-guides/encoding.
struct test1 {
  std::int32_t a = 0;
};
struct test2 {
  std::string b;
};
struct test3 {
  test1 c;
};
struct test4 {
  std::string d;
  std::vector<std::int32_t> e;
};
struct test5 {
  std::vector<std::int32_t> f;
};

template <class I>
struct number {
  I n = 0;
};
struct zigzag {
  std::int32_t a = 0;
  std::int64_t b = 0;
};
struct fixed {
  std::uint32_t a = 0;
  std::uint64_t b = 0;
  std::int32_t c = 0;
  std::int64_t d = 0;
};

struct initialized {
  std::int32_t n = 5;
  bool b = true;
  std::string s = "five";
  std::vector<int> list = {5};
  std::optional<int> maybe = 5;
  test1 inner{5};
  int skipped = 5;
};
struct unordered {
  std::int32_t late = 0, early = 0, middle = 0;
};
struct last_place {
  std::int32_t first = 0, left_out = 0, third = 0;
};

struct point {
  std::int32_t x = 0, y = 0;
  std::vector<std::int32_t> list;
};
struct line {
  point from;
  std::optional<point> to;
  std::unique_ptr<point> via;
};

}  // namespace

template <>
struct kit::reflect_traits<test2> {
  static constexpr auto fields = kit::fields(kit::field<&test2::b>().number(2));
};
template <>
struct kit::reflect_traits<test3> {
  static constexpr auto fields = kit::fields(kit::field<&test3::c>().number(3));
};
template <>
struct kit::reflect_traits<test4> {
  static constexpr auto fields =
      kit::fields(kit::field<&test4::d>().number(4), kit::field<&test4::e>().number(5));
};
template <>
struct kit::reflect_traits<test5> {
  static constexpr auto fields = kit::fields(kit::field<&test5::f>().number(6));
};
template <>
struct kit::reflect_traits<zigzag> {
  static constexpr auto fields = kit::fields(kit::field<&zigzag::a>().number(1).zigzag(),
                                             kit::field<&zigzag::b>().number(2).zigzag());
};
template <>
struct kit::reflect_traits<fixed> {
  static constexpr auto fields = kit::fields(
      kit::field<&fixed::a>().number(1).fixed(), kit::field<&fixed::b>().number(2).fixed(),
      kit::field<&fixed::c>().number(3).fixed(), kit::field<&fixed::d>().number(4).fixed());
};
template <>
struct kit::reflect_traits<initialized> {
  static constexpr auto fields = kit::fields(kit::field<&initialized::skipped>().skip());
};
template <>
struct kit::reflect_traits<unordered> {
  static constexpr auto fields = kit::fields(kit::field<&unordered::late>().number(536'870'911),
                                             kit::field<&unordered::early>().number(1),
                                             kit::field<&unordered::middle>().number(16));
};
template <>
struct kit::reflect_traits<last_place> {
  static constexpr auto fields = kit::fields(kit::field<&last_place::left_out>().skip());
};

TEST_CASE("protobuf: the examples of the encoding guide") {
  CHECK(encoded(test1{150}) == "08 96 01");
  CHECK(encoded(test2{"testing"}) == "12 07 74 65 73 74 69 6e 67");
  CHECK(encoded(test3{{150}}) == "1a 03 08 96 01");
  CHECK(encoded(test4{"hello", {1, 2, 3}}) == "22 05 68 65 6c 6c 6f 2a 03 01 02 03");
  CHECK(encoded(test5{{3, 270, 86942}}) == "32 06 03 8e 02 9e a7 05");

  CHECK(decoded<test1>("08 96 01").a == 150);
  CHECK(decoded<test2>("12 07 'testing'").b == "testing");
  CHECK(decoded<test3>("1a 03 08 96 01").c.a == 150);
  CHECK(decoded<test4>("28 01 28 02 22 05 'hello' 28 03").e == std::vector{1, 2, 3});
  CHECK(decoded<test5>("32 06 03 8e 02 9e a7 05").f == std::vector{3, 270, 86942});
}

TEST_CASE_TEMPLATE("protobuf: integers come back over their whole range", I, signed char,
                   unsigned char, short, unsigned short, int, unsigned, long, unsigned long,
                   long long, unsigned long long) {
  using limits = std::numeric_limits<I>;
  for (I v : {limits::min(), I(limits::min() + 1), I(0), I(1), I(127), I(limits::max() - 1),
              limits::max()}) {
    const auto out = protobuf::encode(number<I>{v}).value();
    CHECK(protobuf::decode<number<I>>(out).value().n == v);
  }
}

TEST_CASE("protobuf: varints, negative ones in ten bytes") {
  CHECK(encoded(number<int>{0}) == "");
  CHECK(encoded(number<int>{127}) == "08 7f");
  CHECK(encoded(number<int>{128}) == "08 80 01");
  CHECK(encoded(number<int>{-2}) == "08 fe ff ff ff ff ff ff ff ff 01");
  CHECK(encoded(number<signed char>{-2}) == "08 fe ff ff ff ff ff ff ff ff 01");
  CHECK(encoded(number<unsigned>{0xffffffff}) == "08 ff ff ff ff 0f");
  CHECK(encoded(number<unsigned long>{~0UL}) == "08 ff ff ff ff ff ff ff ff ff 01");
  CHECK(encoded(number<bool>{true}) == "08 01");
  // Longer than needed.
  CHECK(decoded<number<int>>("08 81 80 80 00").n == 1);
  CHECK(decoded<number<bool>>("08 80 02").n);
  CHECK(decoded<number<bool>>("08 80 00").n == false);
}

TEST_CASE("protobuf: integers of 32 bits are cut, narrower ones refuse what they can't hold") {
  CHECK(decoded<number<int>>("08 ff ff ff ff 0f").n == -1);
  CHECK(decoded<number<int>>("08 81 80 80 80 10").n == 1);
  CHECK(decoded<number<unsigned>>("08 fe ff ff ff ff ff ff ff ff 01").n == 0xfffffffe);
  CHECK(there_and_back<number<unsigned char>>("08 ff 01") == "08 ff 01");
  CHECK(there_and_back<number<unsigned char>>("08 80 02") ==
        "n: 256 is out of the range of [0, 255] at byte 1");
  CHECK(there_and_back<number<short>>("08 ff ff fd ff ff ff ff ff ff 01") ==
        "n: -32769 is out of the range of [-32768, 32767] at byte 1");
}

TEST_CASE("protobuf: zigzag and fixed integers") {
  CHECK(encoded(zigzag{-1, 1}) == "08 01 10 02");
  CHECK(encoded(zigzag{0x7fffffff, -2}) == "08 fe ff ff ff 0f 10 03");
  CHECK(encoded(zigzag{std::numeric_limits<int>::min(), 0}) == "08 ff ff ff ff 0f");
  CHECK(encoded(zigzag{0, std::numeric_limits<std::int64_t>::min()}) ==
        "10 ff ff ff ff ff ff ff ff ff 01");
  for (const auto* text : {"08 01 10 02", "08 fe ff ff ff 0f 10 03", "08 ff ff ff ff 0f",
                           "10 ff ff ff ff ff ff ff ff ff 01"}) {
    CHECK(there_and_back<zigzag>(text) == text);
  }
  const std::string all =
      "0d 01 00 00 00 11 02 01 00 00 00 00 00 00 1d fe ff ff ff 21 fd ff ff ff ff ff ff ff";
  CHECK(encoded(fixed{1, 258, -2, -3}) == all);
  CHECK(there_and_back<fixed>(all) == all);
}

TEST_CASE("protobuf: text formats take no notice of the forms of integers") {
  CHECK(kit::json::encode(fixed{1, 2, -3, -4}).value() == R"({"a":1,"b":2,"c":-3,"d":-4})");
  CHECK(kit::json::decode<zigzag>(R"({"a":-1,"b":-2})").value().b == -2);
}

TEST_CASE("protobuf: floating-point numbers, of which only 0 is left out") {
  CHECK(encoded(number<float>{1.5F}) == "0d 00 00 c0 3f");
  CHECK(encoded(number<double>{-2}) == "09 00 00 00 00 00 00 00 c0");
  CHECK(encoded(number<double>{0}) == "");
  CHECK(encoded(number<double>{-0.0}) == "09 00 00 00 00 00 00 00 80");
  CHECK(std::signbit(decoded<number<float>>("0d 00 00 00 80").n));
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(decoded<number<double>>(encoded(number<double>{infinity})).n == infinity);
  CHECK(std::isnan(decoded<number<float>>(encoded(number<float>{std::nanf("")})).n));
}

TEST_CASE("protobuf: what isn't there is proto3's default, whatever the member's initializer") {
  const auto v = decoded<initialized>("");
  CHECK(v.n == 0);
  CHECK_FALSE(v.b);
  CHECK(v.s.empty());
  CHECK(v.list.empty());
  CHECK_FALSE(v.maybe);
  CHECK(v.inner.a == 0);
  CHECK(v.skipped == 5);
  CHECK(decoded<initialized>(encoded(initialized{.n = 0, .maybe = {}})).n == 0);
}

TEST_CASE("protobuf: fields are written by ascending number, and read in any order") {
  CHECK(encoded(unordered{1, 2, 3}) == "08 02 80 01 03 f8 ff ff ff 0f 01");
  CHECK(there_and_back<unordered>("f8 ff ff ff 0f 01 80 01 03 08 02") ==
        "08 02 80 01 03 f8 ff ff ff 0f 01");
}

TEST_CASE("protobuf: without numbers the place counts, also of skipped fields") {
  CHECK(encoded(last_place{1, 2, 3}) == "08 01 18 03");
  const auto v = decoded<last_place>("08 01 10 02 18 03");
  CHECK(v.first == 1);
  CHECK(v.left_out == 0);
  CHECK(v.third == 3);
}

TEST_CASE("protobuf: structs, optionals and pointers") {
  CHECK(encoded(line{}) == "");
  CHECK(encoded(line{{}, point{}, {}}) == "12 00");
  CHECK(encoded(line{{1, 2, {}}, {}, std::make_unique<point>(point{3, 0, {}})}) ==
        "0a 04 08 01 10 02 1a 02 08 03");
  CHECK(decoded<line>("").to.has_value() == false);
  CHECK(decoded<line>("12 00").to.has_value());
  CHECK(decoded<line>("1a 02 10 07").via->y == 7);
  CHECK_FALSE(decoded<line>("12 00").via);
  // Of a struct that is always there it isn't known whether it was.
  CHECK(there_and_back<line>("0a 00") == "");
}

TEST_CASE("protobuf: of scalars the last one counts, messages are merged, lists appended") {
  CHECK(decoded<test1>("08 01 08 02").a == 2);
  CHECK(there_and_back<line>("0a 02 08 01  0a 02 10 02") == "0a 04 08 01 10 02");
  CHECK(there_and_back<line>("0a 06 08 01 1a 02 01 02  0a 06 08 03 1a 02 04 05") ==
        "0a 08 08 03 1a 04 01 02 04 05");
  CHECK(there_and_back<line>("12 02 08 01  12 02 10 02") == "12 04 08 01 10 02");
  CHECK(there_and_back<line>("1a 02 08 01  1a 02 10 02") == "1a 04 08 01 10 02");
}

TEST_CASE("protobuf: decode_into merges into what is there") {
  line v{{1, 2, {3}}, {}, {}};
  CHECK(protobuf::decode_into(v, bytes("0a 05 10 07 1a 01 04")).has_value());
  CHECK(encoded(v) == "0a 08 08 01 10 07 1a 02 03 04");
  const auto failed = protobuf::decode_into(v, bytes("0a 05 10 07"));
  CHECK(failed.error() == kit::errc::invalid_argument);
}

TEST_CASE("protobuf: bytes come as text or as a span of bytes") {
  const std::string text = bytes("08 07");
  const auto* const first = reinterpret_cast<const std::byte*>(text.data());
  const std::vector<std::byte> list(first, first + text.size());
  CHECK(protobuf::decode<test1>(text).value().a == 7);
  CHECK(protobuf::decode<test1>(std::span(list)).value().a == 7);
  test1 v;
  CHECK(protobuf::decode_into(v, std::span(list)).has_value());
  CHECK(v.a == 7);
}

TEST_CASE("protobuf: append adds to a string, which a failure leaves as it was") {
  std::string out = "before";
  CHECK(protobuf::append(out, test1{1}).has_value());
  CHECK(out == std::string("before\x08\x01"));
  CHECK(protobuf::append(out, test2{"\xff"}).error() == kit::errc::internal);
  CHECK(out == std::string("before\x08\x01"));
  // Longer than the buffer that messages are put together in.
  const test4 large{std::string(100'000, 'x'), std::vector<int>(3000, 1)};
  CHECK(protobuf::append(out, large).has_value());
  CHECK(out.substr(0, 8) == "before\x08\x01");
  CHECK(out.substr(8) == protobuf::encode(large).value());
  CHECK(protobuf::decode<test4>(out.substr(8)).value().d == large.d);
  CHECK(protobuf::append(out, test4{large.d + '\xff', large.e}).error() == kit::errc::internal);
  CHECK(out.size() == 8 + protobuf::encode(large).value().size());
}
