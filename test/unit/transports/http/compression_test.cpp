#include <transports/http/compression.hpp>

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/random.hpp>
#include <transports/http/event_stream.hpp>
#include <transports/http/router.hpp>

#include "../../../support/answers.hpp"
#include "../../../support/http_server/played_source.hpp"
#include "../../../support/typed_call.hpp"
#include "codings.hpp"

namespace http = kit::http;
using http::field;
using http::status;
using typed_call::header;

namespace {

const std::string text = [] {
  std::string all;
  for (int i = 0; i < 400; ++i)
    all += "line " + std::to_string(i) + " of a text that repeats itself\n";
  return all;
}();

http::request accepts(std::string_view codings, const http::method& m = http::method::get) {
  http::request r{.method = m};
  if (!codings.empty()) r.headers.set(field::accept_encoding, codings);
  return r;
}

/// Answers with what it's given.
http::handler gives(http::response r) {
  struct fixed {
    http::response r;
    asio::awaitable<kit::result<http::response>> try_call(const http::request&) const {
      return give(r);
    }
    static asio::awaitable<kit::result<http::response>> give(http::response r) {
      co_return std::move(r);
    }
  };
  return fixed{std::move(r)};
}
http::response page(http::body content = text, std::string_view type = "text/html") {
  return http::response::text(status::ok, std::move(content), type);
}
http::response ask(http::response r, http::request req, http::compress_options o = {}) {
  return typed_call::answer(http::compress(std::move(o))(gives(std::move(r))), std::move(req));
}
std::string coding_for(std::string_view accept, http::compress_options o = {}) {
  return header(ask(page(), accepts(accept), std::move(o)), field::content_encoding);
}

}  // namespace

TEST_CASE("compress: whole content, by each coding") {
  for (const std::string coding : {"br", "gzip", "deflate"}) {
    CAPTURE(coding);
    auto plain = page();
    plain.headers.set(field::etag, "\"7\"");
    plain.headers.set(field::content_length, "1");
    plain.headers.set(field::accept_ranges, "bytes");
    plain.headers.set("Content-MD5", "x");
    plain.headers.set("Repr-Digest", "x");
    plain.headers.set("X-Own", "1");
    plain.headers.set(field::vary, "Origin");
    plain.body.set_trailers({{"X-Sum", "1"}});
    const auto r = ask(std::move(plain), accepts(coding));
    bool ended = false;
    CHECK(test::unpacked(coding, r.body.bytes(), &ended) == text);
    CHECK(ended);
    CHECK(r.body.bytes().size() < text.size() / 4);
    CHECK(header(r, field::content_encoding) == coding);
    CHECK(r.headers.has_member(field::vary, "Accept-Encoding"));
    CHECK(r.headers.has_member(field::vary, "Origin"));
    CHECK(header(r, field::etag) == "W/\"7\"");
    CHECK_FALSE(r.headers.contains(field::content_length));
    CHECK_FALSE(r.headers.contains(field::accept_ranges));
    CHECK_FALSE(r.headers.contains("Content-MD5"));
    CHECK_FALSE(r.headers.contains("Repr-Digest"));
    CHECK(r.headers.get("X-Own") == "1");
    CHECK(r.body.trailers().get("X-Sum") == "1");
  }
}

TEST_CASE("compress: takes the coding that the client likes best, and of equals the first") {
  CHECK(coding_for("gzip, deflate, br") == "br");
  CHECK(coding_for("gzip, br;q=0.9") == "gzip");
  CHECK(coding_for("br;q=0.001") == "br");
  CHECK(coding_for("BR;Q=1.0 , x-foo") == "br");
  CHECK(coding_for("x-gzip") == "gzip");
  CHECK(coding_for("*") == "br");
  CHECK(coding_for("*;q=0.1, br;q=0") == "gzip");
  CHECK(coding_for("deflate;q=0.2,\tgzip ; q=0.3") == "gzip");
  CHECK(coding_for("gzip, br", {.codings = {http::coding::gzip, http::coding::br}}) == "gzip");
  CHECK(coding_for("identity, gzip") == "gzip");
  CHECK(coding_for("identity;q=0.5, gzip;q=0.5") == "gzip");
}

TEST_CASE("compress: leaves content plain for who asks for that, or for nothing known") {
  for (const char* accept :
       {"", "identity", "x-foo", "gzip;q=0", "gzip;q=0.000, br;q=0, deflate;q=0",
        "identity;q=1, gzip;q=0.5", "gzip;q=2", "gzip;q=-1", "gzip;q=x", "gzip;q=0x", "gzip;q=.5",
        "*;q=0, identity", ";", ",,", "gzipp", "gzip br"}) {
    CAPTURE(accept);
    const auto r = ask(page(), accepts(accept));
    CHECK(header(r, field::content_encoding) == "none");
    CHECK(r.body.bytes() == text);
    CHECK(header(r, field::vary) == "Accept-Encoding");
  }
  CHECK(coding_for("br", {.codings = {http::coding::gzip}}) == "none");
  CHECK(coding_for("br", {.codings = {}}) == "none");
}

TEST_CASE("compress: who refuses plain content gets any compressed, if there is a way") {
  for (const char* accept : {"br, identity;q=0", "br, *;q=0"}) {
    const auto r = ask(page("short", "image/png"), accepts(accept));
    CHECK(header(r, field::content_encoding) == "br");
    CHECK(test::unbrotli(r.body.bytes()) == "short");
    CHECK(header(r, field::vary) == "Accept-Encoding");
  }
  const auto r = ask(page("short"), accepts("*;q=0"));
  CHECK(r.body.bytes() == "short");
  CHECK(header(r, field::content_encoding) == "none");
}

TEST_CASE("compress: only types that are worth it") {
  for (const char* type :
       {"text/plain", "TEXT/CSS; charset=utf-8", "application/json", "application/problem+json",
        "image/svg+xml", "application/wasm", "application/javascript", "text/event-stream"}) {
    CAPTURE(type);
    CHECK(header(ask(page(text, type), accepts("gzip")), field::content_encoding) == "gzip");
  }
  for (const char* type : {"image/png", "video/mp4", "application/zip", "application/octet-stream",
                           "textual/plain", "+json", "text", ""}) {
    CAPTURE(type);
    auto plain = page(text);
    plain.headers.remove(field::content_type);
    if (*type) plain.headers.set(field::content_type, type);
    const auto r = ask(std::move(plain), accepts("gzip"));
    CHECK(header(r, field::content_encoding) == "none");
    CHECK(header(r, field::vary) == "none");
  }
  CHECK(header(ask(page(text, "image/png"), accepts("gzip"), {.types = {"*/*"}}),
               field::content_encoding) == "gzip");
}

TEST_CASE("compress: not what is short, or doesn't become shorter") {
  const auto of = [](std::string content, std::size_t min) {
    return ask(page(std::move(content)), accepts("gzip"), {.min_bytes = min});
  };
  const std::string content(1000, 'x');
  CHECK(header(of(content, 1000), field::content_encoding) == "gzip");
  CHECK(header(of(content, 1001), field::content_encoding) == "none");
  CHECK(header(of(content, 1001), field::vary) == "none");
  CHECK(header(of("", 0), field::content_encoding) == "none");
  kit::random_source random(1);
  std::string noise;
  while (noise.size() < 2000)
    noise += static_cast<char>(random());
  const auto r = of(noise, 0);
  CHECK(header(r, field::content_encoding) == "none");
  CHECK(header(r, field::vary) == "Accept-Encoding");
  CHECK(r.body.bytes() == noise);
}

TEST_CASE("compress: leaves alone what a coding would change the meaning of") {
  const auto check_same = [](http::response plain, http::request req) {
    plain.headers.set(field::etag, "\"7\"");
    const auto r = ask(plain, std::move(req));
    CHECK(r.headers == plain.headers);
    CHECK(r.body.bytes() == plain.body.bytes());
  };
  for (const int code : {204, 205, 206}) {
    auto plain = page();
    plain.status = http::status{static_cast<std::uint16_t>(code)};
    check_same(std::move(plain), accepts("gzip"));
  }
  auto ranged = page();
  ranged.headers.set(field::content_range, "bytes */7");
  check_same(std::move(ranged), accepts("gzip"));
  auto fixed = page();
  fixed.headers.set(field::cache_control, "public, No-Transform");
  check_same(std::move(fixed), accepts("gzip"));
  auto encoded = page();
  encoded.headers.set(field::content_encoding, "zstd");
  check_same(std::move(encoded), accepts("gzip"));
  check_same(page(), accepts("gzip", http::method::connect));
}

TEST_CASE("compress: 304 has the tag of the answer that it stands for") {
  http::response plain{.status = status::not_modified, .headers = {{"ETag", "\"7\""}}};
  CHECK(header(ask(plain, accepts("gzip")), field::etag) == "W/\"7\"");
  CHECK(header(ask(plain, accepts("")), field::etag) == "\"7\"");
  plain.headers.set(field::etag, "W/\"7\"");
  CHECK(header(ask(plain, accepts("gzip")), field::etag) == "W/\"7\"");
}

TEST_CASE("compress: HEAD is answered by the fields of GET, less the length") {
  auto plain = page();
  plain.headers.set(field::etag, "\"7\"");
  const auto get = ask(plain, accepts("br"));
  const auto head = ask(plain, accepts("br", http::method::head));
  CHECK(head.headers == get.headers);
  CHECK_FALSE(head.body.size());  // so a server says none
  http::response bare{.headers = {{"Content-Type", "text/html"}, {"Content-Length", "5000"}}};
  const auto r = ask(bare, accepts("br", http::method::head));
  CHECK(header(r, field::content_encoding) == "br");
  CHECK_FALSE(r.headers.contains(field::content_length));
  for (const char* length : {"500", "5000x", ""}) {
    bare.headers.set(field::content_length, length);
    const auto kept = ask(bare, accepts("br", http::method::head));
    CHECK(header(kept, field::content_encoding) == "none");
    CHECK(kept.headers.contains(field::content_length));
  }
}

TEST_CASE("compress: each chunk of a stream can be read when it has come") {
  for (const std::string coding : {"br", "gzip", "deflate"}) {
    CAPTURE(coding);
    const auto source = std::make_shared<test::played_source>();
    auto r = ask(page(http::body(source), "text/event-stream"), accepts(coding));
    CHECK(source->reads == 0);
    CHECK(header(r, field::content_encoding) == coding);
    kit::testing::loop loop;
    std::string got, expected;
    const auto read = [&] { return loop.start(r.body.read()); };
    for (const std::string& event : {std::string("data: 1\n\n"), text, std::string("x")}) {
      const auto next = read();
      CHECK(next.pending());
      source->give("");  // isn't passed on
      source->give(event);
      loop.run();
      REQUIRE(next.done());
      got += next.value().value();
      expected += event;
      bool ended = true;
      CHECK(test::unpacked(coding, got, &ended) == expected);
      CHECK_FALSE(ended);
    }
    source->end({{"X-Sum", "1"}});
    got += read().value().value();
    bool ended = false;
    CHECK(test::unpacked(coding, got, &ended) == expected);
    CHECK(ended);
    CHECK_FALSE(read().value());
    CHECK_FALSE(read().value());
    CHECK(r.body.trailers().get("X-Sum") == "1");
  }
}

TEST_CASE("compress: an event stream stays endless, and any other stream doesn't become so") {
  auto r = ask(http::event_stream([](http::event_sink& out) -> asio::awaitable<void> {
                 co_await out.send({.data = "x"});
               }),
               accepts("gzip"));
  REQUIRE(header(r, field::content_encoding) == "gzip");
  CHECK(r.body.source()->endless());
  kit::testing::loop loop;
  loop.start(r.body.buffer(1'000)).value();
  CHECK(test::unpacked("gzip", r.body.bytes()) == "data: x\n\n");

  const auto page_of =
      ask(page(http::body(std::make_shared<test::played_source>())), accepts("gzip"));
  REQUIRE(header(page_of, field::content_encoding) == "gzip");
  CHECK_FALSE(page_of.body.source()->endless());
}

TEST_CASE("compress: a large chunk of a stream is compressed as one, an empty stream has an end") {
  for (const std::string coding : {"br", "gzip", "deflate"}) {
    std::string large;
    for (int i = 0; i < 200; ++i)
      large += text;
    for (const std::string& content : {large, std::string()}) {
      const auto source = std::make_shared<test::played_source>();
      if (!content.empty()) source->give(content);
      source->end();
      auto r = ask(page(http::body(source)), accepts(coding));
      kit::testing::loop loop;
      loop.start(r.body.buffer(10'000'000)).value();
      bool ended = false;
      CHECK(test::unpacked(coding, r.body.bytes(), &ended) == content);
      CHECK(ended);
    }
  }
}

TEST_CASE("compress: a stream that is known to be short stays, and a broken one stays broken") {
  const auto brief = std::make_shared<test::played_source>(10);
  CHECK(ask(page(http::body(brief)), accepts("gzip")).body.source() == brief);
  const auto broken = std::make_shared<test::played_source>();
  broken->give("data");
  auto r = ask(page(http::body(broken)), accepts("gzip"));
  kit::testing::loop loop;
  CHECK(loop.start(r.body.read()).value());
  broken->fail();
  for (int i = 0; i < 2; ++i)
    CHECK(loop.start(r.body.read()).error() == kit::errc::data_loss);
}

TEST_CASE("compress: failures pass as they are") {
  const http::handler fails = [](http::request) -> asio::awaitable<http::response> {
    throw kit::error(kit::errc::not_found, "no such thing");
    co_return http::response{};
  };
  kit::testing::loop loop;
  CHECK(loop.start(http::compress()(fails).try_call(accepts("gzip"))).error() ==
        kit::error(kit::errc::not_found, "no such thing"));
}

TEST_CASE("compress: options are checked") {
  CHECK_THROWS_AS(http::compress({.zlib_level = 0}), kit::error);
  CHECK_THROWS_AS(http::compress({.zlib_level = 10}), kit::error);
  CHECK_THROWS_AS(http::compress({.brotli_quality = -1}), kit::error);
  CHECK_THROWS_AS(http::compress({.brotli_quality = 12}), kit::error);
  for (const char* type : {"", "text", "/x", "text/"})
    CHECK_THROWS_AS(http::compress({.types = {type}}), kit::error);
  for (const int level : {1, 9})
    CHECK(header(ask(page(), accepts("gzip"), {.zlib_level = level}), field::content_encoding) ==
          "gzip");
  for (const int quality : {0, 11})
    CHECK(test::unbrotli(ask(page(), accepts("br"), {.brotli_quality = quality}).body.bytes()) ==
          text);
}
