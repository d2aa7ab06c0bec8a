#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/protobuf.hpp>

#include "protobuf_check.hpp"

namespace protobuf = kit::protobuf;
using test::bytes;
using test::encoded;
using test::there_and_back;

namespace {

struct item {
  std::string name;
  double price = 0;
  std::vector<std::int32_t> sizes;
};
struct order {
  std::int64_t id = 0;
  std::vector<item> items;
  std::map<std::string, item> by_name;
};
struct node {
  std::int32_t n = 0;
  std::unique_ptr<node> next;
};

std::string error_of(std::string_view text, const protobuf::decode_options& options = {}) {
  return there_and_back<order>(text, options);
}

// A chain of that many nodes in the outermost one.
node chain(int n) {
  node top;
  node* last = &top;
  for (int i = 0; i < n; ++i) {
    last->next = std::make_unique<node>();
    last = last->next.get();
  }
  return top;
}

std::string repeated(std::string_view what, int n) {
  std::string out;
  for (int i = 0; i < n; ++i)
    out += what;
  return out;
}

struct first_only {
  int a = 0, b = 0;
};
struct too_high {
  int a = 0;
};
struct its_own {
  int a = 0;
};
struct highest {
  int a = 0;
};
struct unnumbered_choice {
  std::variant<std::monostate, int, bool> is;
};

}  // namespace

template <>
struct kit::reflect_traits<unnumbered_choice> {
  static constexpr auto fields = kit::fields(kit::field<&unnumbered_choice::is>().alternatives(
      kit::alternative("number"), kit::alternative("yes")));
};
template <>
struct kit::reflect_traits<first_only> {
  static constexpr auto fields = kit::fields(kit::field<&first_only::a>().number(1));
};
template <>
struct kit::reflect_traits<too_high> {
  static constexpr auto fields = kit::fields(kit::field<&too_high::a>().number(1 << 29));
};
template <>
struct kit::reflect_traits<its_own> {
  static constexpr auto fields = kit::fields(kit::field<&its_own::a>().number(19'500));
};
template <>
struct kit::reflect_traits<highest> {
  static constexpr auto fields = kit::fields(kit::field<&highest::a>().number((1 << 29) - 1));
};

TEST_CASE("protobuf: numbers of fields are checked by the compiler") {
  using protobuf::detail::check_numbers;
  using protobuf::detail::numbering;
  static_assert(check_numbers<item>() == numbering::ok);
  static_assert(check_numbers<highest>() == numbering::ok);
  static_assert(check_numbers<first_only>() == numbering::mixed);
  static_assert(check_numbers<unnumbered_choice>() == numbering::mixed);
  static_assert(check_numbers<too_high>() == numbering::out_of_range);
  static_assert(check_numbers<its_own>() == numbering::reserved);
}

TEST_CASE("protobuf: errors name the field and the byte") {
  CHECK(error_of("08") == "id: truncated varint at byte 1");
  CHECK(error_of("08 80 80") == "id: truncated varint at byte 1");
  CHECK(error_of("12 05 11 00 00 00") ==
        "items[0]: length 5 of a value, but 4 bytes are left at byte 1");
  CHECK(error_of("12 00 12 05 11 00 00 00") ==
        "items[1]: length 5 of a value, but 4 bytes are left at byte 3");
  CHECK(error_of("12 00 12 05 11 00 00 00 00 00") ==
        "items[1].price: truncated fixed-width value at byte 5");
  CHECK(error_of("12 05 0a 03 'ab' ff") == "items[0].name: invalid UTF-8 at byte 6");
  CHECK(error_of("12 04 1a 02 01 80") == "items[0].sizes[1]: truncated varint at byte 5");
  CHECK(error_of("12 03 18 01 18") == "items[0].sizes[1]: truncated varint at byte 5");
  CHECK(error_of("1a 02 0a 05") ==
        "by_name.key: length 5 of a value, but 0 bytes are left at byte 3");
  CHECK(error_of("1a 05 12 03 0a 01 ff") == "by_name.value.name: invalid UTF-8 at byte 6");
}

TEST_CASE("protobuf: malformed tags") {
  CHECK(error_of("80") == "truncated tag at byte 0");
  CHECK(error_of("00") == "field number 0 at byte 0");
  CHECK(error_of("02 00") == "field number 0 at byte 0");
  CHECK(error_of("80 80 80 80 10 00") == "field number out of range at byte 0");
  CHECK(error_of("f8 ff ff ff 0f 00") == "");  // the highest one
  CHECK(error_of("ff ff ff ff ff ff ff ff ff ff 01") == "tag of more than 64 bits at byte 0");
  CHECK(error_of("26") == "wire type 6 at byte 1");
  CHECK(error_of("27") == "wire type 7 at byte 1");
  CHECK(error_of("12 01 07") == "items[0]: field number 0 at byte 2");
}

TEST_CASE("protobuf: malformed varints and lengths") {
  CHECK(error_of("08 ff ff ff ff ff ff ff ff ff 01") == "08 ff ff ff ff ff ff ff ff ff 01");
  CHECK(error_of("08 ff ff ff ff ff ff ff ff ff 02") ==
        "id: varint of more than 64 bits at byte 1");
  CHECK(error_of("08 80 80 80 80 80 80 80 80 80 80 00") ==
        "id: varint of more than 64 bits at byte 1");
  // Claims cost nothing.
  CHECK(error_of("12 ff ff ff ff 07") ==
        "items[0]: length 2147483647 of a value, but 0 bytes are left at byte 1");
  CHECK(error_of("12 ff ff ff ff ff ff ff ff ff 01") ==
        "items[0]: length 18446744073709551615 of a value, but 0 bytes are left at byte 1");
  CHECK(there_and_back<item>("1a ff ff ff ff 07 00") ==
        "sizes: length 2147483647 of a value, but 1 bytes are left at byte 1");
  // A message ends where its length says, whatever follows.
  CHECK(error_of("12 02 0a 01 41") ==
        "items[0].name: length 1 of a value, but 0 bytes are left at byte 3");
}

TEST_CASE("protobuf: unknown fields are passed over, groups too") {
  CHECK(error_of("08 01 20 96 01 29 01 02 03 04 05 06 07 08 32 02 'xy' 3d 01 02 03 04") == "08 01");
  CHECK(error_of("23 24 08 01") == "08 01");
  CHECK(error_of("23 08 05 2b 32 01 'x' 2c 24 08 01") == "08 01");
  CHECK(error_of("23 2b 24 2c") == "end of group 4, which hasn't begun at byte 3");
  CHECK(error_of("24") == "end of group 4, which hasn't begun at byte 1");
  CHECK(error_of("23 08 05") == "truncated group at byte 1");
  CHECK(error_of("12 02 23 00") == "items[0]: field number 0 at byte 3");
  CHECK(error_of("20") == "truncated varint at byte 1");
  CHECK(error_of("3d 01 02") == "truncated fixed-width value at byte 1");
  CHECK(error_of("1a 05 18 01 0a 01 'a' 08 01") == "08 01 1a 05 0a 01 61 12 00");
}

TEST_CASE("protobuf: a known field of another wire type is an unknown one") {
  CHECK(error_of("0a 01 'x' 10 05 08 01") == "08 01");
  CHECK(error_of("0d 01 02 03 04 08 01") == "08 01");
  CHECK(there_and_back<item>("1d 01 02 03 04") == "");
}

TEST_CASE("protobuf: unknown fields can be refused") {
  const protobuf::decode_options strict{.refuse_unknown = true};
  CHECK(error_of("08 01 12 00", strict) == "08 01 12 00");
  CHECK(error_of("08 01 20 01", strict) == "unknown field 4 of wire type 0 at byte 3");
  CHECK(error_of("12 02 0d 01", strict) == "items[0]: unknown field 1 of wire type 5 at byte 3");
  CHECK(error_of("1a 02 18 01", strict) == "by_name: unknown field 3 of wire type 0 at byte 3");
}

TEST_CASE("protobuf: nesting is limited") {
  const auto deep = protobuf::encode(chain(100)).value();
  CHECK(protobuf::decode<node>(deep).has_value());
  CHECK(encoded(chain(101)).ends_with("next: nested deeper than 100"));
  const auto deeper = protobuf::encode(chain(101), {.max_depth = 101}).value();
  CHECK(protobuf::decode<node>(deeper, {.max_depth = 101}).has_value());
  const auto refused = protobuf::decode<node>(deeper);
  const std::string message = refused.error().what();
  CHECK(message.substr(message.rfind("next")) == "next: nested deeper than 100 at byte 238");
  CHECK(encoded(chain(1), {.max_depth = 0}) == "next: nested deeper than 0");
  CHECK(there_and_back<node>("12 00", {.max_depth = 0}) == "next: nested deeper than 0 at byte 1");
  CHECK(there_and_back<node>("12 00", {.max_depth = -1}) == "next: nested deeper than 0 at byte 1");

  CHECK(error_of(repeated("23 ", 100) + repeated("24 ", 100)) == "");
  CHECK(error_of(repeated("23 ", 101) + repeated("24 ", 101)) ==
        "nested deeper than 100 at byte 101");
}

TEST_CASE("protobuf: nesting is limited to what the stack bears, whatever the options say") {
  CHECK(protobuf::encode(chain(1000), {.max_depth = 1'000'000}).has_value());
  CHECK(protobuf::encode(chain(1001), {.max_depth = 1'000'000}).error() == kit::errc::internal);
  const std::string groups(5000, '\x23');
  CHECK(protobuf::decode<node>(groups, {.max_depth = 1'000'000}).error() ==
        kit::errc::invalid_argument);
}

TEST_CASE("protobuf: the length is limited") {
  CHECK(error_of("08 01", {.max_bytes = 2}) == "08 01");
  CHECK(error_of("08 01", {.max_bytes = 1}) == "message is longer than 1 bytes at byte 1");
}

TEST_CASE("protobuf: text is UTF-8 in both directions") {
  const std::string text = "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8d\xb5 and more";
  const auto out = protobuf::encode(item{text, 0, {}}).value();
  CHECK(protobuf::decode<item>(out).value().name == text);
  for (const auto* bad : {"\xff", "caf\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    const std::string long_one = "a longer text, then " + std::string(bad);
    CHECK(encoded(item{bad, 0, {}}).starts_with("name: invalid UTF-8 at byte "));
    CHECK(encoded(item{long_one, 0, {}}) ==
          "name: invalid UTF-8 at byte " +
              std::to_string(long_one.find(bad) + (std::string(bad) == "caf\xc3" ? 3 : 0)) +
              " of the string");
    const std::string raw = "\x0a" + std::string(1, static_cast<char>(long_one.size())) + long_one;
    CHECK(protobuf::decode<item>(raw).error() == kit::errc::invalid_argument);
  }
}

TEST_CASE("protobuf: what can't be encoded is named by its place") {
  order o{1, {{"tea", 1, {}}, {"\xff", 2, {}}, {"salt", 3, {}}}, {}};
  CHECK(encoded(o) == "items[1].name: invalid UTF-8 at byte 0 of the string");
  CHECK(encoded(order{1, {}, {{"a", {"\xff", 1, {}}}}}) ==
        "by_name.value.name: invalid UTF-8 at byte 0 of the string");
  CHECK(encoded(order{1, {}, {{"\xfe", {}}}}) ==
        "by_name.key: invalid UTF-8 at byte 0 of the string");
}
