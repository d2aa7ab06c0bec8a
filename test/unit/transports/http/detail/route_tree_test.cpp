#include <transports/http/detail/route_tree.hpp>

#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>

#include "../../../../support/naive_routes.hpp"

namespace http = kit::http;
using http::method;
using http::detail::route_key;
using http::detail::route_match;
using http::detail::route_tree;
using outcome = http::detail::route_match::outcome;

namespace {

route_tree tree_of(const std::vector<test::naive_route>& routes) {
  std::vector<route_key> keys;
  for (const auto& r : routes)
    keys.push_back({r.method, http::detail::parse_pattern(r.pattern)});
  return route_tree(std::move(keys));
}

// The pattern that was found; "404", "405", "400".
std::string found(const route_tree& tree, const std::string& path, method m = method::get) {
  http::path_params params;
  const auto match = tree.find(m, path, params);
  switch (match.what) {
    case outcome::found:
      return std::string(tree.pattern(match.route));
    case outcome::wrong_method:
      return "405";
    case outcome::not_found:
      return "404";
    case outcome::malformed:
      return "400";
  }
  return "";
}

using pairs = std::vector<std::pair<std::string, std::string>>;

pairs params_of(const route_tree& tree, const std::string& path) {
  http::path_params params;
  tree.find(method::get, path, params);
  pairs out;
  params.for_each(
      [&](std::string_view name, std::string_view value) { out.emplace_back(name, value); });
  return out;
}

// What does not depend on the rest of the test: small alphabets, so that much coincides.
class generator {
 public:
  explicit generator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }

  std::string text() {
    static const char* texts[] = {
        "a", "b", "c", "list", "a-longer-segment", "sixteen bytes ok", "seventeen bytes o", "..."};
    return texts[below(std::size(texts))];
  }
  std::string pattern() {
    std::string out;
    const auto segments = below(5);
    for (std::size_t i = 0; i < segments; ++i) {
      out += below(3) == 0 ? "/{p" + std::to_string(i) + "}" : "/" + text();
    }
    const auto last = below(6);
    if (last == 0) return out + "/{rest...}";
    return out.empty() || last == 1 ? out + "/" : out;
  }
  test::naive_route route() {
    static const std::optional<method> methods[] = {method::get, method::head, method::post,
                                                    method("CUSTOM"), std::nullopt};
    return {methods[below(std::size(methods))], pattern()};
  }
  // A path that has a good chance to match one of the patterns.
  std::string path() {
    std::string out;
    const auto segments = 1 + below(5);
    for (std::size_t i = 0; i < segments; ++i) {
      out += '/';
      switch (below(12)) {
        case 0:
          break;
        case 1:
          out += "%61";
          break;
        case 2:
          out += "a%2Fb";
          break;
        case 3:
          out += below(4) == 0 ? "%" : "%zz%00";
          break;
        default:
          out += text();
      }
    }
    return below(20) == 0 ? out.substr(1) : out;
  }
  method any_method() {
    static const method methods[] = {method::get,       method::head,     method::post,
                                     method::del,       method("CUSTOM"), method("OTHER"),
                                     method("CUSTOMS"), method::options};
    return methods[below(std::size(methods))];
  }

 private:
  std::mt19937 random_;
};

void check_same(const route_tree& tree, const std::vector<test::naive_route>& routes,
                const method& m, const std::string& path) {
  CAPTURE(path);
  CAPTURE(m.name());
  const auto expected = test::naive_find(routes, m, path);
  http::path_params params;
  const auto match = tree.find(m, path, params);
  if (expected.malformed) {
    CHECK(match.what == outcome::malformed);
  } else if (expected.route) {
    REQUIRE(match.what == outcome::found);
    CHECK(match.route == *expected.route);
  } else if (!expected.same_path.empty()) {
    CHECK(match.what == outcome::wrong_method);
  } else {
    CHECK(match.what == outcome::not_found);
  }
  pairs got;
  params.for_each(
      [&](std::string_view name, std::string_view value) { got.emplace_back(name, value); });
  CHECK(got == expected.params);
  const auto allowed = tree.allowed(path);
  for (const auto i : expected.same_path) {
    if (routes[i].method) CHECK(allowed.find(routes[i].method->name()) != allowed.npos);
  }
  if (expected.same_path.empty()) CHECK(allowed == "");
}

}  // namespace

TEST_CASE("route tree: an empty one finds nothing") {
  const route_tree tree({});
  CHECK(found(tree, "/") == "404");
  CHECK(found(tree, "/a/b") == "404");
  CHECK(found(tree, "") == "404");
  CHECK(found(tree, "/%zz") == "400");
  CHECK(tree.allowed("/") == "");
  CHECK(tree.allowed("*") == "");
}

TEST_CASE("route tree: a text beats a parameter, and that the rest, from left to right") {
  const auto tree = tree_of({{method::get, "/a/b"},
                             {method::get, "/a/{x}"},
                             {method::get, "/{y}/b"},
                             {method::get, "/a/{rest...}"},
                             {method::get, "/{all...}"}});
  CHECK(found(tree, "/a/b") == "/a/b");
  CHECK(found(tree, "/a/c") == "/a/{x}");
  CHECK(found(tree, "/z/b") == "/{y}/b");
  CHECK(found(tree, "/a/c/d") == "/a/{rest...}");
  CHECK(found(tree, "/a/") == "/a/{rest...}");
  CHECK(found(tree, "/a") == "/{all...}");
  CHECK(found(tree, "/") == "/{all...}");
  CHECK(found(tree, "//b") == "/{all...}");
}

TEST_CASE("route tree: where a way ends in nothing, the next best is tried") {
  const auto tree = tree_of({{method::get, "/a/b/c"},
                             {method::get, "/a/{x}/d"},
                             {method::get, "/{y}/b/e"},
                             {method::get, "/{y}/{z}/{w}/g"}});
  CHECK(found(tree, "/a/b/c") == "/a/b/c");
  CHECK(found(tree, "/a/b/d") == "/a/{x}/d");
  CHECK(found(tree, "/a/b/e") == "/{y}/b/e");
  CHECK(found(tree, "/a/b/c/g") == "/{y}/{z}/{w}/g");
  CHECK(found(tree, "/a/b/f") == "404");
  CHECK(params_of(tree, "/a/b/e") == pairs{{"y", "a"}});
}

TEST_CASE("route tree: a way without the method does not hide one with it") {
  const auto tree = tree_of({{method::post, "/users/search"}, {method::get, "/users/{id}"}});
  CHECK(found(tree, "/users/search", method::get) == "/users/{id}");
  CHECK(found(tree, "/users/search", method::post) == "/users/search");
  CHECK(found(tree, "/users/7", method::post) == "405");
  CHECK(found(tree, "/users/search", method::put) == "405");
}

TEST_CASE("route tree: at one pattern the method beats GET for HEAD, and that beats any") {
  const auto tree = tree_of({{method::get, "/a"},
                             {method::head, "/a"},
                             {std::nullopt, "/a"},
                             {method::get, "/b"},
                             {std::nullopt, "/b"},
                             {method("FROB"), "/c"}});
  http::path_params params;
  CHECK(tree.find(method::get, "/a", params).route == 0);
  CHECK(tree.find(method::head, "/a", params).route == 1);
  CHECK(tree.find(method::post, "/a", params).route == 2);
  CHECK(tree.find(method::head, "/b", params).route == 3);
  CHECK(tree.find(method::options, "/b", params).route == 4);
  CHECK(tree.find(method("FROB"), "/c", params).route == 5);
  CHECK(found(tree, "/c", method("FROG")) == "405");
}

TEST_CASE("route tree: parameters are decoded, and an encoded slash separates nothing") {
  const auto tree =
      tree_of({{method::get, "/users/{id}/files/{path...}"}, {method::get, "/caf%C3%A9/{x}"}});
  CHECK(params_of(tree, "/users/a%2Fb%20c/files/x/y%2fz") ==
        pairs{{"id", "a/b c"}, {"path", "x/y/z"}});
  CHECK(params_of(tree, "/users/+/files/") == pairs{{"id", "+"}, {"path", ""}});
  CHECK(params_of(tree, "/%75sers/1/files/a") == pairs{{"id", "1"}, {"path", "a"}});
  CHECK(params_of(tree, "/users/1/files//a//") == pairs{{"id", "1"}, {"path", "/a//"}});
  CHECK(params_of(tree, "/caf%c3%a9/%00") == pairs{{"x", std::string(1, '\0')}});
  CHECK(params_of(tree, "/caf\xc3\xa9/1") == pairs{{"x", "1"}});
  CHECK(found(tree, "/users%2F1/files/x") == "404");
  CHECK(found(tree, "/users/1%2Ffiles/x") == "404");
}

TEST_CASE("route tree: malformed percent-encoding is told apart, wherever it is") {
  const auto tree = tree_of({{method::get, "/a/{rest...}"}});
  for (const char* path : {"/%", "/a/%", "/a/%4", "/a/b/c/%zz", "/%g1/a", "/x/y/%4"}) {
    CAPTURE(path);
    CHECK(found(tree, path) == "400");
    CHECK(tree.allowed(path) == "");
  }
}

TEST_CASE("route tree: slashes count") {
  const auto tree = tree_of({{method::get, "/a"}, {method::get, "/b/"}, {method::get, "/c/{x}"}});
  CHECK(found(tree, "/a/") == "404");
  CHECK(found(tree, "//a") == "404");
  CHECK(found(tree, "/b") == "404");
  CHECK(found(tree, "/b/") == "/b/");
  CHECK(found(tree, "/b//") == "404");
  CHECK(found(tree, "/c/") == "404");
  CHECK(found(tree, "/c//") == "404");
  CHECK(found(tree, "/c/x/") == "404");
  CHECK(found(tree, "a") == "404");
  CHECK(found(tree, "*") == "404");
}

TEST_CASE("route tree: Allow lists what the path takes, HEAD with GET, and OPTIONS") {
  const auto tree = tree_of({{method::post, "/a/b"},
                             {method::get, "/a/{x}"},
                             {method("ZAP"), "/{rest...}"},
                             {method("FROB"), "/a/b"},
                             {std::nullopt, "/any"}});
  CHECK(tree.allowed("/a/b") == "GET, HEAD, POST, OPTIONS, FROB, ZAP");
  CHECK(tree.allowed("/a/c") == "GET, HEAD, OPTIONS, ZAP");
  CHECK(tree.allowed("/z") == "OPTIONS, ZAP");
  CHECK(tree.allowed("*") == "GET, HEAD, POST, OPTIONS, FROB, ZAP");
  CHECK(tree.allowed("z") == "");
}

TEST_CASE("route tree: segments of any length are told apart") {
  std::vector<test::naive_route> routes;
  for (std::size_t size = 1; size < 70; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      text[at] = 'y';
      routes.push_back({method::get, "/" + text});
    }
  }
  const auto tree = tree_of(routes);
  for (const auto& r : routes)
    CHECK(found(tree, r.pattern) == r.pattern);
  for (std::size_t size = 1; size < 70; ++size)
    CHECK(found(tree, "/" + std::string(size, 'x')) == "404");
}

TEST_CASE("route tree: patterns may be long, and paths longer") {
  std::string pattern;
  std::string path;
  pairs expected;
  for (int i = 0; i < 100; ++i) {
    pattern += "/{p" + std::to_string(i) + "}/x";
    path += "/" + std::to_string(i) + "/x";
    expected.emplace_back("p" + std::to_string(i), std::to_string(i));
  }
  const auto tree = tree_of({{method::get, pattern}, {method::get, pattern + "/{rest...}"}});
  CHECK(params_of(tree, path) == expected);
  expected.emplace_back("rest", path.substr(1));
  CHECK(params_of(tree, path + path) == expected);
  CHECK(found(tree, path + "y") == "404");
  const std::string slashes(100'000, '/');
  CHECK(found(tree, slashes) == "404");
}

TEST_CASE("route tree: two routes for the same requests are refused, and both are named") {
  const auto conflict = [](std::vector<test::naive_route> routes) -> std::string {
    try {
      tree_of(routes);
    } catch (const kit::error& e) {
      CHECK(e.code() == kit::errc::invalid_argument);
      return e.what();
    }
    return "";
  };
  CHECK(conflict({{method::get, "/a/{x}"}, {method::get, "/a/{y}"}}) ==
        "router: two routes for the same requests: 'GET /a/{x}' and 'GET /a/{y}'");
  CHECK(conflict({{std::nullopt, "/a"}, {std::nullopt, "/a"}}) ==
        "router: two routes for the same requests: '/a' and '/a'");
  CHECK(conflict({{method("F"), "/{x...}"}, {method("F"), "/{y...}"}}) ==
        "router: two routes for the same requests: 'F /{x...}' and 'F /{y...}'");
  CHECK(conflict({{method::get, "/%61"}, {method::get, "/a"}}) ==
        "router: two routes for the same requests: 'GET /%61' and 'GET /a'");
  CHECK(conflict({{method::get, "/a/{x}"}, {method::post, "/a/{y}"}}) == "");
  CHECK(conflict({{method::get, "/a"}, {std::nullopt, "/a"}}) == "");
  CHECK(conflict({{method::get, "/{x}/b"}, {method::get, "/a/{y}"}}) == "");
  CHECK(conflict({{method::get, "/{x}/b"}, {method::get, "/{y}/c"}}) == "");
  CHECK(conflict({{method::get, "/a/"}, {method::get, "/a/{x...}"}}) == "");
  CHECK(conflict({{method("F"), "/a"}, {method("G"), "/a"}}) == "");
}

TEST_CASE("route tree: it agrees with a comparison route by route") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    generator make(seed);
    std::vector<test::naive_route> routes;
    const auto count = make.below(40);
    for (std::size_t i = 0; i < count; ++i) {
      auto r = make.route();
      const auto clashes = [&](const auto& other) { return test::naive_conflict(r, other); };
      if (std::none_of(routes.begin(), routes.end(), clashes)) routes.push_back(std::move(r));
    }
    const auto tree = tree_of(routes);
    for (int i = 0; i < 100; ++i)
      check_same(tree, routes, make.any_method(), make.path());
  }
}

TEST_CASE("route tree: it finds each conflict that a comparison in pairs does") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    generator make(seed);
    const std::vector<test::naive_route> routes{make.route(), make.route(), make.route()};
    const bool expected = test::naive_conflict(routes[0], routes[1]) ||
                          test::naive_conflict(routes[0], routes[2]) ||
                          test::naive_conflict(routes[1], routes[2]);
    bool refused = false;
    try {
      tree_of(routes);
    } catch (const kit::error&) {
      refused = true;
    }
    CAPTURE(seed);
    CHECK(refused == expected);
  }
}
