#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/protobuf.hpp>
#include <kit/reflect.hpp>

#include "protobuf_check.hpp"

using namespace std::chrono_literals;
namespace protobuf = kit::protobuf;
using test::bytes;
using test::decoded;
using test::encoded;
using test::there_and_back;

namespace {

template <class T>
struct holds {
  T v{};
};

enum class color : std::int32_t { red, green = 7, blue = -1 };
enum class small_color : std::uint8_t { red, green };
enum loose { loose_a = 0, loose_b = 2 };

struct point {
  std::int32_t x = 0, y = 0;
};

// --- OpenTelemetry's AnyValue -----------------------------------------------------------------

struct any_value;
struct array_value {
  std::vector<any_value> values;
};
struct key_value;
struct key_value_list {
  std::vector<key_value> values;
};
struct any_value {
  std::variant<std::monostate, std::string, bool, std::int64_t, double, array_value, key_value_list,
               std::vector<std::byte>>
      value;
};
struct key_value {
  std::string key;
  any_value value;
};

struct data_point {
  std::uint64_t time = 0;
  std::variant<std::monostate, double, std::int64_t> value;
  std::vector<std::uint64_t> bucket_counts;
};

struct no_nothing {
  std::variant<std::int32_t, std::int32_t, std::unique_ptr<no_nothing>> either;
};

// --- types with codecs of their own -----------------------------------------------------------

class decimal {
 public:
  decimal() = default;
  explicit decimal(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};
struct celsius {
  std::int32_t tenths = 0;
};
enum class by_name : std::uint64_t { none, some };
// Written as a message of views of it, without a copy.
struct record {
  std::string name;
  std::vector<std::int32_t> values;
};
struct record_view {
  std::string_view name;
  std::span<const std::int32_t> values;
};

}  // namespace

template <>
struct kit::reflect_traits<any_value> {
  static constexpr auto fields = kit::fields(kit::field<&any_value::value>().alternatives(
      kit::alternative("string_value").number(1), kit::alternative("bool_value").number(2),
      kit::alternative("int_value").number(3), kit::alternative("double_value").number(4),
      kit::alternative("array_value").number(5), kit::alternative("kvlist_value").number(6),
      kit::alternative("bytes_value").number(7)));
};
template <>
struct kit::reflect_traits<data_point> {
  static constexpr auto fields = kit::fields(
      kit::field<&data_point::time>("time_unix_nano").number(3).fixed(),
      kit::field<&data_point::value>().alternatives(kit::alternative("as_double").number(4),
                                                    kit::alternative("as_int").number(6).fixed()),
      kit::field<&data_point::bucket_counts>().number(2).fixed());
};
template <>
struct kit::reflect_traits<no_nothing> {
  static constexpr auto fields = kit::fields(kit::field<&no_nothing::either>().alternatives(
      kit::alternative("a").number(1), kit::alternative("b").number(2),
      kit::alternative("more").number(3)));
};

template <>
struct kit::protobuf::codec<decimal> {
  using wire_type = std::string;
  static std::string to_wire(const decimal& v) { return v.text(); }
  static kit::result<decimal> from_wire(std::string text) {
    if (text.find_first_not_of("0123456789.") != text.npos) {
      return kit::fail(kit::errc::invalid_argument, "not a decimal number");
    }
    return decimal(std::move(text));
  }
};
template <>
struct kit::protobuf::codec<celsius> {
  using wire_type = std::int32_t;
  static kit::result<std::int32_t> to_wire(celsius v) {
    if (v.tenths < -2731) return kit::fail(kit::errc::internal, "colder than it gets");
    return v.tenths;
  }
  static kit::result<celsius> from_wire(std::int32_t tenths) { return celsius{tenths}; }
};
template <>
struct kit::protobuf::codec<by_name> {
  using wire_type = std::string;
  static std::string to_wire(by_name v) { return std::string(kit::reflect::enum_name(v)); }
  static kit::result<by_name> from_wire(const std::string& text) {
    return kit::reflect::enum_from_name<by_name>(text).value_or(by_name::none);
  }
};
template <>
struct kit::protobuf::codec<record> {
  using wire_type = record_view;
  static record_view to_wire(const record& v) { return {v.name, v.values}; }
};

TEST_CASE("protobuf: bytes") {
  using list = holds<std::vector<std::byte>>;
  CHECK(encoded(list{}) == "");
  CHECK(encoded(list{{std::byte{0}, std::byte{0xff}}}) == "0a 02 00 ff");
  CHECK(decoded<list>("0a 02 00 ff").v == std::vector{std::byte{0}, std::byte{0xff}});
  CHECK(decoded<list>("0a 02 00 ff 0a 00").v.empty());

  using array = holds<std::array<std::byte, 3>>;
  CHECK(encoded(array{}) == "");
  CHECK(there_and_back<array>("0a 03 00 00 01") == "0a 03 00 00 01");
  CHECK(there_and_back<array>("0a 00") == "");
  CHECK(there_and_back<array>("0a 02 00 01") == "v: expected 3 bytes, got 2 at byte 1");
  CHECK(there_and_back<array>("0a 04 00 01 02 03") == "v: expected 3 bytes, got 4 at byte 1");
  CHECK(encoded(holds<std::vector<std::array<std::byte, 1>>>{{{}}}) == "0a 01 00");
}

TEST_CASE("protobuf: enums are open") {
  CHECK(encoded(holds<color>{color::red}) == "");
  CHECK(encoded(holds<color>{color::green}) == "08 07");
  CHECK(encoded(holds<color>{color::blue}) == "08 ff ff ff ff ff ff ff ff ff 01");
  CHECK(decoded<holds<color>>("08 ff ff ff ff ff ff ff ff ff 01").v == color::blue);
  CHECK(decoded<holds<color>>("08 ff ff ff ff 0f").v == color::blue);
  CHECK(there_and_back<holds<color>>("08 64") == "08 64");
  CHECK(there_and_back<holds<small_color>>("08 64") == "08 64");
  CHECK(there_and_back<holds<small_color>>("08 80 02") ==
        "v: 256 is out of the range of [0, 255] at byte 1");
  // One without a fixed underlying type holds no other values.
  CHECK(there_and_back<holds<loose>>("08 02") == "08 02");
  CHECK(there_and_back<holds<loose>>("08 01") == "v: 1 is no enumerator at byte 1");
  CHECK(decoded<holds<std::vector<color>>>("0a 02 00 07").v ==
        std::vector{color::red, color::green});
}

TEST_CASE("protobuf: scalars are packed, and read packed or not or both") {
  using list = holds<std::vector<std::int32_t>>;
  CHECK(encoded(list{{1, -1, 300}}) == "0a 0d 01 ff ff ff ff ff ff ff ff ff 01 ac 02");
  CHECK(decoded<list>("08 01 0a 02 02 03 08 04 0a 00 0a 01 05").v == std::vector{1, 2, 3, 4, 5});
  CHECK(encoded(holds<std::vector<double>>{{1}}) == "0a 08 00 00 00 00 00 00 f0 3f");
  CHECK(encoded(holds<std::vector<bool>>{{true, false, true}}) == "0a 03 01 00 01");
  CHECK(decoded<holds<std::vector<bool>>>("0a 02 01 00 08 01").v == std::vector{true, false, true});
  CHECK(there_and_back<holds<std::vector<float>>>("0a 05 00 00 80 3f 00") ==
        "v[1]: truncated fixed-width value at byte 6");
  CHECK(there_and_back<holds<std::vector<bool>>>("0a 02 01 80") ==
        "v[1]: truncated varint at byte 3");
}

TEST_CASE("protobuf: any sequence or set is repeated") {
  CHECK(there_and_back<holds<std::deque<int>>>("0a 02 01 02") == "0a 02 01 02");
  CHECK(there_and_back<holds<std::list<std::string>>>("0a 01 'a' 0a 00") == "0a 01 61 0a 00");
  CHECK(there_and_back<holds<std::set<int>>>("0a 03 02 01 02") == "0a 02 01 02");
  CHECK(there_and_back<holds<std::set<std::string>>>("0a 01 'b' 0a 01 'a'") == "0a 01 61 0a 01 62");
  CHECK(there_and_back<holds<std::vector<point>>>("0a 02 08 01 0a 00 10 07 0a 02 10 02") ==
        "0a 02 08 01 0a 00 0a 02 10 02");
  CHECK(there_and_back<holds<std::vector<std::unique_ptr<point>>>>("0a 02 08 01 0a 00") ==
        "0a 02 08 01 0a 00");
  holds<std::vector<std::unique_ptr<point>>> with_null;
  with_null.v.resize(1);
  CHECK(encoded(with_null) == "0a 00");
}

TEST_CASE("protobuf: many elements, more than is made room for at once") {
  holds<std::vector<point>> v;
  for (int i = 0; i < 100'000; ++i)
    v.v.push_back({i, 1});
  const auto out = protobuf::encode(v).value();
  const auto again = protobuf::decode<holds<std::vector<point>>>(out).value();
  CHECK(again.v.size() == v.v.size());
  CHECK(again.v.back().x == 99'999);
  CHECK(protobuf::encode(again).value() == out);
}

TEST_CASE("protobuf: maps are entries with key and value") {
  using map = holds<std::map<std::string, std::int32_t>>;
  CHECK(encoded(map{{{"b", 0}, {"a", 7}}}) == "0a 05 0a 01 61 10 07 0a 05 0a 01 62 10 00");
  CHECK(decoded<map>("0a 05 10 07 0a 01 'a'").v == std::map<std::string, int>{{"a", 7}});
  CHECK(decoded<map>("0a 00").v == std::map<std::string, int>{{"", 0}});
  CHECK(decoded<map>("0a 03 0a 01 'a'").v == std::map<std::string, int>{{"a", 0}});
  // The last entry counts, and within an entry the last value.
  CHECK(decoded<map>("0a 05 0a 01 'a' 10 01  0a 07 0a 01 'a' 10 02 10 03").v.at("a") == 3);
  using messages = holds<std::map<std::int64_t, point>>;
  CHECK(there_and_back<messages>("0a 04 12 02 08 01  0a 04 12 02 10 02") ==
        "0a 06 08 00 12 02 10 02");
  CHECK(there_and_back<holds<std::map<bool, std::string>>>("0a 05 08 01 12 01 'x'") ==
        "0a 05 08 01 12 01 78");
  using hashed = holds<std::unordered_map<std::int32_t, std::unique_ptr<point>>>;
  CHECK(there_and_back<hashed>("0a 04 08 01 12 00") == "0a 04 08 01 12 00");
}

TEST_CASE("protobuf: a variant is a oneof") {
  CHECK(encoded(any_value{}) == "");
  CHECK(encoded(any_value{"x"}) == "0a 01 78");
  CHECK(encoded(any_value{""}) == "0a 00");  // the default is told from nothing
  CHECK(encoded(any_value{false}) == "10 00");
  CHECK(encoded(any_value{std::int64_t{0}}) == "18 00");
  CHECK(encoded(any_value{2.0}) == "21 00 00 00 00 00 00 00 40");
  CHECK(encoded(any_value{array_value{}}) == "2a 00");
  CHECK(encoded(any_value{array_value{{{true}, {}}}}) == "2a 06 0a 02 10 01 0a 00");
  CHECK(encoded(any_value{key_value_list{{{"k", {"v"}}}}}) ==
        "32 0a 0a 08 0a 01 6b 12 03 0a 01 76");
  CHECK(encoded(any_value{std::vector{std::byte{1}}}) == "3a 01 01");
  for (const auto* text :
       {"", "0a 00", "10 00", "18 00", "21 00 00 00 00 00 00 00 40", "2a 00",
        "2a 06 0a 02 10 01 0a 00", "32 0a 0a 08 0a 01 6b 12 03 0a 01 76", "3a 01 01"}) {
    CHECK(there_and_back<any_value>(text) == text);
  }
  CHECK(decoded<any_value>("").value.index() == 0);
}

TEST_CASE("protobuf: of a oneof the last field counts, and equal messages are merged") {
  CHECK(there_and_back<any_value>("0a 01 'x' 10 01") == "10 01");
  CHECK(there_and_back<any_value>("2a 02 0a 00  2a 04 0a 02 10 01") == "2a 06 0a 00 0a 02 10 01");
  CHECK(there_and_back<any_value>("2a 02 0a 00  10 01  2a 00") == "2a 00");
  CHECK(there_and_back<any_value>("0a 02 'x'") ==
        "string_value: length 2 of a value, but 1 bytes are left at byte 1");
  CHECK(there_and_back<any_value>("2a 04 0a 02 10 80") ==
        "array_value.values[0].bool_value: truncated varint at byte 5");
}

TEST_CASE("protobuf: alternatives have their own form, between the other fields") {
  CHECK(encoded(data_point{1, std::int64_t{-1}, {2}}) ==
        "12 08 02 00 00 00 00 00 00 00 19 01 00 00 00 00 00 00 00 31 ff ff ff ff ff ff ff ff");
  CHECK(encoded(data_point{0, 1.0, {}}) == "21 00 00 00 00 00 00 f0 3f");
  CHECK(std::get<std::int64_t>(decoded<data_point>("31 fe ff ff ff ff ff ff ff").value) == -2);
  CHECK(decoded<data_point>("12 08 02 00 00 00 00 00 00 00 11 03 00 00 00 00 00 00 00")
            .bucket_counts == std::vector<std::uint64_t>{2, 3});
}

TEST_CASE(
    "protobuf: variants without monostate, with one type twice, with pointers to themselves") {
  CHECK(encoded(no_nothing{}) == "08 00");
  CHECK(there_and_back<no_nothing>("10 05") == "10 05");
  CHECK(there_and_back<no_nothing>("1a 02 10 05") == "1a 02 10 05");
  no_nothing null;
  null.either.emplace<2>();
  CHECK(encoded(null) == "1a 00");
}

TEST_CASE("protobuf: durations are google.protobuf.Duration") {
  using ns = holds<std::chrono::nanoseconds>;
  CHECK(encoded(ns{0ns}) == "");
  CHECK(encoded(ns{1500ms}) == "0a 08 08 01 10 80 ca b5 ee 01");
  CHECK(decoded<ns>("0a 08 08 01 10 80 ca b5 ee 01").v == 1500ms);
  CHECK(decoded<ns>(encoded(ns{-1500ms})).v == -1500ms);
  CHECK(decoded<ns>(encoded(ns{-1ns})).v == -1ns);
  CHECK(decoded<ns>(encoded(ns{ns{}.v.min()})).v == std::chrono::nanoseconds::min());
  CHECK(decoded<holds<std::chrono::duration<double>>>("0a 08 08 01 10 80 ca b5 ee 01").v.count() ==
        1.5);
  using optional = holds<std::optional<std::chrono::seconds>>;
  CHECK(there_and_back<optional>("") == "");
  CHECK(there_and_back<optional>("0a 00") == "0a 00");
  CHECK(there_and_back<optional>("0a 02 08 07") == "0a 02 08 07");
  CHECK(there_and_back<holds<std::chrono::seconds>>("0a 02 10 01") ==
        "v: too fine for the type of the field at byte 1");
  CHECK(there_and_back<ns>("0a 0a 08 ff ff ff ff ff ff ff ff 7f") ==
        "v: out of the range of the type of the field at byte 1");
  CHECK(there_and_back<ns>("0a 06 10 80 94 eb dc 03") == "v: nanos out of range at byte 1");
  CHECK(there_and_back<ns>("0a 0d 08 01 10 ff ff ff ff ff ff ff ff ff 01") ==
        "v: nanos out of range at byte 1");
  CHECK(encoded(holds<std::chrono::duration<double>>{std::chrono::duration<double>(1e300)}) ==
        "v: out of the range of the type of the field");
}

TEST_CASE("protobuf: points in time are google.protobuf.Timestamp") {
  using time = std::chrono::sys_time<std::chrono::nanoseconds>;
  using at = holds<time>;
  CHECK(encoded(at{time{}}) == "");
  CHECK(encoded(at{time{1s + 1ns}}) == "0a 04 08 01 10 01");
  // Nanoseconds count forward, also before 1970.
  CHECK(encoded(at{time{-1ns}}) == "0a 11 08 ff ff ff ff ff ff ff ff ff 01 10 ff 93 eb dc 03");
  for (auto t : {0ns, -1ns, 1ns, -1'000'000'000ns, -1'500'000'000ns, 1'700'000'000'123'456'789ns,
                 std::chrono::nanoseconds::min(), std::chrono::nanoseconds::max()}) {
    CHECK(decoded<at>(encoded(at{time{t}})).v == time{t});
  }
  CHECK(there_and_back<at>("0a 0b 10 ff ff ff ff ff ff ff ff ff 01") ==
        "v: nanos out of range at byte 1");
  CHECK(there_and_back<holds<std::chrono::sys_seconds>>("0a 02 10 01") ==
        "v: too fine for the type of the field at byte 1");
}

TEST_CASE("protobuf: a codec of one's own says as what a type is written") {
  CHECK(encoded(holds<decimal>{decimal("1.5")}) == "0a 03 31 2e 35");
  CHECK(encoded(holds<decimal>{}) == "");
  CHECK(decoded<holds<decimal>>("0a 03 '1.5'").v.text() == "1.5");
  CHECK(there_and_back<holds<decimal>>("0a 03 'one'") == "v: not a decimal number at byte 1");
  CHECK(there_and_back<holds<std::vector<decimal>>>("0a 01 '1' 0a 01 '2'") == "0a 01 31 0a 01 32");
  CHECK(there_and_back<holds<std::map<std::string, decimal>>>("0a 06 0a 01 'a' 12 01 '1'") ==
        "0a 06 0a 01 61 12 01 31");
  CHECK(there_and_back<holds<std::vector<celsius>>>("0a 02 01 02 08 03") == "0a 03 01 02 03");
  CHECK(there_and_back<holds<by_name>>("0a 04 'some'") == "0a 04 73 6f 6d 65");
  CHECK(encoded(holds<celsius>{{-3000}}) == "v: colder than it gets");
  CHECK(encoded(holds<std::vector<celsius>>{{{0}, {-3000}}}) == "v[1]: colder than it gets");
}

TEST_CASE("protobuf: views can be encoded, also as what another type is written as") {
  const std::array<std::int32_t, 2> numbers{1, 2};
  CHECK(encoded(record_view{"abc", numbers}) == "0a 03 61 62 63 12 02 01 02");
  const std::vector<record> list{{"a", {1}}, {"", {}}};
  CHECK(encoded(holds<std::span<const record>>{list}) == "0a 06 0a 01 61 12 01 01 0a 00");
  CHECK(encoded(holds<std::vector<record>>{list}) == "0a 06 0a 01 61 12 01 01 0a 00");
  const std::array raw{std::byte{1}, std::byte{2}};
  CHECK(encoded(holds<std::span<const std::byte>>{raw}) == "0a 02 01 02");
}
