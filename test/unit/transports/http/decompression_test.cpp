#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/http/pushed_body.hpp>
#include <transports/http/compression.hpp>

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
  for (int i = 0; i < 300; ++i)
    all += "record " + std::to_string(i * 7919) + ";";
  return all;
}();

/// Answers with the content that it gets, and with the fields that matter.
asio::awaitable<http::response> echo(http::request req) {
  const bool stream = req.body.is_stream();
  co_await req.body.buffer(100'000'000);
  auto r = http::response::text(status::ok, req.body.bytes());
  r.headers.set("X-Stream", stream ? "yes" : "no");
  r.headers.set("X-Trailer", req.body.trailers().get("X-Sum").value_or("none"));
  for (const auto& item : req.headers)
    r.headers.add("X-" + std::string(item.name), item.value);
  co_return r;
}

http::request post(http::body content, std::string_view coding) {
  http::request r{.method = http::method::post};
  if (!coding.empty()) r.headers.set(field::content_encoding, coding);
  r.headers.set(field::content_length, std::to_string(content.size().value_or(0)));
  r.headers.set("Content-Digest", "x");
  r.body = std::move(content);
  return r;
}
http::response ask(http::request req, http::decompress_options o = {}) {
  return typed_call::answer(http::decompress(std::move(o))(echo), std::move(req));
}
/// A stream of pieces of that size.
http::body in_pieces(std::string_view content, std::size_t size) {
  const auto source = std::make_shared<test::played_source>();
  for (; !content.empty(); content.remove_prefix(std::min(size, content.size())))
    source->give(std::string(content.substr(0, size)));
  source->end({{"X-Sum", "7"}});
  return http::body(source);
}
asio::awaitable<http::response> check_endless(bool expected, http::request req) {
  REQUIRE(req.body.is_stream());
  CHECK_FALSE(req.headers.contains(field::content_encoding));
  CHECK(req.body.source()->endless() == expected);
  co_return http::response{};
}
std::string raw_deflate(std::string_view content) {
  return test::deflated(content, -15);
}

}  // namespace

TEST_CASE("decompress: whole content, by each coding") {
  for (const std::string coding : {"br", "gzip", "deflate"}) {
    CAPTURE(coding);
    const auto r = ask(post(test::packed(coding, text), coding));
    CHECK(r.body.text() == text);
    CHECK_FALSE(r.headers.contains("X-Content-Encoding"));
    CHECK_FALSE(r.headers.contains("X-Content-Digest"));
    CHECK(r.headers.get("X-Content-Length") == std::to_string(text.size()));
    CHECK(r.headers.get("X-Stream") == "no");
  }
  CHECK(ask(post(test::packed("gzip", text), "X-GZIP")).body.text() == text);
  CHECK(ask(post(raw_deflate(text), "deflate")).body.text() == text);
  CHECK(ask(post(raw_deflate(""), "deflate")).body.text().empty());
}

TEST_CASE("decompress: streams in any pieces, one byte each included") {
  for (const std::string coding : {"br", "gzip", "deflate", "raw"}) {
    CAPTURE(coding);
    const auto data = coding == "raw" ? raw_deflate(text) : test::packed(coding, text);
    const auto name = coding == "raw" ? "deflate" : coding;
    for (const std::size_t size : {1U, 2U, 3U, 7U, 100U, 10000U}) {
      const auto r = ask(post(in_pieces(data, size), name));
      CHECK(r.body.text() == text);
      CHECK(r.headers.get("X-Stream") == "yes");
      CHECK(r.headers.get("X-Trailer") == "7");
      CHECK_FALSE(r.headers.contains("X-Content-Length"));
    }
    for (std::size_t cut = 0; cut <= data.size(); ++cut) {
      const auto source = std::make_shared<test::played_source>();
      source->give(data.substr(0, cut));
      source->give(data.substr(cut));
      source->end();
      REQUIRE(ask(post(http::body(source), name)).body.text() == text);
    }
  }
}

TEST_CASE("decompress: several codings are taken off in reverse") {
  const auto twice = test::packed("br", test::packed("gzip", text));
  CHECK(ask(post(twice, "gzip, br")).body.text() == text);
  CHECK(ask(post(twice, "identity,gzip , identity, br")).body.text() == text);
  CHECK(ask(post(twice, "br, gzip")).status == status::bad_request);
  auto lines = post(twice, "gzip");
  lines.headers.add(field::content_encoding, "br");
  CHECK(ask(std::move(lines)).body.text() == text);
  const auto thrice = test::packed("deflate", twice);
  for (const std::size_t size : {1U, 5U, 10000U})
    CHECK(ask(post(in_pieces(thrice, size), "gzip, br, deflate")).body.text() == text);
  CHECK(ask(post(thrice, "gzip, br, deflate"), {.max_layers = 2}).status ==
        status::unsupported_media_type);
}

TEST_CASE("decompress: gzip may have several members") {
  const auto data =
      test::packed("gzip", "one ") + test::packed("gzip", "") + test::packed("gzip", "two");
  CHECK(ask(post(data, "gzip")).body.text() == "one two");
  for (const std::size_t size : {1U, 3U})
    CHECK(ask(post(in_pieces(data, size), "gzip")).body.text() == "one two");
}

TEST_CASE("decompress: content without a coding passes as it is") {
  for (const char* coding : {"", "identity", "identity, Identity", ","}) {
    CAPTURE(coding);
    const auto r = ask(post(text, coding));
    CHECK(r.body.text() == text);
    CHECK(r.headers.get("X-Content-Digest") == "x");
    CHECK_FALSE(r.headers.contains("X-Content-Encoding"));
  }
  const auto source = std::make_shared<test::played_source>();
  source->give("a");
  source->end();
  CHECK(ask(post(http::body(source), "")).body.text() == "a");
  for (const char* coding : {"gzip", "br", "deflate", "gzip, br"}) {  // no content at all
    CHECK(ask(post("", coding)).status == status::ok);
    CHECK(ask(post(in_pieces("", 1), coding)).body.text().empty());
  }
}

TEST_CASE("decompress: an unknown coding is refused, and what is taken is told") {
  for (const char* coding : {"zstd", "gzip, zstd", "compress", "gzip;q=1", "gz ip"}) {
    CAPTURE(coding);
    const auto r = ask(post(test::packed("gzip", text), coding));
    CHECK(r.status == status::unsupported_media_type);
    CHECK(header(r, field::accept_encoding) == "br, gzip, deflate");
  }
  const auto r = ask(post(test::packed("gzip", text), "gzip"), {.codings = {http::coding::br}});
  CHECK(r.status == status::unsupported_media_type);
  CHECK(header(r, field::accept_encoding) == "br");
  CHECK(header(ask(post("x", "br"), {.codings = {}}), field::accept_encoding) == "identity");
}

TEST_CASE("decompress: broken content is a 400, wherever it breaks off") {
  for (const std::string coding : {"br", "gzip", "deflate"}) {
    CAPTURE(coding);
    const auto data = test::packed(coding, text);
    for (std::size_t size = 1; size < data.size(); ++size) {
      CAPTURE(size);
      REQUIRE(ask(post(data.substr(0, size), coding)).status == status::bad_request);
      REQUIRE(ask(post(in_pieces(data.substr(0, size), 50), coding)).status == status::bad_request);
    }
    CHECK(ask(post(text, coding)).status == status::bad_request);
    CHECK(ask(post(data + "x", coding)).status == status::bad_request);
    CHECK(ask(post(in_pieces(data + "x", data.size()), coding)).status == status::bad_request);
  }
  auto wrong_sum = test::packed("gzip", text);
  wrong_sum[wrong_sum.size() - 6] ^= 1;
  CHECK(ask(post(wrong_sum, "gzip")).status == status::bad_request);
}

TEST_CASE("decompress: no byte of garbage does harm") {
  for (const std::string coding : {"br", "gzip", "deflate"}) {
    const auto data = test::packed(coding, text.substr(0, 300));
    for (std::size_t i = 0; i < data.size(); ++i) {
      for (const unsigned flip : {0x01U, 0x80U, 0xffU}) {
        auto bad = data;
        bad[i] = static_cast<char>(static_cast<unsigned char>(bad[i]) ^ flip);
        const auto code = ask(post(in_pieces(bad, 9), coding), {.max_bytes = 100'000}).status;
        CHECK((code == status::ok || code == status::bad_request ||
               code == status::content_too_large));
      }
    }
  }
}

TEST_CASE("decompress: no more is unpacked than the limit") {
  for (const std::string coding : {"br", "gzip", "deflate"}) {
    const auto data = test::packed(coding, text);
    for (const bool streamed : {false, true}) {
      const auto body = [&] { return streamed ? in_pieces(data, 11) : http::body(data); };
      CHECK(ask(post(body(), coding), {.max_bytes = text.size()}).body.text() == text);
      CHECK(ask(post(body(), coding), {.max_bytes = text.size() - 1}).status ==
            status::content_too_large);
      CHECK(ask(post(body(), coding), {.max_bytes = 0}).status == status::content_too_large);
    }
  }
}

TEST_CASE("decompress: bombs") {
  const std::string zeros(20'000'000, '\0');
  for (const std::string coding : {"br", "gzip", "deflate"}) {
    CAPTURE(coding);
    const auto bomb = test::packed(coding, zeros);
    CHECK(bomb.size() < 100'000);
    for (const bool streamed : {false, true}) {
      const auto body = [&] { return streamed ? in_pieces(bomb, 1000) : http::body(bomb); };
      CHECK(ask(post(body(), coding)).status == status::content_too_large);
      CHECK(ask(post(body(), coding), {.max_bytes = 100'000'000, .max_ratio = 100}).status ==
            status::content_too_large);
      CHECK(ask(post(body(), coding), {.max_bytes = 100'000'000}).body.text().size() ==
            zeros.size());
    }
    // What lies between two codings is long, what comes of it is short.
    const auto hidden = test::packed(coding, zeros);
    CHECK(ask(post(test::packed("gzip", hidden), coding + ", gzip")).status ==
          status::content_too_large);
  }
  const auto member = test::packed("gzip", "");
  std::string members;
  while (members.size() < 10'000'000)
    members += member;
  CHECK(ask(post(test::packed("gzip", members), "gzip, gzip")).status == status::content_too_large);
  CHECK(ask(post(test::packed("gzip", text), "gzip"), {.max_ratio = 1}).status == status::ok);
}

TEST_CASE("decompress: a stream is unpacked in pieces of bounded size") {
  const std::string zeros(5'000'000, '\0');
  for (const std::string coding : {"br", "gzip", "deflate"}) {
    const http::handler check_pieces = [](http::request req) -> asio::awaitable<http::response> {
      std::size_t all = 0, largest = 0;
      while (const auto chunk = co_await req.body.read()) {
        all += chunk->size();
        largest = std::max(largest, chunk->size());
      }
      CHECK(all == 5'000'000);
      CHECK(largest <= 65'536);
      co_return http::response{};
    };
    const auto h = http::decompress()(check_pieces);
    CHECK(typed_call::answer(h, post(in_pieces(test::packed(coding, zeros), 100'000), coding))
              .status == status::ok);
  }
}

TEST_CASE("decompress: a stream is as endless as what it is unpacked from") {
  for (const bool endless : {false, true}) {
    const http::handler look = [endless](http::request req) { return check_endless(endless, req); };
    auto packed = http::pushed_body([](http::body_sink&) -> asio::awaitable<void> { co_return; },
                                    {.endless = endless});
    CHECK(typed_call::answer(http::decompress()(look), post(std::move(packed), "gzip")).status ==
          status::ok);
  }
}

TEST_CASE("decompress: a stream that fails stays failed") {
  const auto source = std::make_shared<test::played_source>();
  source->give(test::packed("gzip", text).substr(0, 100));
  source->fail();
  kit::testing::loop loop;
  CHECK(loop.start(http::decompress()(echo).try_call(post(http::body(source), "gzip"))).error() ==
        kit::errc::data_loss);
  CHECK_THROWS_AS(http::decompress({.max_layers = 0}), kit::error);
}
