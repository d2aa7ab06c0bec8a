#include <kit/debug/inspector.hpp>

#include <string>

#include "world.hpp"

using namespace debug_test;
using kit::log::level;

namespace {

struct ops : world {
  ops() : world({.allow_writes = true}) {}

  http::response post(std::string content,
                      http::headers fields = {{"Content-Type", "application/json"},
                                              {"Accept", "application/json"},
                                              {"X-Requested-With", "curl"}}) {
    return ask({.method = http::method::post,
                .target = "/levels",
                .headers = std::move(fields),
                .body = std::move(content)});
  }
};

constexpr const char* debug_http = R"({"name": "http", "level": "debug"})";

}  // namespace

TEST_CASE("debug levels: all that were set, the root first") {
  world w;
  w.levels.set("http", level::debug);
  w.levels.set("a", std::nullopt);
  const auto page = w.page<detail::levels_page>("/levels");
  CHECK_FALSE(page.writable);
  REQUIRE(page.levels.size() == 3);
  CHECK(page.levels[0].name.empty());
  CHECK(page.levels[0].level == "info");
  CHECK(page.levels[1].level == "none");
  CHECK(page.levels[2].name == "http");
}

TEST_CASE("debug levels: are changed only where that is allowed") {
  world w;
  const auto answer =
      w.ask({.method = http::method::post,
             .target = "/levels",
             .headers = {{"Content-Type", "application/json"}, {"X-Requested-With", "curl"}},
             .body = debug_http});
  CHECK(answer.status == http::status::forbidden);
  CHECK(w.levels.get("http") == level::info);
  CHECK(w.ask({.method = http::method::put, .target = "/levels"}).headers.get("Allow") ==
        "GET, HEAD");
}

TEST_CASE("debug levels: are set and given back what they inherit") {
  ops w;
  const auto answer = w.post(debug_http);
  REQUIRE(answer.status == http::status::ok);
  CHECK(w.levels.get("http.client") == level::debug);
  const auto page = kit::json::decode<detail::levels_page>(answer.body.text()).value();
  CHECK(page.writable);
  CHECK(page.levels.size() == 2);
  CHECK(w.post(R"({"name": "http", "level": "none"})").status == http::status::ok);
  CHECK(w.levels.get("http") == std::nullopt);
  CHECK(w.post(R"({"name": "http", "level": "inherit"})").status == http::status::ok);
  CHECK(w.levels.get("http") == level::info);
  CHECK(w.post(R"({"name": "", "level": "warn"})").status == http::status::ok);
  CHECK(w.levels.get("http") == level::warn);
  CHECK(w.ask({.method = http::method::put, .target = "/levels"}).headers.get("Allow") ==
        "GET, HEAD, POST");
}

TEST_CASE("debug levels: another site cannot have a browser change them") {
  ops w;
  const auto from = [&](http::headers fields) {
    w.levels.reset("http");
    const auto status = w.post(debug_http, std::move(fields)).status;
    CHECK((status == http::status::ok) == (w.levels.get("http") == level::debug));
    return status;
  };
  CHECK(from({{"Content-Type", "application/json"}, {"Sec-Fetch-Site", "same-origin"}}) ==
        http::status::ok);
  for (const char* site : {"cross-site", "same-site", "none"}) {
    CHECK(from({{"Content-Type", "application/json"},
                {"X-Requested-With", "cokit"},
                {"Sec-Fetch-Site", site}}) == http::status::forbidden);
  }
  // A form, or a script's simple request, where the browser says nothing.
  CHECK(from({{"Content-Type", "application/json"}}) == http::status::forbidden);
  CHECK(from({{"Content-Type", "text/plain"}, {"X-Requested-With", "x"}}) ==
        http::status::unsupported_media_type);
  CHECK(from({{"X-Requested-With", "x"}}) == http::status::unsupported_media_type);
}

TEST_CASE("debug levels: what is no change is refused, and changes nothing") {
  ops w;
  for (const char* content :
       {"", "{", "[]", "{}", R"({"name": "http"})", R"({"level": "debug"})",
        R"({"name": "http", "level": "loud"})", R"({"name": "http", "level": ""})",
        R"({"name": "http", "level": "debug", "more": 1})", R"({"name": 1, "level": "debug"})"}) {
    CAPTURE(content);
    CHECK(w.post(content).status == http::status::bad_request);
  }
  const std::string long_name(201, 'x');
  CHECK(w.post(R"({"name": ")" + long_name + R"(", "level": "debug"})").status ==
        http::status::bad_request);
  CHECK(w.post(std::string(5'000, ' ')).status == http::status::content_too_large);
  CHECK(w.levels.settings().size() == 1);
}

TEST_CASE("debug levels: there is an end to names") {
  ops w;
  for (int i = 0; i < 999; ++i)
    w.levels.set("n" + std::to_string(i), level::info);
  CHECK(w.post(debug_http).status == http::status::conflict);
  CHECK(w.post(R"({"name": "n7", "level": "debug"})").status == http::status::ok);
}

TEST_CASE("debug levels: without a table there is no page") {
  kit::testing::loop loop;
  const kit::debug::inspector bare({.allow_writes = true});
  for (const auto& method : {http::method::get, http::method::post}) {
    const auto answer = loop.start(bare.handler()({.method = method, .target = "/levels"})).value();
    CHECK(answer.status == (method == http::method::get ? http::status::not_found
                                                        : http::status::method_not_allowed));
  }
}
