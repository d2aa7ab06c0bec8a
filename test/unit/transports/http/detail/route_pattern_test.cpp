#include <transports/http/detail/route_pattern.hpp>

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>

using kit::http::detail::segment_kind;
namespace detail = kit::http::detail;

namespace {

using parts = std::vector<std::pair<segment_kind, std::string>>;

parts parsed(std::string_view pattern) {
  parts out;
  for (const auto& s : detail::parse_pattern(pattern).segments)
    out.emplace_back(s.kind, s.text);
  return out;
}

template <class F>
std::string refusal(F f) {
  try {
    f();
  } catch (const kit::error& e) {
    CHECK(e.code() == kit::errc::invalid_argument);
    return e.what();
  }
  return "";
}
std::string refused(std::string_view pattern) {
  return refusal([&] { detail::parse_pattern(pattern); });
}
std::string refused_prefix(std::string_view prefix) {
  return refusal([&] { detail::parse_prefix(prefix); });
}

constexpr auto text = segment_kind::text;
constexpr auto parameter = segment_kind::parameter;
constexpr auto rest = segment_kind::rest;

}  // namespace

TEST_CASE("pattern: texts, parameters, and the rest") {
  CHECK(parsed("/") == parts{{text, ""}});
  CHECK(parsed("/a") == parts{{text, "a"}});
  CHECK(parsed("/a/") == parts{{text, "a"}, {text, ""}});
  CHECK(parsed("/users/{id}/x_y-Z/{user_id}") ==
        parts{{text, "users"}, {parameter, "id"}, {text, "x_y-Z"}, {parameter, "user_id"}});
  CHECK(parsed("/{path...}") == parts{{rest, "path"}});
  CHECK(parsed("/{id}/") == parts{{parameter, "id"}, {text, ""}});
  CHECK(detail::parse_pattern("/a/{b}").text == "/a/{b}");
}

TEST_CASE("pattern: texts may be percent-encoded, and so hold what has a meaning") {
  CHECK(parsed("/caf%C3%A9") == parts{{text, "caf\xc3\xa9"}});
  CHECK(parsed("/caf\xc3\xa9 x") == parts{{text, "caf\xc3\xa9 x"}});
  CHECK(parsed("/%7Bid%7d%2F%25/...") == parts{{text, "{id}/%"}, {text, "..."}});
}

TEST_CASE("pattern: what is wrong is said, with the pattern") {
  CHECK(refused("") == "router: pattern '': it must start with a slash");
  CHECK(refused("a/b") == "router: pattern 'a/b': it must start with a slash");
  CHECK(refused("//") == "router: pattern '//': an empty segment before the end");
  CHECK(refused("/a//b") == "router: pattern '/a//b': an empty segment before the end");
  CHECK(refused("/{}") == "router: pattern '/{}': a parameter without a name");
  CHECK(refused("/{...}") == "router: pattern '/{...}': a parameter without a name");
  CHECK(refused("/{a}/b/{a}") == "router: pattern '/{a}/b/{a}': two parameters are named 'a'");
  CHECK(refused("/{a}/{a...}") == "router: pattern '/{a}/{a...}': two parameters are named 'a'");
  CHECK(refused("/{a...}/b") == "router: pattern '/{a...}/b': '{a...}' must be the last segment");
  CHECK(refused("/{a...}/") == "router: pattern '/{a...}/': '{a...}' must be the last segment");
  for (const std::string part : {"a{b}", "{a}b", "{a", "a}", "{", "}", "}{", "{a}.{b}"}) {
    CAPTURE(part);
    if (part == "{a}.{b}") {
      CHECK(refused("/" + part).find("the name of a parameter") != std::string::npos);
    } else {
      CHECK(refused("/" + part) ==
            "router: pattern '/" + part + "': a parameter must be a whole segment, as in /{id}/");
    }
  }
  for (const std::string name : {"a b", "a:[0-9]+", "a.b", "..", "a....", "*", "{a}", "\xc3\xa9"}) {
    CAPTURE(name);
    CHECK(refused("/{" + name + "}") ==
          "router: pattern '/{" + name +
              "}': the name of a parameter is made of letters, digits, '_' and '-'");
  }
  CHECK(refused("/a?b") == "router: pattern '/a?b': a path holds no '?' and no '#'");
  CHECK(refused("/a#b") == "router: pattern '/a#b': a path holds no '?' and no '#'");
  CHECK(refused("/a\n") == "router: pattern '/a\n': a control character");
  CHECK(refused("/a\t") == "router: pattern '/a\t': a control character");
  CHECK(refused("/50%") ==
        "router: pattern '/50%': a '%' must be followed by two hexadecimal digits");
  CHECK(refused("/a/../b") ==
        "router: pattern '/a/../b': clients resolve the segments '.' and '..' themselves");
  CHECK(refused("/%2e") ==
        "router: pattern '/%2e': clients resolve the segments '.' and '..' themselves");
}

TEST_CASE("pattern: the number of segments is limited") {
  std::string longest;
  for (int i = 0; i < 256; ++i)
    longest += "/a";
  CHECK(parsed(longest).size() == 256);
  CHECK(refused(longest + "/").ends_with("': more than 256 segments"));
  CHECK(refused(longest + longest).size() < 300);
}

TEST_CASE("prefix: a pattern that can be gone on with") {
  CHECK(detail::parse_prefix("") == "");
  CHECK(detail::parse_prefix("/") == "");
  CHECK(detail::parse_prefix("/a/{b}") == "/a/{b}");
  CHECK(refused_prefix("/a/") == "router: pattern '/a/': a prefix must not end with a slash");
  CHECK(refused_prefix("/{a...}") ==
        "router: pattern '/{a...}': a prefix must not end with 'a...'");
  CHECK(refused_prefix("a") == "router: pattern 'a': it must start with a slash");
}

TEST_CASE("prefix: the pattern of what is below") {
  CHECK(detail::below("").text == "/{...}");
  const auto p = detail::below("/a/{b}");
  CHECK(p.text == "/a/{b}/{...}");
  REQUIRE(p.segments.size() == 3);
  CHECK(p.segments[2].kind == rest);
  CHECK(p.segments[2].text == "");
}
