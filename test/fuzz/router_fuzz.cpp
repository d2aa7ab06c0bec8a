// Any patterns, any requests: the router's tree finds what a comparison route by route does, and
// refuses the tables that such a comparison finds ambiguous.
//
// An input is lines `m/pattern`, an empty line, and lines `m/path`, where m stands for a method.
#include <kit/error.hpp>
#include <transports/http/detail/route_tree.hpp>

#include "../support/naive_routes.hpp"
#include "fuzz.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace http = kit::http;
using http::method;
using http::detail::route_key;
using http::detail::route_tree;
using outcome = http::detail::route_match::outcome;

std::optional<method> choose_method(fuzz::input& in) {
  static const std::optional<method> methods[] = {method::get,     method::post,  method::head,
                                                  method::options, method("ONE"), method("TWO"),
                                                  std::nullopt};
  return methods[in.below(std::size(methods))];
}

std::optional<route_key> parse_route(const test::naive_route& r) {
  try {
    return route_key{r.method, http::detail::parse_pattern(r.pattern)};
  } catch (const kit::error& e) {
    FUZZ_REQUIRE(e == kit::errc::invalid_argument);
    return std::nullopt;
  }
}

bool is_refused(const std::vector<route_key>& keys) {
  try {
    const route_tree tree(keys);
    return false;
  } catch (const kit::error& e) {
    FUZZ_REQUIRE(e == kit::errc::invalid_argument);
    return true;
  }
}

struct table {
  std::vector<test::naive_route> routes;
  std::vector<route_key> keys;
};

table read_table(fuzz::input& in) {
  table t;
  while (!in.empty() && t.routes.size() < 50) {
    const auto m = choose_method(in);
    const test::naive_route route{m, std::string(in.until('\n'))};
    if (route.pattern.empty()) break;
    if (route.pattern.find('%') != route.pattern.npos) continue;  // plain texts are compared only
    auto key = parse_route(route);
    if (!key) continue;
    const auto clashes = [&](const auto& other) { return test::naive_conflict(route, other); };
    if (std::any_of(t.routes.begin(), t.routes.end(), clashes)) {
      auto both = t.keys;
      both.push_back(*key);
      FUZZ_REQUIRE(is_refused(both));
      continue;
    }
    t.routes.push_back(route);
    t.keys.push_back(*std::move(key));
  }
  return t;
}

void check_params(const http::path_params& params, const test::naive_match& expected) {
  std::vector<std::pair<std::string, std::string>> got;
  params.for_each(
      [&](std::string_view name, std::string_view value) { got.emplace_back(name, value); });
  FUZZ_REQUIRE(got == expected.params);
}

void check(const route_tree& tree, const table& t, const method& m, std::string_view text) {
  const fuzz::tight path(text);
  http::path_params params;
  const auto match = tree.find(m, path.view(), params);
  const auto expected = test::naive_find(t.routes, m, path.view());
  const auto allowed = tree.allowed(path.view());
  if (expected.malformed) {
    FUZZ_REQUIRE(match.what == outcome::malformed && params.empty());
  } else if (expected.route) {
    FUZZ_REQUIRE(match.what == outcome::found && match.route == *expected.route);
    check_params(params, expected);
  } else if (!expected.same_path.empty()) {
    FUZZ_REQUIRE(match.what == outcome::wrong_method && params.empty() && !allowed.empty());
  } else {
    FUZZ_REQUIRE(match.what == outcome::not_found && params.empty());
    FUZZ_REQUIRE(allowed.empty() || path.view() == "*");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  const auto t = read_table(in);
  const route_tree tree(t.keys);
  while (!in.empty()) {
    const auto m = choose_method(in).value_or(method("OTHER"));
    check(tree, t, m, in.until('\n'));
  }
  return 0;
}
