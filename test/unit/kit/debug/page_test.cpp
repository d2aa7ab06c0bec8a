#include <algorithm>
#include <string>
#include <vector>

#include <kit/debug/detail/page_text.hpp>
#include <kit/debug/inspector.hpp>

#include "world.hpp"

using namespace debug_test;

namespace {

constexpr std::string_view hostile = "</script><script>alert(1)</script>\"'&\xff<!--\n";
// As JSON has it.
constexpr std::string_view harmless =
    R"(\u003c/script\u003e\u003cscript\u003ealert(1)\u003c/script\u003e\"'\u0026)"
    "\xef\xbf\xbd"
    R"(\u003c!--\n)";

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1))
    ++n;
  return n;
}

const std::vector<std::string> all_pages{"/",      "/requests",      "/traces",   "/levels",
                                         "/build", "/endpoints/sum", "/decisions"};

}  // namespace

TEST_CASE("debug page: HTML, or JSON for who prefers that") {
  world w;
  (void)w.inspect.watch(endpoint(handle), "sum");
  const auto type = [&](std::string target, http::headers fields) {
    const auto answer = w.get(std::move(target), std::move(fields));
    CHECK(answer.status == http::status::ok);
    return std::string(answer.headers.get("Content-Type").value_or(""));
  };
  for (const auto& page : all_pages) {
    CAPTURE(page);
    CHECK(type(page, {}) == "text/html; charset=utf-8");
    CHECK(type(page, {{"Accept", "*/*"}}) == "text/html; charset=utf-8");
    CHECK(type(page, {{"Accept", "text/html,application/json;q=0.9"}}) ==
          "text/html; charset=utf-8");
    CHECK(type(page, {{"Accept", "application/json"}}) == "application/json");
    CHECK(type(page + "?format=json", {{"Accept", "text/html"}}) == "application/json");
    CHECK(type(page + "?format=html", {{"Accept", "application/json"}}) ==
          "text/html; charset=utf-8");
  }
}

TEST_CASE("debug page: fields that keep it from being kept, framed, and made to run anything") {
  world w;
  std::vector<http::response> answers;
  answers.push_back(w.get("/"));
  answers.push_back(w.get("/?format=json"));
  answers.push_back(w.get("/nowhere"));
  answers.push_back(w.ask({.method = http::method::put}));
  answers.push_back(w.ask({.method = http::method::post, .target = "/levels"}));
  for (const auto& answer : answers) {
    CHECK(answer.headers.get("Cache-Control") == "no-store");
    CHECK(answer.headers.get("Vary") == "Accept");
    CHECK(answer.headers.get("X-Content-Type-Options") == "nosniff");
    CHECK(answer.headers.get("Referrer-Policy") == "no-referrer");
    const std::string policy(answer.headers.get("Content-Security-Policy").value_or(""));
    CHECK(policy.starts_with("default-src 'none'; script-src 'sha256-"));
    CHECK(count(policy, "'sha256-") == 2);
    CHECK(count(policy, "frame-ancestors 'none'") == 1);
    CHECK(count(policy, "unsafe") == 0);
  }
}

TEST_CASE("debug page: asks nobody else for anything") {
  for (const auto part : detail::page_text) {
    CHECK(count(part, "https:") == 0);
    CHECK(count(part, "src=") == 0);
    CHECK(count(part, "@import") == 0);
    CHECK(count(part, "innerHTML") == 0);
    CHECK(count(part, "eval(") == 0);
    // The names of XML's vocabularies are no addresses.
    CHECK(count(part, "http:") == count(part, "http://www.w3.org/2000/svg"));
  }
}

TEST_CASE("debug page: GET and HEAD only; what there isn't") {
  world w;
  CHECK(w.ask({.method = http::method::head, .target = "/traces"}).status == http::status::ok);
  for (const auto& method : {http::method::put, http::method::post, http::method::del}) {
    for (const char* page : {"/", "/traces", "/nowhere"}) {
      const auto answer = w.ask({.method = method, .target = page});
      CHECK(answer.status == http::status::method_not_allowed);
      CHECK(answer.headers.get("Allow") == "GET, HEAD");
    }
  }
  for (const char* page :
       {"/nowhere", "/traces/", "/endpoints/", "/endpoints/nobody", "//", "/%"}) {
    CAPTURE(page);
    CHECK(w.get(page).status == http::status::not_found);
    const auto answer = w.get(page, {{"Accept", "application/json"}});
    CHECK(answer.status == http::status::not_found);
    CHECK(kit::json::decode<detail::missing_page>(answer.body.text()).value().about.page ==
          "missing");
  }
}

TEST_CASE("debug page: links are relative to where it is mounted") {
  world w;
  (void)w.inspect.watch(endpoint(handle), "sum");
  CHECK(w.page<detail::overview_page>("/").about.base == "./");
  CHECK(w.page<detail::traces_page>("/traces").about.base == "./");
  CHECK(w.page<detail::endpoint_page>("/endpoints/sum").about.base == "./../");
}

TEST_CASE("debug page: without the slash at its end it says where it is, relatively") {
  world w;
  const auto place = [&](std::string target, std::string original) {
    const auto answer =
        w.ask({.target = std::move(target), .original_target = std::move(original)});
    CHECK((answer.status == http::status::ok || answer.status == http::status::found));
    return std::string(answer.headers.get("Location").value_or(""));
  };
  CHECK(place("/", "/debug") == "./debug/");
  CHECK(place("/", "/ops/a:b") == "./a:b/");
  CHECK(place("/?x=1", "/debug?x=1") == "./debug/?x=1");
  CHECK(place("/", "/debug/") == "");
  CHECK(place("/traces", "/debug/traces") == "");
  CHECK(place("/", "") == "");
  CHECK(place("/?format=json", "/debug?format=json") == "");  // has no links
}

TEST_CASE("debug page: an endpoint's name of anything is a path's segment") {
  world w;
  (void)w.inspect.watch(endpoint(handle), "GET /a/~b/{id}");
  const auto page = w.page<detail::endpoint_page>("/endpoints/GET%20~2Fa~2F~7Eb~2F%7Bid%7D");
  CHECK(page.endpoint.name == "GET /a/~b/{id}");
  CHECK(page.about.base == "./../");
}

TEST_CASE("debug page: what comes from outside can neither end a text nor begin an element") {
  world w({.name = std::string(hostile), .build = {{std::string(hostile), std::string(hostile)}}});
  const std::string text(hostile);
  const auto ep = w.inspect.watch(endpoint([text](request) -> asio::awaitable<response> {
                                    throw kit::error(kit::errc::internal, text);
                                  }),
                                  text);
  const auto span = w.tracer.start(text, {});
  span.set(text, text);
  span.add_event(text, {{text, text}});
  span.set_error(kit::error(kit::errc::internal, text));
  (void)w.loop.start(kit::with_context(tracing::with_span({}, span), ep.try_call(request{})));
  span.end();
  w.levels.set(text, kit::log::level::warn);
  const auto trace = "/traces/" + to_string(span.context().trace_id);

  for (const auto& page : {std::string("/"), trace, std::string("/traces"), std::string("/build"),
                           std::string("/levels")}) {
    CAPTURE(page);
    const std::string html(w.get(page).body.text());
    CHECK(count(html, "alert(1)") > 1);
    CHECK(count(html, "<script>alert") == 0);
    CHECK(count(html, "</script>") == 2);  // of the data, and the script
    CHECK(count(html, "<!--") == 0);
    CHECK(count(html, "\xff") == 0);
    CHECK(count(html, harmless) > 0);
    CHECK(count(html, "<title>") == 1);
    const std::string json(w.get(page + "?format=json").body.text());
    CHECK(count(json, "<") == 0);
    CHECK(count(json, harmless) > 0);
  }
  const auto page = w.page<detail::trace_page>(trace);
  CHECK(page.spans.at(0).name.starts_with("</script><script>alert(1)"));
  CHECK(page.spans[0].name.ends_with("\xef\xbf\xbd<!--\n"));
}

TEST_CASE("debug page: long texts are cut between characters") {
  world w;
  const auto shown = [&](const std::string& text) {
    const auto s = w.tracer.start(text, {});
    s.end();
    return w.page<detail::trace_page>("/traces/" + to_string(s.context().trace_id)).trace.name;
  };
  const std::string just(1'000, 'x');
  CHECK(shown(just) == just);
  CHECK(shown(just + "y") == just + "\xe2\x80\xa6");
  const auto before = just.substr(2);
  CHECK(shown(before + "\xe2\x82\xac") == before + "\xe2\x80\xa6");
  CHECK(shown(before + "\xe2\x82\xacy") == before + "\xe2\x80\xa6");
  world broken({.name = std::string(2'000, '\x80')});
  CHECK(broken.page<detail::build_page>("/build").about.name.size() == 3 * 997 + 3);
}

TEST_CASE("debug page: build, uptime and process") {
  world w({.name = "shop", .build = {{"commit", "abc"}}});
  const auto page = w.page<detail::build_page>("/build");
  CHECK(page.about.name == "shop");
  CHECK(page.build.front() == std::pair<std::string, std::string>("commit", "abc"));
  CHECK(page.build.at(1).first == "Cokit");
  CHECK(page.process.memory > 0);
  CHECK(page.process.threads >= 1);
  CHECK(page.process.open_files > 0);
  CHECK(page.about.time == w.wall());
  CHECK(w.get("/build").body.text().find("<title>Build \xc2\xb7 shop</title>") !=
        std::string::npos);
}

TEST_CASE("debug page: the content of a query that cannot be read is the caller's mistake") {
  world w;
  const auto answer = w.loop.start(w.handler(http::request{.target = "/?format=%zz"}));
  CHECK(answer.error() == kit::errc::invalid_argument);
}
