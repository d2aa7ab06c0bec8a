#include <transports/http/chunked.hpp>

#include <string>

#include <doctest/doctest.h>

namespace http = kit::http;
using http::chunk_decoder;
using http::status;

namespace {

struct decoded {
  chunk_decoder::state state = chunk_decoder::state::need_more;
  std::string content;
  std::string rest;  // what was not consumed
  http::headers trailers;
  http::protocol_error error;
};

decoded decode(std::string_view wire, std::size_t piece, const http::chunk_limits& limits = {}) {
  chunk_decoder d(limits);
  decoded out;
  std::string unread;
  for (std::size_t at = 0; at < wire.size(); at += piece) {
    unread += wire.substr(at, piece);
    if (out.state != chunk_decoder::state::need_more) continue;
    const auto r = d.decode(unread, out.content);
    unread.erase(0, r.consumed);
    out.state = r.state;
  }
  out.rest = unread;
  out.trailers = d.trailers();
  out.error = d.error();
  return out;
}

// Refused with that status in every split.
void check_refused(std::string_view wire, status expected, const http::chunk_limits& limits = {}) {
  CAPTURE(wire);
  const auto whole = decode(wire, wire.size(), limits);
  CHECK(whole.state == chunk_decoder::state::failed);
  CHECK(whole.error.status == expected);
  CHECK(whole.error.text != "");
  for (std::size_t piece : {1u, 2u, 3u, 7u}) {
    CAPTURE(piece);
    CHECK(decode(wire, piece, limits).error == whole.error);
  }
}

}  // namespace

TEST_CASE("chunked: content, trailers and what follows, in every split") {
  const std::string wire =
      "5\r\nhello\r\n0a;x=y;z=\"a;\\\"b\"\r\n0123456789\r\n000\r\nX-T: v\r\nA:\r\n\r\nGET ";
  for (std::size_t piece : {1u, 2u, 3u, 5u, 7u, 16u, 1000u}) {
    CAPTURE(piece);
    const auto d = decode(wire, piece);
    CHECK(d.state == chunk_decoder::state::complete);
    CHECK(d.content == "hello0123456789");
    CHECK(d.rest == "GET ");
    CHECK(d.trailers == http::headers{{"X-T", "v"}, {"A", ""}});
  }
}

TEST_CASE("chunked: every proper prefix waits for more") {
  const std::string wire = "5;a\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t n = 0; n < wire.size(); ++n) {
    CAPTURE(n);
    CHECK(decode(wire.substr(0, n), 4).state == chunk_decoder::state::need_more);
  }
  CHECK(decode(wire, 4).state == chunk_decoder::state::complete);
}

TEST_CASE("chunked: bad white space around an extension is passed over") {
  CHECK(decode("1 \t; a = b ;c\r\nx\r\n0\r\n\r\n", 1).content == "x");
  CHECK(decode("1;a = \"b\" ;c\r\nx\r\n0\r\n\r\n", 1).content == "x");
}

TEST_CASE("chunked: a size is 1 to 16 hexadecimal digits") {
  for (const char* wire : {"g\r\n", "-5\r\n", "+5\r\n", "0x5\r\n", "\r\nhello", " 5\r\n", "5 5\r\n",
                           "5,5\r\n", "\"5\"\r\n", "5.\r\n", ";a\r\n", "00000000000000001\r\n"}) {
    check_refused(wire, status::bad_request);
  }
  check_refused(std::string_view("5\0\r\n", 4), status::bad_request);
  CHECK(decode("0000000000000001\r\nx\r\n0\r\n\r\n", 1).content == "x");
}

TEST_CASE("chunked: lines end with CRLF and nothing else") {
  for (const char* wire :
       {"5\nhello", "5\r\nhello\n0", "5\r\nhellox", "5\r\nhello\rx", "5\rx", "1 \r\nx",
        "5;a\rb\r\n", "5;a\n", "0\r\n\n", "0\r\n\rx", "0\r\nA: b\n"}) {
    check_refused(wire, status::bad_request);
  }
}

TEST_CASE("chunked: an extension follows its grammar") {
  for (const char* wire : {"1;\r\n", "1;=b\r\n", "1;a=\r\n", "1;a=\"b\r\n", "1;a=\"b\"c\r\n",
                           "1;a b\r\n", "1;a=b c\r\n", "1;a \r\n", "1;a=b \r\n", "1;(\r\n",
                           "1;a=\"\x01\"\r\n", "1;a=\"\\\x01\"\r\n", "1;;a\r\n", "1;a==b\r\n"}) {
    check_refused(wire, status::bad_request);
  }
}

TEST_CASE("chunked: content past the limit is refused before it is there") {
  const http::chunk_limits limits{.max_body_bytes = 10};
  CHECK(decode("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", 3, limits).content == "helloworld");
  check_refused("b\r\n", status::content_too_large, limits);
  check_refused("5\r\nhello\r\n6\r\n", status::content_too_large, limits);
  check_refused("ffffffffffffffff\r\n", status::content_too_large, limits);
  check_refused("ffffffffffffffff\r\n", status::content_too_large,
                {.max_body_bytes = SIZE_MAX / 2});
}

TEST_CASE("chunked: extensions are bounded over the whole body") {
  const http::chunk_limits limits{.max_extension_bytes = 8};
  CHECK(decode("1;abc\r\nx\r\n0\r\n\r\n", 1, limits).content == "x");
  check_refused("1;abc\r\nx\r\n1;abcdefg\r\n", status::bad_request, limits);
}

TEST_CASE("chunked: trailers are bounded in bytes and number") {
  const http::chunk_limits few{.max_trailer_count = 2};
  CHECK(decode("0\r\na:1\r\nb:2\r\n\r\n", 1, few).trailers.size() == 2);
  check_refused("0\r\na:1\r\nb:2\r\nc:3\r\n", status::request_header_fields_too_large, few);
  const http::chunk_limits small{.max_trailer_bytes = 12};
  CHECK(decode("0\r\na:1\r\nb:2\r\n\r\n", 1, small).trailers.size() == 2);
  check_refused("0\r\na:1\r\nb:2\r\ncc:34\r\n", status::request_header_fields_too_large, small);
  check_refused("0\r\naaaaaaaaaaaaaaaaaaa", status::request_header_fields_too_large, small);
}

TEST_CASE("chunked: a trailer section is made of field lines") {
  for (const char* wire : {"0\r\nno colon\r\n", "0\r\nA : b\r\n", "0\r\n A: b\r\n", "0\r\n:b\r\n",
                           "0\r\nA: \x01\r\n"}) {
    check_refused(wire, status::bad_request);
  }
}

TEST_CASE("chunked: framing and routing fields are refused in a trailer section") {
  for (const char* name : {"Content-Length", "transfer-encoding", "Host", "Connection", "TE",
                           "Trailer", "Upgrade", "Content-Encoding", "Content-Type", "Expect"}) {
    check_refused("0\r\n" + std::string(name) + ": 1\r\n\r\n", status::bad_request);
  }
}

TEST_CASE("chunked: nothing is consumed after the end or a failure") {
  chunk_decoder d;
  std::string out;
  CHECK(d.decode("0\r\n\r\nmore", out).consumed == 5);
  CHECK(d.decode("more", out).consumed == 0);
  CHECK(d.decode("more", out).state == chunk_decoder::state::complete);
  chunk_decoder f;
  CHECK(f.decode("x\r\n", out).state == chunk_decoder::state::failed);
  CHECK(f.decode("5\r\n", out).state == chunk_decoder::state::failed);
  CHECK(out == "");
}

TEST_CASE("chunked: what is written is read back") {
  std::string wire;
  http::append_chunk(wire, "hello");
  http::append_chunk(wire, "");
  http::append_chunk(wire, std::string(1000, 'x'));
  http::append_last_chunk(wire, {{"X-Sum", "7"}, {"Content-Length", "3"}});
  CHECK(wire.starts_with("5\r\nhello\r\n3e8\r\nxxx"));
  CHECK(wire.ends_with("0\r\nX-Sum: 7\r\n\r\n"));
  const auto d = decode(wire, 11);
  CHECK(d.content == "hello" + std::string(1000, 'x'));
  CHECK(d.trailers == http::headers{{"X-Sum", "7"}});
  std::string last;
  http::append_last_chunk(last);
  CHECK(last == "0\r\n\r\n");
}
