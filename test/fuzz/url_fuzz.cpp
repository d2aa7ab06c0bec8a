// URLs, targets, percent-encoding, queries: what is parsed and written again parses to the same,
// and two functions that answer the same question agree.
#include <kit/error.hpp>
#include <kit/http/percent.hpp>
#include <kit/http/query.hpp>
#include <kit/http/request.hpp>
#include <kit/http/syntax.hpp>
#include <kit/http/target.hpp>
#include <kit/http/url.hpp>

#include <arpa/inet.h>

#include "fuzz.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace {

namespace http = kit::http;

bool inside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_url(std::string_view text) {
  const auto parsed = http::url::parse(text);
  if (!parsed) {
    FUZZ_REQUIRE(parsed.error() == kit::errc::invalid_argument);
    return;
  }
  const auto written = parsed->str();
  const auto again = http::url::parse(written);
  FUZZ_REQUIRE(again);
  FUZZ_REQUIRE(*again == *parsed || (parsed->port && !again->port));  // a usual port is left out
  FUZZ_REQUIRE(again->effective_port() == parsed->effective_port());
  FUZZ_REQUIRE(again->str() == written);
  FUZZ_REQUIRE(http::parse_authority(parsed->authority()));
  FUZZ_REQUIRE(http::parse_target(http::method::get, parsed->target()));
  http::request r;
  r.target = written;
  FUZZ_REQUIRE(r.path() == parsed->path);
  FUZZ_REQUIRE(r.query_string() == parsed->query.value_or(""));
}

void check_target(const http::method& m, std::string_view text) {
  const auto t = http::parse_target(m, text);
  http::request r;
  r.target = text;
  const auto path = r.path();
  const auto query = r.query_string();
  if (!t) return;
  for (const auto part : {t->scheme, t->authority, t->path, t->query})
    FUZZ_REQUIRE(inside(part, text));
  for (char c : text)
    FUZZ_REQUIRE(http::is_target_char(c));
  if (!t->authority.empty()) FUZZ_REQUIRE(http::parse_authority(t->authority));
  if (t->form == http::target_form::origin) {
    FUZZ_REQUIRE(path == t->path && query == t->query);
  } else if (t->form == http::target_form::absolute) {
    FUZZ_REQUIRE(path == (t->path.empty() ? "/" : t->path) && query == t->query);
  }
}

void check_authority(std::string_view text) {
  if (const auto a = http::parse_authority(text)) {
    FUZZ_REQUIRE(inside(a->host, text));
    std::string again(a->host);
    if (a->port) again += ":" + std::to_string(*a->port);
    const auto b = http::parse_authority(again);
    FUZZ_REQUIRE(b && b->host == a->host && b->port == a->port);
  }
  const std::string terminated(text);
  in6_addr address;
  if (terminated.find('\0') == terminated.npos) {
    FUZZ_REQUIRE(http::is_ipv6(text) == (inet_pton(AF_INET6, terminated.c_str(), &address) == 1));
  }
}

void check_percent(std::string_view text) {
  using set = http::encode_set;
  for (const auto s : {set::unreserved, set::path_segment, set::path}) {
    const auto encoded = http::percent_encode(text, s);
    FUZZ_REQUIRE(http::percent_decode(encoded) == text);
  }
  FUZZ_REQUIRE(http::form_decode(http::percent_encode(text, set::form)) == text);
  const auto decoded = http::percent_decode(text);
  FUZZ_REQUIRE(decoded.has_value() == http::is_percent_encoded(text));
  FUZZ_REQUIRE(http::form_decode(text).has_value() == decoded.has_value());
}

void check_query(std::string_view text) {
  const auto parsed = http::parse_query(text);
  if (!parsed) return;
  http::query_builder builder;
  for (const auto& [name, value] : *parsed)
    builder.add(name, value);
  FUZZ_REQUIRE(http::parse_query(builder.str()) == parsed);
  for (const auto& p : *parsed) {
    const auto all = http::find_query_all(text, p.name);
    FUZZ_REQUIRE(!all.empty() && http::find_query(text, p.name) == all.front());
    std::size_t at = 0;
    for (const auto& other : *parsed) {
      if (other.name == p.name) FUZZ_REQUIRE(at < all.size() && all[at++] == other.value);
    }
    FUZZ_REQUIRE(at == all.size());
  }
}

void check_dots(std::string_view text) {
  const auto clean = http::remove_dot_segments(text);
  FUZZ_REQUIRE(http::remove_dot_segments(clean) == clean);
  FUZZ_REQUIRE(clean.size() <= text.size() + 1);
  FUZZ_REQUIRE(clean.starts_with('/') == text.starts_with('/'));
  for (std::size_t at = 0; at <= clean.size();) {
    const auto end = std::min(clean.find('/', at), clean.size());
    const auto segment = http::percent_decode(clean.substr(at, end - at));
    FUZZ_REQUIRE(segment != "." && segment != "..");
    at = end + 1;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  const auto choice = in.below(8);
  const fuzz::tight text(in.rest());
  static const http::method methods[] = {http::method::get, http::method::connect,
                                         http::method::options};
  check_url(text.view());
  check_target(methods[choice % 3], text.view());
  check_authority(text.view());
  check_percent(text.view());
  check_query(text.view());
  check_dots(text.view());
  return 0;
}
