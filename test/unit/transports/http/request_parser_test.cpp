#include <transports/http/request_parser.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace http = kit::http;
using http::method;
using http::parse_state;
using http::parser_options;
using http::request_parser;
using http::status;

namespace {

struct outcome {
  parse_state state = parse_state::need_head;
  std::vector<http::request> requests;
  bool keep_alive = true;  // of the last request
  http::protocol_error error;
  std::string unread;
};

outcome feed(std::string_view wire, std::size_t piece, const parser_options& options = {}) {
  request_parser p(options);
  outcome o;
  for (std::size_t at = 0; at < wire.size(); at += piece) {
    o.unread += wire.substr(at, piece);
    do {
      const auto r = p.parse(o.unread);
      o.unread.erase(0, r.consumed);
      o.state = r.state;
      if (r.state == parse_state::complete) {
        o.requests.push_back(std::move(p.message()));
        o.keep_alive = p.keep_alive();
      }
    } while (o.state == parse_state::complete && !o.unread.empty());
  }
  o.error = p.error();
  return o;
}

const std::vector<std::size_t> pieces = {1, 2, 3, 7, 16, 100'000};

// One complete request, in every split.
http::request parsed(const std::string& wire, const parser_options& options = {}) {
  for (auto piece : pieces) {
    CAPTURE(piece);
    auto o = feed(wire, piece, options);
    CAPTURE(o.error.text);
    REQUIRE(o.requests.size() == 1);
    CHECK(o.unread.empty());
    if (piece == pieces.back()) return std::move(o.requests[0]);
  }
  return {};
}

// Refused with that status and text in every split.
void check_refused(const std::string& wire, status expected, std::string_view text,
                   const parser_options& options = {}) {
  CAPTURE(wire.substr(0, 200));
  for (auto piece : pieces) {
    CAPTURE(piece);
    const auto o = feed(wire, piece, options);
    CHECK(o.state == parse_state::failed);
    CHECK(o.error == http::protocol_error{expected, text});
    CHECK(o.requests.empty());
  }
}

bool keeps_alive(const std::string& wire) {
  const auto o = feed(wire, 5);
  REQUIRE(o.requests.size() == 1);
  return o.keep_alive;
}

}  // namespace

TEST_CASE("parser: a request with its parts") {
  const auto r = parsed(
      "POST /a/b?x=1 HTTP/1.1\r\nHost: a.test:80\r\nX-One: 1\r\ncontent-length: "
      "5\r\nX-one:2\r\n\r\n"
      "hello");
  CHECK(r.method == method::post);
  CHECK(r.version == http::version::http_1_1);
  CHECK(r.target == "/a/b?x=1");
  CHECK(r.headers ==
        http::headers{
            {"Host", "a.test:80"}, {"X-One", "1"}, {"Content-Length", "5"}, {"X-One", "2"}});
  CHECK(r.headers[3].name == "X-one");
  CHECK(r.body.bytes() == "hello");
}

TEST_CASE("parser: bodies are padded for readers that look past the end") {
  for (std::size_t size : {1u, 15u, 16u, 1000u, 100'000u}) {
    CAPTURE(size);
    const std::string content(size, 'x');
    const auto sized =
        parsed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) +
               "\r\n\r\n" + content);
    CHECK(sized.body.bytes() == content);
    CHECK(sized.body.is_padded());
    std::string wire = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    http::append_chunk(wire, content);
    http::append_last_chunk(wire);
    const auto chunked = parsed(wire);
    CHECK(chunked.body.bytes() == content);
    CHECK(chunked.body.is_padded());
  }
}

TEST_CASE("parser: a trailer section goes to the body, not to the headers") {
  const auto r = parsed(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\nX-T: v\r\n\r\n");
  CHECK(r.body.trailers() == http::headers{{"X-T", "v"}});
  CHECK_FALSE(r.headers.contains("X-T"));
}

TEST_CASE("parser: the absolute-form becomes origin-form, and its authority wins over Host") {
  const auto r = parsed("GET http://b.test:81/p?q=http://x HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n");
  CHECK(r.target == "/p?q=http://x");
  CHECK(r.headers.get_all("host") == std::vector<std::string_view>{"b.test:81"});
  CHECK(parsed("GET http://b HTTP/1.1\r\nHost: a\r\n\r\n").target == "/");
  CHECK(parsed("GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n").target == "/?q");
  CHECK(parsed("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n").target == "*");
  CHECK(parsed("OPTIONS http://b? HTTP/1.1\r\nHost: a\r\n\r\n").target == "/?");
  const auto old = parsed("GET http://b/ HTTP/1.0\r\n\r\n");
  CHECK(old.headers.get("host") == "b");
}

TEST_CASE("parser: CONNECT and OPTIONS have their own targets") {
  const auto c = parsed("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n");
  CHECK(c.method == method::connect);
  CHECK(c.target == "a.test:443");
  CHECK(parsed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").target == "*");
  check_refused("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", status::bad_request,
                "invalid request target");
  check_refused("GET * HTTP/1.1\r\nHost: a\r\n\r\n", status::bad_request, "invalid request target");
}

TEST_CASE("parser: after CONNECT the connection is not used on") {
  CHECK_FALSE(keeps_alive("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"));
}

TEST_CASE("parser: persistence as RFC 9112 9.3 says") {
  CHECK(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK_FALSE(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n"));
  CHECK_FALSE(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, x, close\r\n\r\n"));
  CHECK_FALSE(
      keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n"));
  CHECK(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n"));
  CHECK_FALSE(keeps_alive("GET / HTTP/1.0\r\n\r\n"));
  CHECK(keeps_alive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
  CHECK_FALSE(keeps_alive("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"));
}

TEST_CASE("parser: pipelined requests come one by one") {
  const std::string wire =
      "GET /0 HTTP/1.1\r\nHost: a\r\nConnection: x\r\n\r\n"
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\r\n"
      "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n";
  for (auto piece : pieces) {
    CAPTURE(piece);
    const auto o = feed(wire, piece);
    REQUIRE(o.requests.size() == 4);
    for (std::size_t i = 0; i < 4; ++i)
      CHECK(o.requests[i].target == "/" + std::to_string(i));
    CHECK(o.requests[1].body.bytes() == "hi");
    CHECK(o.requests[2].body.bytes() == "x");
    CHECK(o.requests[3].body.empty());
    CHECK_FALSE(o.requests[3].headers.contains("connection"));
    CHECK(o.keep_alive);
  }
}

TEST_CASE("parser: a message that was not taken leaves nothing to the next") {
  request_parser p;
  const std::string_view wire =
      "POST /1 HTTP/1.1\r\nHost: a\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: "
      "v\r\n\r\n";
  CHECK(p.parse(wire).state == parse_state::complete);
  CHECK(p.parse("GET / HTTP/1.1\r\nHost: b\r\n\r\n").state == parse_state::complete);
  CHECK(p.message().headers == http::headers{{"Host", "b"}});
  CHECK(p.message().body.empty());
  CHECK(p.message().body.trailers().empty());
  CHECK(p.message().params.empty());
}

TEST_CASE("parser: it says whether a request has begun, and whether its head is there") {
  request_parser p;
  CHECK_FALSE(p.started());
  CHECK(p.parse("\r\n").consumed == 2);
  CHECK_FALSE(p.started());
  CHECK(p.parse("POST / HTTP/1.1\r\nHo").state == parse_state::need_head);
  CHECK(p.started());
  const auto head = p.parse("Host: a\r\nContent-Length: 3\r\n\r\n");
  CHECK(head.state == parse_state::need_body);
  CHECK(p.message().headers.contains("host"));
  CHECK(p.parse("ab").state == parse_state::need_body);
  CHECK(p.parse("c").state == parse_state::complete);
}

TEST_CASE("parser: 100 Continue is wanted until the body begins or it was sent") {
  const std::string_view head =
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n";
  request_parser waiting;
  CHECK(waiting.parse(head).state == parse_state::need_body);
  CHECK(waiting.wants_continue());
  waiting.continue_sent();
  CHECK_FALSE(waiting.wants_continue());
  CHECK(waiting.parse("abc").state == parse_state::complete);
  CHECK(waiting.parse(head).state == parse_state::need_body);
  CHECK(waiting.wants_continue());

  request_parser eager;
  eager.parse(head);
  CHECK(eager.parse("a").state == parse_state::need_body);
  CHECK_FALSE(eager.wants_continue());

  request_parser chunked;
  chunked.parse(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  CHECK(chunked.wants_continue());
}

TEST_CASE("parser: 100 Continue is not wanted without a body, and not by HTTP/1.0") {
  request_parser empty;
  CHECK(empty.parse("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n").state ==
        parse_state::complete);
  CHECK_FALSE(empty.wants_continue());
  request_parser old;
  old.parse("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  CHECK_FALSE(old.wants_continue());
  check_refused("POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", status::expectation_failed,
                "unknown expectation");
}

TEST_CASE("parser: the request line is strict") {
  const std::string rest = "\r\nHost: a\r\n\r\n";
  const auto bad = [&](const std::string& line, std::string_view text) {
    check_refused(line + rest, status::bad_request, text);
  };
  bad("GET", "no request target");
  bad("GET ", "no HTTP version");
  bad("GET /", "no HTTP version");
  bad("GET / ", "malformed request line");
  bad(" GET / HTTP/1.1", "no method");
  bad("GET  / HTTP/1.1", "no request target");
  bad("GET /  HTTP/1.1", "malformed request line");
  bad("GET / HTTP/1.1 ", "malformed request line");
  bad("GET\t/ HTTP/1.1", "method is not a token");
  bad("GET /\tHTTP/1.1", "invalid character in the request target");
  bad("G(T / HTTP/1.1", "method is not a token");
  bad("GET /a b HTTP/1.1", "malformed request line");
  bad("GET /a#b HTTP/1.1", "invalid character in the request target");
  bad("GET /\xc3\xa4 HTTP/1.1", "invalid character in the request target");
  bad("GET foo HTTP/1.1", "invalid request target");
  bad("GET / http/1.1", "malformed request line");
  bad("GET / HTTP/1.10", "malformed request line");
  bad("GET / HTTP/1.", "malformed request line");
  bad("GET / HTTP/x.1", "malformed request line");
  bad("GET / \rHTTP/1.1", "CR without LF");
  bad(std::string("GET /\0 HTTP/1.1", 15), "control character");
  check_refused("GET / HTTP/2.0" + rest, status::http_version_not_supported,
                "unknown HTTP version");
  check_refused("PRI * HTTP/2.0\r\n\r\n", status::http_version_not_supported,
                "unknown HTTP version");
  CHECK(parsed("GET / HTTP/1.9" + rest).version == http::version::http_1_1);
}

TEST_CASE("parser: unknown methods are handed on, far too long ones are not") {
  CHECK(parsed("FROB / HTTP/1.1\r\nHost: a\r\n\r\n").method.name() == "FROB");
  check_refused("ABCDEFGHIJKLMNOPQRSTUVWXYZ / HTTP/1.1\r\n", status::not_implemented,
                "unknown method");
}

TEST_CASE("parser: garbage is refused at its first byte") {
  request_parser tls;
  CHECK(tls.parse("\x16").state == parse_state::failed);
  request_parser lf;
  CHECK(lf.parse("GET / HTTP/1.1\n").state == parse_state::failed);
}

TEST_CASE("parser: Host is there once and valid") {
  const auto refused = [](const std::string& fields, std::string_view text) {
    check_refused("GET / HTTP/1.1\r\n" + fields + "\r\n", status::bad_request, text);
  };
  refused("", "no Host");
  refused("Host: a\r\nHost: a\r\n", "more than one Host");
  refused("Host: a b\r\n", "invalid Host");
  refused("Host: a,b@c\r\n", "invalid Host");
  refused("Host: [::1\r\n", "invalid Host");
  check_refused("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", status::bad_request,
                "more than one Host");
  check_refused("GET http://a/ HTTP/1.1\r\n\r\n", status::bad_request, "no Host");
}

TEST_CASE("parser: whatever could be framed in two ways is refused") {
  const auto refused = [](const std::string& fields, std::string_view text) {
    check_refused("POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n5\r\nhello\r\n0\r\n\r\n",
                  status::bad_request, text);
  };
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  const std::string five = "Content-Length: 5\r\n";
  refused(five + chunked, "both Content-Length and Transfer-Encoding");
  refused(chunked + five, "both Content-Length and Transfer-Encoding");
  refused(five + "Content-Length: 6\r\n", "more than one Content-Length");
  refused(five + five, "more than one Content-Length");
  refused("Content-Length: 5, 5\r\n", "Content-Length is not a number");
  refused("Content-Length: +5\r\n", "Content-Length is not a number");
  refused("Content-Length: 5 5\r\n", "Content-Length is not a number");
  refused("Content-Length:\r\n", "Content-Length is not a number");
  refused("Content-Length: 0x5\r\n", "Content-Length is not a number");
  refused(chunked + chunked, "more than one Transfer-Encoding");
  refused("Transfer-Encoding: chunked, chunked\r\n", "Transfer-Encoding does not end with chunked");
  refused("Transfer-Encoding: gzip\r\n", "Transfer-Encoding does not end with chunked");
  refused("Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding does not end with chunked");
  refused("Transfer-Encoding: chunked;a=b\r\n", "Transfer-Encoding does not end with chunked");
  refused("Transfer-Encoding: \"chunked\"\r\n", "Transfer-Encoding does not end with chunked");
  refused("Transfer-Encoding:\r\n", "Transfer-Encoding does not end with chunked");
  refused("Transfer-Encoding : chunked\r\n", "white space before the colon of a field");
  refused("X: a\r\n b\r\n", "folded field line");
  refused("X: a\nTransfer-Encoding: chunked\r\n", "LF without CR");
  refused("X: a\rTransfer-Encoding: chunked\r\n", "CR without LF");
  check_refused("POST / HTTP/1.0\r\n" + chunked + "\r\n0\r\n\r\n", status::bad_request,
                "Transfer-Encoding in HTTP/1.0");
  check_refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                status::not_implemented, "unknown transfer coding");
}

TEST_CASE("parser: lengths are digits, of any number") {
  const auto with = [](const std::string& length) {
    return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + length + "\r\n\r\nhello";
  };
  CHECK(parsed(with("5")).body.bytes() == "hello");
  CHECK(parsed(with("00000000000000000000000000005")).body.bytes() == "hello");
  check_refused(with("18446744073709551616"), status::content_too_large, "body is too large");
  check_refused(with("18446744073709551615"), status::content_too_large, "body is too large");
  check_refused(with("99999999999999999999999"), status::content_too_large, "body is too large");
}

TEST_CASE("parser: a body past its limit is refused before it comes") {
  const parser_options options{.max_body_bytes = 5};
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  CHECK(parsed(head + "Content-Length: 5\r\n\r\nhello", options).body.bytes() == "hello");
  check_refused(head + "Content-Length: 6\r\n\r\n", status::content_too_large, "body is too large",
                options);
  check_refused(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1",
                status::content_too_large, "body is too large", options);
}

TEST_CASE("parser: a head past its limits is refused") {
  const std::string line = "GET / HTTP/1.1\r\n";
  const parser_options bytes{.max_header_bytes = 64};
  CHECK(parsed(line + "Host: a\r\nX: " + std::string(33, 'x') + "\r\n\r\n", bytes).headers.size() ==
        2);
  check_refused(line + "Host: a\r\nX: " + std::string(37, 'x') + "\r\n\r\n",
                status::request_header_fields_too_large, "header section is too large", bytes);
  check_refused(line + "X: " + std::string(100, 'x'), status::request_header_fields_too_large,
                "header section is too large", bytes);
  const parser_options count{.max_header_count = 2};
  CHECK(parsed(line + "Host: a\r\nX: y\r\n\r\n", count).headers.size() == 2);
  check_refused(line + "Host: a\r\nX: y\r\nX: y\r\n\r\n", status::request_header_fields_too_large,
                "too many header fields", count);
}

TEST_CASE("parser: a target past its limit is refused, also when it never ends") {
  const parser_options options{.max_target_bytes = 20};
  const auto with = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  CHECK(parsed(with(20), options).target.size() == 20);
  check_refused(with(21), status::uri_too_long, "request target is too long", options);
  check_refused(with(1000), status::uri_too_long, "request target is too long", options);
  check_refused("GET /" + std::string(1000, 'a'), status::uri_too_long,
                "request target is too long", options);
  check_refused("GET / HTTP/1.1" + std::string(1000, ' '), status::uri_too_long,
                "request target is too long", options);
  check_refused(std::string(1000, 'A'), status::bad_request, "no request target", options);
}

TEST_CASE("parser: a few empty lines before a request are passed over") {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  CHECK(parsed("\r\n\r\n\r\n\r\n" + request).target == "/");
  check_refused("\r\n\r\n\r\n\r\n\r\n" + request, status::bad_request,
                "too many empty lines before a request");
  CHECK(feed("\r\n", 1).state == parse_state::need_head);
}

TEST_CASE("parser: after a failure nothing is accepted or kept") {
  request_parser p;
  CHECK(p.parse("GET / HTTP/1.1\r\nHost: a b\r\n\r\n").state == parse_state::failed);
  CHECK(p.message().headers.empty());
  const auto again = p.parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(again.state == parse_state::failed);
  CHECK(again.consumed == 0);
}

TEST_CASE("parser: options that cannot be kept are clamped, not thrown at the peer") {
  const parser_options options{.max_header_bytes = SIZE_MAX, .max_header_count = SIZE_MAX};
  std::string wire = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 70'000; ++i)
    wire += "a:\r\n";
  CHECK(feed(wire, 4096, options).error.status == status::request_header_fields_too_large);
  CHECK(
      feed("GET / HTTP/1.1\r\n" + std::string(70'000, 'a') + ": b\r\n", 4096, options).error.text ==
      "field name is too long");
}

TEST_CASE("parser, streaming: the head is told before the body, whose pieces are taken") {
  const std::string sized = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789";
  const std::string chunked =
      "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\n01234\r\n5\r\n56789\r\n0\r\nX-T: v\r\n\r\n";
  const parser_options options{.max_body_bytes = 5};
  for (const auto& wire : {sized, chunked}) {
    for (auto piece : pieces) {
      CAPTURE(piece);
      request_parser p(options, true);
      std::string unread, content;
      bool head = false;
      http::parse_result r;
      for (std::size_t at = 0; at < wire.size(); at += piece) {
        unread += wire.substr(at, piece);
        do {
          r = p.parse(unread);
          unread.erase(0, r.consumed);
          if (r.state == parse_state::need_body && !head) CHECK(p.message().target == "/a");
          head = head || r.state == parse_state::need_body;
          content += p.message().body.take();
          CHECK(p.body_size() == content.size());
        } while (r.state == parse_state::need_body && r.consumed > 0 && !unread.empty());
      }
      CHECK(r.state == parse_state::complete);
      CHECK(content == "0123456789");
      CHECK(p.body_left() == 0);
      CHECK(p.message().body.trailers().size() == (wire == chunked ? 1 : 0));
      if (wire == sized) CHECK(head);  // too long to come whole, even if it is there
    }
  }
}

TEST_CASE("parser, streaming: what is left of a sized body is known") {
  request_parser p({}, true);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";
  CHECK(p.parse(head + "012").state == parse_state::need_body);
  CHECK(p.body_size() == 3);
  CHECK(p.body_left() == 7);
}

TEST_CASE("parser, streaming: has a limit of its own") {
  const parser_options options{.max_body_bytes = 5, .max_streamed_body_bytes = 7};
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const auto& [fields, refused] :
       {std::pair("Content-Length: 7\r\n\r\n", false), std::pair("Content-Length: 8\r\n\r\n", true),
        std::pair("Transfer-Encoding: chunked\r\n\r\n7\r\n", false),
        std::pair("Transfer-Encoding: chunked\r\n\r\n8\r\n", true)}) {
    CAPTURE(fields);
    request_parser p(options, true);
    CHECK((p.parse(start + fields).state == parse_state::failed) == refused);
    if (refused) CHECK(p.error().status == status::content_too_large);
  }
}
