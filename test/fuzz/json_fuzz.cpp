// Decodes any bytes: as JSON of unknown shape, where acceptance must be that of simdjson's DOM
// parser, and into a rich type, where what was decoded must come back from its own text. Each is
// done with a short and with a long text, which are walked over differently.
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

template <class T>
bool accepts(const json::input& text, const json::decode_options& options = {}) {
  const auto value = json::decode<T>(text, options);
  if (value) {
    // Its own text is a fixed point.
    const auto first = json::encode(*value);
    require(first.has_value());
    const auto again = json::decode<T>(*first, options);
    require(again.has_value());
    require(json::encode(*again).value() == *first);
    const auto html = json::encode(*value, {.escape_html = true});
    require(html->find_first_of("<>&") == std::string::npos);
    require(json::encode(json::decode<T>(*html, options).value()).value() == *first);
    return true;
  }
  const std::string_view message = value.error().message();
  require(value.error().code() == kit::errc::invalid_argument);
  require(message.starts_with('$') && message.find(" at byte ") != message.npos);
  // The parsers agree with the checker that finds the place.
  require(message.find("not valid JSON") == message.npos);
  require(message.find("refused by its codec") == message.npos);
  return false;
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
  if (error == simdjson::NUMBER_ERROR || error == simdjson::BIGINT_ERROR) {
    return json::raw::parse(text).has_value();
  }
  return error == simdjson::SUCCESS;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string spaces(16 * 1024 + 1, ' ');
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::string long_text = text + spaces;
  long_text.shrink_to_fit();

  const bool raw = accepts<json::raw>(text);
  require(accepts<json::raw>(long_text) == raw);
  if (!is_deep(text)) require(dom_accepts(text) == raw);
  require(!raw || accepts<point>("{\"unknown\":" + text + '}'));

  json::decode_options options;
  for (bool strict : {false, true}) {
    options.refuse_unknown = options.refuse_duplicates = options.refuse_null = strict;
    options.ignore_case = !strict;
    const bool short_ok = accepts<rich>(text, options);
    require(accepts<rich>(long_text, options) == short_ok);
    require(raw || !short_ok);
    // In the middle of a larger buffer, as much as it may read.
    std::string buffer = long_text + "]}]}\"" + text + spaces;
    require(json::decode<rich>(
                json::padded(std::string_view(buffer).substr(0, long_text.size()), 64), options)
                .has_value() == short_ok);
  }
  return 0;
}
