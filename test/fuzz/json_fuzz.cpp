// Decodes any bytes: as JSON of unknown shape, where acceptance must be that of simdjson's DOM
// parser, and into a rich type, where what was decoded must come back from its own text. Each is
// done with a short and with a long text, which are walked over differently.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

#include <simdjson.h>

#include <kit/codec/json.hpp>

namespace {

namespace json = kit::json;

enum class color { red, green, blue };

struct point {
  double x = 0, y = 0;
};
struct label {
  std::string text;
  std::optional<color> c;
};
struct rich {
  bool flag = false;
  std::int8_t small = 0;
  std::uint64_t large = 0;
  float f = 0;
  double d = 0;
  std::string s;
  color c = color::red;
  std::optional<std::string> o;
  std::unique_ptr<rich> next;
  std::vector<rich> list;
  std::vector<bool> bits;
  std::deque<std::int64_t> numbers;
  std::set<std::string> names;
  std::array<int, 2> two{};
  std::tuple<int, std::string, point> three;
  std::map<std::string, std::vector<int>> map;
  std::map<int, color> by_number;
  std::variant<std::monostate, bool, std::int64_t, double, point, label, std::vector<point>,
               std::map<std::string, json::raw>>
      either;
  std::chrono::nanoseconds ns{};
  std::chrono::minutes m{};
  std::chrono::system_clock::time_point t{};
  std::chrono::sys_seconds ts{};
  std::vector<std::byte> bytes;
  std::array<std::byte, 3> three_bytes{};
  json::raw raw;
};

}  // namespace

template <>
struct kit::reflect_traits<label> {
  static constexpr auto fields = kit::fields(kit::field<&label::text>("odd \"name\"").required());
};

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

// What was decoded can be encoded, and decodes to the same from that.
template <class T>
void check_again(const T& value, json::decode_options options) {
  // It may be deeper, by fields that weren't there.
  options.max_depth = 1000;
  const auto text = json::encode(value, {.max_depth = 1000});
  require(text.has_value());
  const auto again = json::decode<T>(*text, options);
  require(again.has_value());
  require(json::encode(*again, {.max_depth = 1000}).value() == *text);
  const auto html = json::encode(value, {.escape_html = true, .max_depth = 1000});
  require(html->find_first_of("<>&") == std::string::npos);
  require(json::decode<T>(*html, options).has_value());
}

void check_error(const kit::error& e) {
  const std::string_view message = e.message();
  require(e.code() == kit::errc::invalid_argument);
  require(message.starts_with('$') && message.find(" at byte ") != message.npos);
  // What the parsers refuse, the checker finds the place of.
  require(message != "$: not valid JSON at byte 0");
}

template <class T>
bool accepts(const json::input& text, const json::decode_options& options = {}) {
  const auto value = json::decode<T>(text, options);
  if (value) {
    check_again(*value, options);
  } else {
    check_error(value.error());
  }
  return value.has_value();
}

// Deeper than simdjson's own limit or ours is out of the comparison.
bool is_deep(std::string_view text) {
  int depth = 0, deepest = 0;
  for (char c : text) {
    depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    deepest = std::max(deepest, depth);
  }
  return deepest > 190;
}

bool dom_accepts(std::string_view text) {
  // A byte order mark is none of ours, and later versions of simdjson skip it.
  if (text.starts_with("\xef\xbb\xbf")) return false;
  static simdjson::dom::parser parser;
  const simdjson::error_code error = parser.parse(text.data(), text.size()).error();
  // Numbers that fit no machine type are valid JSON, and keep their text in json::raw.
  const std::string_view message = simdjson::error_message(error);
  if (message.find("number") != message.npos || message.find("integer") != message.npos) {
    return json::raw::parse(text).has_value();
  }
  return error == simdjson::SUCCESS;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const bool raw = accepts<json::raw>(text);
  require(is_deep(text) || dom_accepts(text) == raw);
  require(!raw || accepts<point>("{\"unknown\":" + text + '}'));

  const json::decode_options strict{
      .refuse_unknown = true, .refuse_duplicates = true, .refuse_null = true};
  const bool strict_ok = accepts<rich>(text, strict);
  const bool lax_ok = accepts<rich>(text, {.ignore_case = true});
  require(raw || !lax_ok);
  require(lax_ok || !strict_ok);
  if (size % 4 != 0) return 0;

  // A long text, bare and in the middle of a larger buffer.
  static const std::string spaces(16 * 1024 + 1, ' ');
  const std::string longer = text + spaces;
  const std::string buffer = longer + "]}]}\"" + text + spaces;
  const auto part = json::padded(std::string_view(buffer).substr(0, longer.size()), 64);
  require(json::raw::parse(std::string_view(longer)).has_value() == raw);
  require(accepts<rich>(std::string_view(longer), strict) == strict_ok);
  require(accepts<rich>(part, {.ignore_case = true}) == lax_ok);
  return 0;
}
