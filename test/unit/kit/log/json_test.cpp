#include <kit/log/json.hpp>

#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json_raw.hpp>

#include "capture.hpp"

using namespace std::chrono_literals;
using log_test::recorded;

namespace {

template <class V>
std::string value(const V& v) {
  const recorded r(kit::log::json);
  r.log.print("", "k", v);
  const auto line = r.take();
  CHECK(kit::json::raw::parse(line));
  REQUIRE(line.starts_with("{\"k\":"));
  REQUIRE(line.ends_with("}\n"));
  return line.substr(5, line.size() - 7);
}

struct item {
  std::string name;
  std::vector<int> sizes;
};

struct secret {
  std::string text;
};

// All three ways to be printed.
struct three : std::runtime_error {
  three() : std::runtime_error("as an error") {}
};

struct thrower {};
struct odd_thrower {};
struct unbalanced {};

}  // namespace

template <>
struct kit::log::value_traits<secret> {
  static std::string_view represent(const secret&) { return "***"; }
};
template <>
struct kit::log::value_traits<three> {
  static item represent(const three&) { return {"as JSON", {1}}; }
};
template <>
struct kit::log::value_traits<thrower> {
  static int represent(const thrower&) { throw std::runtime_error("out of order"); }
};
template <>
struct kit::log::value_traits<odd_thrower> {
  static int represent(const odd_thrower&) { throw 1; }
};
template <>
struct kit::json::codec<unbalanced> {
  static bool encode(writer& w, const unbalanced&) { return w.write_raw("\"a\u2028\xff\""); }
};

TEST_CASE("json: one object and a line end, keys sorted [log/json:1]") {
  const recorded r(kit::log::json);
  r.log.info("listening", "b", 2, "a", 1, "longer key", 3, "longer kex", 4);
  CHECK(r.take() ==
        R"({"a":1,"b":2,"level":"info","longer kex":4,"longer key":3,"msg":"listening"})"
        "\n");
  r.log.print("");
  CHECK(r.take() == "{}\n");
}

TEST_CASE("json: a key without a value has (MISSING) [log/json:2]") {
  CHECK(value(kit::log::missing_value) == R"~("(MISSING)")~");
  const recorded r(kit::log::json);
  r.log.print("", "k");
  CHECK(r.take() == R"~({"k":"(MISSING)"})~"
                    "\n");
}

TEST_CASE("json: of equal keys the last one stays, so that the object is valid [log/json:3]") {
  const recorded r(kit::log::json);
  r.log.with("a", 0).print("", "a", 1, "b", 2, "a", 3);
  CHECK(r.take() == R"({"a":3,"b":2})"
                    "\n");
  // Keys that differ only in what isn't UTF-8 are equal in JSON.
  r.log.print("", "\xff", 1, "\xfe", 2, "\ufffd", 3);
  CHECK(r.take() == "{\"\\ufffd\":2,\"\ufffd\":3}\n");
}

TEST_CASE("json: more members than usual") {
  const recorded r(kit::log::json);
  std::vector<std::string> keys;
  for (int i = 99; i >= 0; --i)
    keys.push_back("k" + std::to_string(i));
  std::vector<kit::log::field> fields;
  for (const auto& key : keys)
    fields.push_back({key, key});
  r.log.at(std::nullopt, "", fields);
  const auto read = kit::json::decode<std::map<std::string, std::string>>(r.take());
  REQUIRE(read);
  CHECK(read->size() == 100);
  for (const auto& [key, v] : *read)
    CHECK(key == v);
}

TEST_CASE("json: HTML is left alone [log/json:4]") {
  CHECK(value("<&>") == R"("<&>")");
}

TEST_CASE("json: value_traits count first, then errors, then the rest [log/json:5]") {
  CHECK(value(three()) == R"({"name":"as JSON","sizes":[1]})");
  CHECK(value(std::runtime_error("as an error")) == R"("as an error")");
  CHECK(value(secret{"hush"}) == R"("***")");
  CHECK(value(std::optional(secret{"hush"})) == R"("***")");
  CHECK(value(item{"x", {}}) == R"({"name":"x","sizes":[]})");
}

TEST_CASE("json: no error is null, an absent key has a name [log/json:6]") {
  const kit::error* none = nullptr;
  CHECK(value(none) == "null");
  CHECK(value(std::exception_ptr()) == "null");
  CHECK(value(std::error_code()) == "null");
  CHECK(value(std::optional<kit::error>()) == "null");
  const kit::error some(kit::errc::aborted, "lost");
  CHECK(value(&some) == R"("lost")");
  CHECK(value(std::make_exception_ptr(some)) == R"("lost")");
  CHECK(value(std::make_exception_ptr(1)) == R"("unknown exception")");
  const recorded r(kit::log::json);
  r.log.print("", static_cast<const char*>(nullptr), 1);
  CHECK(r.take() == R"~({"(EMPTY)":1})~"
                    "\n");
}

TEST_CASE("json: a value that throws says so, in its place [log/json:7]") {
  CHECK(value(thrower{}) == R"~("(FAILED: out of order)")~");
  CHECK(value(odd_thrower{}) == R"~("(FAILED: unknown exception)")~");
}

TEST_CASE("json: bytes, durations, times, numbers [log/json:8]") {
  CHECK(value(std::vector{std::byte{1}}) == R"("AQ==")");
  CHECK(value(42ms) == R"("42ms")");
  CHECK(value(std::chrono::sys_seconds(1s)) == R"("1970-01-01T00:00:01Z")");
  CHECK(value(-1) == "-1");
  CHECK(value(1.5) == "1.5");
  CHECK(value(1.5F) == "1.5");
  CHECK(value(false) == "false");
  CHECK(value(nullptr) == "null");
}

TEST_CASE("json: what JSON cannot say is a text; the record is kept [log/json:9]") {
  CHECK(value(std::numeric_limits<double>::quiet_NaN()) == R"("NaN")");
  CHECK(value(std::numeric_limits<double>::infinity()) == R"("+Inf")");
  CHECK(value(-std::numeric_limits<float>::infinity()) == R"("-Inf")");
  CHECK(value(std::vector{std::numeric_limits<double>::quiet_NaN()}) ==
        R"~("(FAILED: $[0]: NaN is no number)")~");
}

TEST_CASE("json: keys are texts by their type; any text can be one [log/json:10]") {
  static_assert(!kit::log::key_values<int, int>);
  static_assert(!kit::log::key_values<std::nullptr_t, int>);
  const recorded r(kit::log::json);
  r.log.print("", "a \"b\"\n", 1);
  CHECK(r.take() == R"({"a \"b\"\n":1})"
                    "\n");
}

TEST_CASE("json: nothing in a value ends the line or the text") {
  CHECK(value("\"}\n{\"forged\":1}\n") == R"("\"}\n{\"forged\":1}\n")");
  CHECK(value("\xff\u0085\u2028") == R"("\ufffd\u0085\u2028")");
  CHECK(value(std::string("\0", 1)) == R"("\u0000")");
  // What a codec wrote unchecked.
  CHECK(value(unbalanced{}) == R"("a\u2028\ufffd")");
}
