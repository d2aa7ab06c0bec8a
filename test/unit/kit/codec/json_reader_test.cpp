#include <kit/codec/json_reader.hpp>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "json_check.hpp"

namespace json = kit::json;
using test::there_and_back;

namespace {

// "3.50 EUR"
struct money {
  std::int64_t cents = 0;
};
// {"sum": 3, "parts": [1, 2]} by hand
struct sums {
  int sum = 0;
  std::vector<int> parts;
};
struct reads_nothing {};
struct reads_twice {};
struct ignores_failure {
  int n = 0;
};
struct refuses_silently {};
struct picky {
  json::kind seen = json::kind::invalid;
};

struct left;
struct right;
struct left {
  std::unique_ptr<std::variant<left, right>> next;
};
struct right {
  std::unique_ptr<std::variant<right, left>> next;
  int x = 0;
};

struct holder {
  money price;
  int after = 0;
};

// Where the text isn't JSON the message may differ: an index finds bad strings first.
template <class T>
std::string read(const std::string& text) {
  const auto value = json::decode<T>(text);
  return value ? json::encode(*value).value() : "refused";
}

}  // namespace

template <>
struct kit::json::codec<money> {
  static constexpr unsigned kinds = bit(kind::string);
  static bool decode(reader& r, money& v) {
    std::string_view text;
    if (!r.read_text(text)) return false;
    if (!text.ends_with(" EUR")) return r.fail("expected amount in EUR");
    v.cents = static_cast<std::int64_t>(std::stod(std::string(text)) * 100);
    return true;
  }
  static bool encode(writer& w, const money& v) {
    return w.write(std::to_string(v.cents / 100) + '.' + std::to_string(v.cents % 100) + " EUR");
  }
};
template <>
struct kit::json::codec<sums> {
  static bool decode(reader& r, sums& v) {
    return r.read_object([&](std::string_view name) {
      if (name == "sum") return r.read(v.sum);
      if (name != "parts") return r.options().refuse_unknown ? r.fail("unknown field") : r.skip();
      return r.read_array([&] { return r.read(v.parts.emplace_back()); });
    });
  }
  static bool encode(writer& w, const sums& v) {
    return w.write_object([&] {
      return w.member("sum", v.sum) && w.member("parts", v.parts) &&
             w.member("first two", [&] { return v.parts.size() >= 2; }());
    });
  }
};
template <>
struct kit::json::codec<reads_nothing> {
  static bool decode(reader&, reads_nothing&) { return true; }
  static bool encode(writer& w, const reads_nothing&) { return w.write_null(); }
};
template <>
struct kit::json::codec<reads_twice> {
  static bool decode(reader& r, reads_twice&) {
    const auto skip = [&] { return r.skip(); };
    return r.read_array(skip) && r.read_array(skip);
  }
};
template <>
struct kit::json::codec<ignores_failure> {
  static bool decode(reader& r, ignores_failure& v) {
    (void)r.read_array([&] { return r.read(v.n); });
    return true;
  }
};
template <>
struct kit::json::codec<refuses_silently> {
  static bool decode(reader&, refuses_silently&) { return false; }
};
template <>
struct kit::json::codec<picky> {
  static bool decode(reader& r, picky& v) {
    v.seen = r.peek();
    return v.seen != kind::null || r.read_null();
  }
};

TEST_CASE("json: a codec of one's own reads text and fails at its place") {
  CHECK(json::decode<holder>(R"({"price":"3.50 EUR","after":1})")->price.cents == 350);
  CHECK(there_and_back<std::vector<money>>(R"(["3.50 EUR","\u0031 EUR"])") ==
        R"(["3.50 EUR","1.0 EUR"])");
  CHECK(there_and_back<std::vector<money>>(R"(["3.50 EUR","1 USD"])") ==
        "$[1]: expected amount in EUR at byte 12");
  CHECK(there_and_back<holder>(R"({"price":5})") ==
        "$.price: expected string, got number at byte 9");
}

TEST_CASE("json: a codec of one's own reads objects and arrays") {
  CHECK(there_and_back<sums>(R"({"p\u0061rts":[1,2],"x":{"y":[]},"sum":3})") ==
        R"({"sum":3,"parts":[1,2],"first two":true})");
  CHECK(there_and_back<sums>(R"({"parts":[1,"2"]})") ==
        "$.parts[1]: expected number, got string at byte 12");
  CHECK(there_and_back<sums>(R"({"sum":3,"x":1})", {.refuse_unknown = true}) ==
        "$.x: unknown field at byte 13");
  CHECK(there_and_back<sums>(R"({"x":[1,}})") == "$.x[1]: expected a value at byte 8");
}

TEST_CASE("json: what a codec doesn't read is skipped, and checked") {
  for (const char* text : {"[]", "{\"a\":[1]}", "\"x\\n\"", "12", "null", "true"}) {
    CHECK(json::decode<reads_nothing>(text));
    CHECK(json::decode<std::vector<reads_nothing>>('[' + std::string(text) + ",1]"));
    CHECK(json::decode<std::map<std::string, reads_nothing>>("{\"a\":" + std::string(text) + '}'));
  }
  for (const char* text : {"[", "{\"a\":[1}", "\"\\x\"", "1.", "nul", "x"}) {
    CHECK_FALSE(json::decode<reads_nothing>(text));
    CHECK_FALSE(json::decode<std::vector<reads_nothing>>('[' + std::string(text) + ",1]"));
  }
}

TEST_CASE("json: a codec that is wrong makes an error, no harm") {
  CHECK(json::decode<reads_twice>("[1]").error().message() ==
        "$: the codec read this value twice at byte 0");
  CHECK(json::decode<ignores_failure>("[1,[\"x\"],[[]]]").error().message() ==
        "$[1]: expected number, got array at byte 3");
  CHECK(json::decode<std::vector<ignores_failure>>("[[1,[\"x\"]],[1]]").error().message() ==
        "$[0][1]: expected number, got array at byte 4");
  CHECK(json::decode<refuses_silently>("[1]").error().message() ==
        "$: refused by its codec at byte 0");
}

TEST_CASE("json: a codec sees the kind of a value before it reads it") {
  using json::kind;
  const auto seen = [](const char* text) { return json::decode<picky>(text)->seen; };
  CHECK(seen("null") == kind::null);
  CHECK(seen("false") == kind::boolean);
  CHECK(seen("-1") == kind::number);
  CHECK(seen("\"\"") == kind::string);
  CHECK(seen("[]") == kind::array);
  CHECK(seen("{}") == kind::object);
  CHECK_FALSE(json::decode<picky>("?"));
  struct nullable {
    picky p;
  };
  CHECK(json::decode<nullable>("{\"p\":null}")->p.seen == kind::null);
}

TEST_CASE("json: variants don't parse without end") {
  // Each level has two alternatives for an object, which are tried twice: 4^30 attempts at the
  // leaf.
  std::string text;
  for (int i = 0; i < 30; ++i)
    text += R"({"x":1,"next":)";
  const std::string end(30, '}');
  CHECK(there_and_back<left>(text + R"("no object")" + end).find(R"("no)") == std::string::npos);
  CHECK_FALSE(json::decode<left>(text + R"("no object")" + end));
  CHECK(json::decode<left>(R"({"next":{"x":1,"next":{"next":{}}}})"));
}

TEST_CASE("json: long and short texts are read alike") {
  const std::string spaces(20'000, ' ');
  for (const char* text :
       {R"({"parts":[1,2],"sum":3})", R"({"parts":[1,"2"]})", "[]", "{", "{\"sum\":1", "\"x\"",
        R"({"sum":1}])", R"({"sum":1},)", R"({"sum":"\x"})", "1", "{\"sum\":1:2}", "{\"sum\" 1}",
        "{\"\\u0073um\":5}", "{\"x\":[{\"y\":\"\\n\"},null,true,-1e5]}", "nul", "\"", "\xff"}) {
    CAPTURE(text);
    std::string long_text = text + spaces;
    CHECK(read<sums>(long_text) == read<sums>(text));
    CHECK(read<std::string>(long_text) == read<std::string>(text));
    CHECK(read<json::raw>(long_text) == read<json::raw>(text));
    long_text.reserve(long_text.size() + 64);
    CHECK(read<sums>(long_text) == read<sums>(text));
  }
}

TEST_CASE("json: threads decode long texts at once") {
  const std::string text = json::encode(std::vector<sums>(2000, {3, {1, 2}})).value();
  std::vector<std::thread> threads;
  std::vector<int> good(8, 0);
  for (int& count : good) {
    threads.emplace_back([&text, &count] {
      for (int i = 0; i < 20; ++i)
        count += json::decode<std::vector<sums>>(text)->size() == 2000 ? 1 : 0;
    });
  }
  for (auto& t : threads)
    t.join();
  CHECK(good == std::vector<int>(8, 20));
}
