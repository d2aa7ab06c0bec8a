#include <kit/debug/detail/page.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <asio/this_coro.hpp>

#include <kit/codec/json.hpp>
#include <kit/debug/detail/change.hpp>
#include <kit/debug/detail/page_text.hpp>
#include <kit/debug/detail/report.hpp>
#include <kit/http/accept.hpp>
#include <kit/http/percent.hpp>
#include <kit/timer.hpp>

namespace kit::debug::detail {
namespace {

constexpr std::string_view json_type = "application/json";
// The first is what who doesn't care gets.
constexpr std::array<std::string_view, 2> types{"text/html", json_type};

bool wants_json(const http::request& req) {
  if (const auto format = req.query("format")) return *format == "json";
  return http::negotiate_media_type(req.headers, types) == std::size_t{1};
}

http::response with_fields(http::response r) {
  r.headers.set(http::field::cache_control, "no-store");
  r.headers.set(http::field::vary, "Accept");
  r.headers.set(http::field::x_content_type_options, "nosniff");
  r.headers.set(http::field::referrer_policy, "no-referrer");
  r.headers.set(http::field::content_security_policy, page_policy);
  r.headers.set(http::field::cross_origin_resource_policy, "same-origin");
  return r;
}

// In a title nothing else means anything.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
}

// `json` has no `<`.
std::string html(std::string_view title, std::string_view json) {
  std::string page(page_text[0]);
  append_escaped(page, title);
  page.append(page_text[1]).append(json).append(page_text[2]);
  return page;
}

/// What a page shows, and as whose title.
struct content {
  std::string title;
  std::string json;
  bool found = true;
};

template <class Page>
content written(Page page, std::string title, std::string_view base) {
  page.about.base = base;
  title += " \xc2\xb7 " + page.about.name;
  // Not a text of the page can end a script, even in a browser that sees it otherwise.
  auto text = json::encode(page, {.escape_html = true});
  if (!text) throw std::move(text).error();
  return {std::move(title), *std::move(text)};
}

content missing(const core& c, std::string message, std::string_view base) {
  missing_page page{make_about(c, "missing"), std::move(message)};
  auto answer = written(std::move(page), "Not found", base);
  answer.found = false;
  return answer;
}

// `../` for each folder that the path is in, below the overview's.
std::string base_of(std::string_view path) {
  std::string base = "./";
  for (auto n = std::ranges::count(path, '/'); n > 0; --n)
    base += "../";
  return base;
}

// Proxies may decode `%2F`, and so make two segments of one; so a slash in a name is `~2F`.
std::string name_of(std::string_view segment) {
  std::string name;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment.substr(i, 3) == "~2F") {
      name += '/';
      i += 2;
    } else if (segment.substr(i, 3) == "~7E") {
      name += '~';
      i += 2;
    } else {
      name += segment[i];
    }
  }
  return name;
}

content find_content(const core& c, const http::request& req, std::string_view raw,
                     time_point now) {
  const auto base = base_of(raw);
  const auto path = http::percent_decode(raw).value_or("");
  const auto below = [&path](std::string_view folder) -> std::optional<std::string_view> {
    if (!path.starts_with(folder)) return std::nullopt;
    return std::string_view(path).substr(folder.size());
  };
  if (raw.empty()) return written(make_overview(c, now), "Overview", base);
  if (path == "requests") return written(make_requests(c, now), "Requests", base);
  if (path == "build") return written(make_build(c), "Build", base);
  if (path == "decisions" && c.options.decisions) {
    return written(make_decisions(c), "Decisions", base);
  }
  if (path == "levels" && c.options.levels) return written(make_levels(c), "Levels", base);
  if (path == "traces" && c.options.traces) {
    return written(make_traces(c, req.query("endpoint")), "Traces", base);
  }
  if (const auto id = below("traces/")) {
    if (auto page = make_trace(c, *id)) {
      auto title = page->trace.name;
      return written(*std::move(page), std::move(title), base);
    }
    return missing(c, "This trace isn't here, or not any more.", base);
  }
  if (const auto segment = below("endpoints/")) {
    if (auto page = make_endpoint(c, name_of(*segment), now)) {
      auto title = page->endpoint.name;
      return written(*std::move(page), std::move(title), base);
    }
    return missing(c, "No endpoint of this name is watched.", base);
  }
  return missing(c, "There is no such page.", base);
}

http::response show(const core& c, const http::request& req, std::string_view path,
                    time_point now) {
  auto content = find_content(c, req, path, now);
  const auto status = content.found ? http::status::ok : http::status::not_found;
  if (wants_json(req)) return http::response::json(status, std::move(content.json));
  return http::response::text(status, html(content.title, content.json),
                              "text/html; charset=utf-8");
}

// Where the page is mounted, but for the slash that its links need: there, with it.
std::optional<std::string> place_with_slash(const http::request& req) {
  if (req.path() != "/" || req.original_target.empty()) return std::nullopt;
  std::string_view path = req.original_target;
  path = path.substr(0, path.find_first_of("?#"));
  if (path.ends_with('/')) return std::nullopt;
  auto place = "./" + std::string(path.substr(path.rfind('/') + 1)) + '/';
  if (!req.query_string().empty()) place.append("?").append(req.query_string());
  return place;
}

http::response refuse_method(std::string_view allowed) {
  auto r = http::response::text(http::status::method_not_allowed, "method not allowed\n");
  r.headers.set(http::field::allow, allowed);
  return r;
}

http::response respond(const core& c, const http::request& req, time_point now) {
  auto path = req.path();
  if (path.starts_with('/')) path.remove_prefix(1);
  const bool levels = path == "levels" && c.options.levels;
  if (levels && req.method == http::method::post) {
    if (auto refusal = change_level(c, req)) return *std::move(refusal);
    return http::response::json(http::status::ok, find_content(c, req, path, now).json);
  }
  if (req.method != http::method::get && req.method != http::method::head) {
    return refuse_method(levels && c.options.allow_writes ? "GET, HEAD, POST" : "GET, HEAD");
  }
  if (!wants_json(req)) {
    if (const auto place = place_with_slash(req)) {
      return http::response::redirect(http::status::found, *place);
    }
  }
  return show(c, req, path, now);
}

}  // namespace

asio::awaitable<http::response> answer(std::shared_ptr<const core> c, http::request req) {
  const auto ex = co_await asio::this_coro::executor;
  if (req.method == http::method::post) co_await req.body.buffer(longest_change);
  co_return with_fields(respond(*c, req, timer_wheel::of(ex).now()));
}

}  // namespace kit::debug::detail
