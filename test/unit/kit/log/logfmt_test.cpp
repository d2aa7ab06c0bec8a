#include <kit/log/logfmt.hpp>

#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "capture.hpp"

using namespace std::chrono_literals;
using kit::log::parse_logfmt;
using log_test::recorded;

namespace {

/// The line of one pair, without its end.
template <class K, class V>
std::string pair(const K& key, const V& value) {
  const recorded r;
  r.log.print("", key, value);
  auto line = r.take();
  CHECK(line.ends_with('\n'));
  line.pop_back();
  return line;
}

template <class V>
std::string text(const V& value) {
  auto line = pair("k", value);
  CHECK(line.starts_with("k="));
  return line.substr(2);
}

struct item {
  std::string name;
  double price = 0;
};

struct price {
  int cents = 0;
};

struct broken {};

}  // namespace

template <>
struct kit::json::codec<price> {
  static bool encode(writer& w, const price& p) {
    return w.write(std::string_view(std::to_string(p.cents) + " ct"));
  }
};
template <>
struct kit::log::value_traits<broken> {
  static std::string represent(const broken&) { throw std::runtime_error("out of order"); }
};

TEST_CASE("logfmt: a line of pairs [log/logfmt:1]") {
  CHECK(pair("hello", "world") == "hello=world");
  const recorded r;
  r.log.print("", "a", 1, "err", kit::error(kit::errc::unknown, "error"));
  CHECK(r.take() == "a=1 err=error\n");
  r.log.print("", "std_map", std::map<std::string, int>{{"k", 1}}, "my_map", price{4});
  CHECK(r.take() == R"(std_map="{\"k\":1}" my_map="4 ct")"
                    "\n");
}

TEST_CASE("logfmt: a record without pairs is an empty line [log/logfmt:2]") {
  const recorded r;
  r.log.print("");
  CHECK(r.take() == "\n");
}

TEST_CASE("logfmt: a key without a value has (MISSING), as everywhere [log/logfmt:3]") {
  const recorded r;
  r.log.print("", "k");
  CHECK(r.take() == "k=(MISSING)\n");
}

TEST_CASE("logfmt: of keys what cannot stand in one is dropped [log/logfmt:4]") {
  CHECK(pair("sp ace", 1) == "space=1");
  CHECK(pair("tricky=key", 1) == "trickykey=1");
  CHECK(pair("quo\"te\n\x01", 1) == "quote=1");
  CHECK(pair("r\xe9sum\xc3\xa9", 1) == "rsum\xc3\xa9=1");
  CHECK(pair("c1\u0085\u2028", 1) == "c1=1");
}

TEST_CASE(
    "logfmt: of a key nothing is left: the record is kept, with a name for it [log/logfmt:5]") {
  const recorded r;
  r.log.print("", "", 1, " ", 2, static_cast<const char*>(nullptr), 3, "a", 4);
  CHECK(r.take() == "(EMPTY)=1 (EMPTY)=2 (EMPTY)=3 a=4\n");
}

TEST_CASE("logfmt: what is no text does not compile as a key [log/logfmt:6]") {
  static_assert(kit::log::key_values<const char*, int>);
  static_assert(kit::log::key_values<std::string, int, std::string_view, int>);
  static_assert(!kit::log::key_values<int, const char*>);
  static_assert(!kit::log::key_values<std::vector<int>, int>);
  static_assert(!kit::log::key_values<item, int>);
  static_assert(!kit::log::key_values<const char*, int, price>);
}

TEST_CASE("logfmt: nothing, the text null and the empty text differ [log/logfmt:7]") {
  CHECK(text(nullptr) == "null");
  CHECK(text(std::optional<int>()) == "null");
  CHECK(text(static_cast<const char*>(nullptr)) == "null");
  CHECK(text("null") == "\"null\"");
  CHECK(text("") == "");
  CHECK(text(std::string()) == "");
}

TEST_CASE("logfmt: what would end or forge a pair is quoted [log/logfmt:8]") {
  CHECK(text("a b") == R"("a b")");
  CHECK(text("a=b") == R"("a=b")");
  CHECK(text("\"") == R"("\"")");
  CHECK(text("\\") == R"(\)");
  CHECK(text("a\\ b") == R"("a\\ b")");
  CHECK(text("\n\r\t") == R"("\n\r\t")");
  CHECK(text(std::string("\0\x1f", 2)) == R"("\u0000\u001f")");
  CHECK(text("\x1b[31m") == R"("\u001b[31m")");
  CHECK(text("a\xff"
             "b") == R"("a\ufffdb")");
  CHECK(text("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");  // a surrogate
  CHECK(text("cut \xe2\x82") == R"("cut \ufffd\ufffd")");
  CHECK(text("\x7f") == "\x7f");
  CHECK(text("r\xc3\xa9sum\xc3\xa9 \xf0\x9f\x8d\xb5") ==
        "\"r\xc3\xa9sum\xc3\xa9 \xf0\x9f\x8d\xb5\"");
}

TEST_CASE("logfmt: controls beyond ASCII and line separators are escaped, too") {
  CHECK(text("\u0085") == R"("\u0085")");
  CHECK(text("\u009b2J") == R"("\u009b2J")");
  CHECK(text("\u2028\u2029") == R"("\u2028\u2029")");
  CHECK(text("\u00a0") == "\u00a0");
  CHECK(text("\u2027\u202a") == "\u2027\u202a");
}

TEST_CASE("logfmt: texts of other alphabets are bare [log/adapters:4]") {
  const recorded r;
  r.log.print("r\u00e9sum\u00e9");
  CHECK(r.take() == "msg=r\u00e9sum\u00e9\n");
  r.log.print("\u00a9 violation");
  CHECK(r.take() == "msg=\"\u00a9 violation\"\n");
  r.log.print("\t");
  CHECK(r.take() == "msg=\"\\t\"\n");
}

TEST_CASE("logfmt: value_traits count first, then errors, then text and codec [log/logfmt:9]") {
  CHECK(text(price{250}) == "\"250 ct\"");
  CHECK(text(kit::error(kit::errc::not_found, "no tea")) == "\"no tea\"");
  CHECK(text(std::make_error_code(std::errc::io_error)) == "\"Input/output error\"");
  CHECK(text(kit::errc::not_found) == "not_found");
}

TEST_CASE("logfmt: numbers, durations, times, bytes [log/logfmt:10]") {
  CHECK(text(1.0) == "1");
  CHECK(text(0.1) == "0.1");
  CHECK(text(0.1F) == "0.1");
  CHECK(text(1e21) == "1e+21");
  CHECK(text(std::numeric_limits<double>::quiet_NaN()) == "NaN");
  CHECK(text(-std::numeric_limits<float>::infinity()) == "-Inf");
  CHECK(text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(text(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(text(true) == "true");
  CHECK(text('x') == "x");
  CHECK(text(std::byte{7}) == "7");
  CHECK(text(42ms) == "42ms");
  CHECK(text(1500ms) == "1.5s");
  CHECK(text(1500us) == "1.5ms");
  CHECK(text(-7us) == "-7us");
  CHECK(text(999ns) == "999ns");
  CHECK(text(0s) == "0s");
  CHECK(text(2h) == "7200s");
  CHECK(text(std::chrono::duration<double>(0.25)) == "250ms");
  CHECK(text(std::chrono::sys_seconds(1s) + 5ns) == "1970-01-01T00:00:01.000000005Z");
  // base64 here as in JSON: bytes are no text
  CHECK(text(std::vector{std::byte{0}, std::byte{255}}) == "\"AP8=\"");
}

TEST_CASE("logfmt: what no number of nanoseconds holds is written all the same") {
  CHECK(text(std::chrono::hours::max()).starts_with("\"(FAILED: "));
  CHECK(text(std::chrono::hours(24 * 365 * 1000)) == "31536000000s");
  CHECK(text(std::chrono::sys_days(std::chrono::year(3000) / 1 / 1)) == "3000-01-01T00:00:00Z");
  CHECK(text(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()))
            .starts_with("\"(FAILED: "));
}

TEST_CASE("logfmt: structs and containers are JSON [log/logfmt:11]") {
  CHECK(text(std::vector<int>{1, 2}) == "[1,2]");
  CHECK(text(std::vector<int>{}) == "[]");
  CHECK(text(item{"tea", 2.5}) == R"("{\"name\":\"tea\",\"price\":2.5}")");
  CHECK(text(std::map<std::string, int>{{"a", 1}}) == R"("{\"a\":1}")");
  CHECK(text(std::optional(item{"tea", 1})) == R"("{\"name\":\"tea\",\"price\":1}")");
}

TEST_CASE("logfmt: what cannot be printed says why, in its place [log/logfmt:12]") {
  CHECK(text(broken{}) == "\"(FAILED: out of order)\"");
  CHECK(text(item{"\xff", 1}).starts_with("\"(FAILED: $.name: invalid UTF-8"));
  const item* none = nullptr;
  CHECK(text(none) == "null");
  CHECK(text(std::shared_ptr<item>()) == "null");
  CHECK(text(std::exception_ptr()) == "null");
  const recorded r;
  r.log.print("", "a", 1, "b", broken{}, "c", 3);
  CHECK(r.take() == "a=1 b=\"(FAILED: out of order)\" c=3\n");
}

TEST_CASE("logfmt: equal keys stay, in their order") {
  const recorded r;
  r.log.print("", "a", 1, "b", 2, "a", 3);
  CHECK(r.take() == "a=1 b=2 a=3\n");
}

TEST_CASE("logfmt: a line is read back") {
  using pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(*parse_logfmt("") == pairs{});
  CHECK(*parse_logfmt("\n") == pairs{});
  CHECK(*parse_logfmt("a=1 b= c=\"x \\\"y\\\"\\n\" d\n") ==
        pairs{{"a", "1"}, {"b", ""}, {"c", "x \"y\"\n"}, {"d", ""}});
  CHECK(*parse_logfmt("  a=1\t b=\"\"") == pairs{{"a", "1"}, {"b", ""}});
  CHECK(*parse_logfmt("a=\"\"b=2") == pairs{{"a", ""}, {"b", "2"}});
}

TEST_CASE("logfmt: what is no line of it is refused, with the place") {
  const auto message = [](std::string_view line, std::size_t max = 1024) {
    const auto pairs = parse_logfmt(line, max);
    REQUIRE_FALSE(pairs);
    CHECK(pairs.error() == kit::errc::invalid_argument);
    return std::string(pairs.error().message());
  };
  CHECK(message("a=\"x") == "logfmt: quotes are not closed at byte 2");
  CHECK(message("a=\"x\\\"") == "logfmt: quotes are not closed at byte 2");
  CHECK(message("a=\"\\q\"") == "logfmt: no such text in quotes at byte 2");
  CHECK(message("a=1 =2") == "logfmt: a pair without a key at byte 4");
  CHECK(message("a=1 \"b\"") == "logfmt: a pair without a key at byte 4");
  CHECK(message("a b c", 2) == "logfmt: more pairs than allowed at byte 4");
}
