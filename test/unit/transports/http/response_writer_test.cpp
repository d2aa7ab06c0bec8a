#include <transports/http/response_writer.hpp>

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include <kit/error.hpp>

namespace http = kit::http;
using http::body_framing;
using http::field;
using http::response;
using http::response_context;
using http::status;

namespace {

class endless final : public http::body_source {
 public:
  explicit endless(std::optional<std::uint64_t> size = {}) : size_(size) {}
  asio::awaitable<std::optional<std::string>> read() override { co_return std::nullopt; }
  std::optional<std::uint64_t> size() const noexcept override { return size_; }

 private:
  std::optional<std::uint64_t> size_;
};

response streamed(std::optional<std::uint64_t> size = {}) {
  return {.body = http::body(std::make_shared<endless>(size))};
}

struct written {
  std::string text;
  http::written_response info;
};

written write(const response& r, const response_context& context = {}) {
  written w;
  w.info = append_response(w.text, r, context);
  return w;
}

}  // namespace

TEST_CASE("writer: status line, fields in order, length, date, content") {
  auto r = response::json(status::ok, "{}");
  r.headers.add("X-A", "1").add("x-a", "2");
  const auto w = write(r, {.date = "Sun, 06 Nov 1994 08:49:37 GMT"});
  CHECK(w.text ==
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-A: 1\r\nx-a: 2\r\n"
        "Content-Length: 2\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n{}");
  CHECK(w.info.framing == body_framing::bytes);
  CHECK(w.info.keep_alive);
}

TEST_CASE("writer: it appends, for pipelined responses") {
  std::string out = "before";
  const response r{.status = status::not_found};
  append_response(out, r, {});
  append_response(out, r, {});
  const std::string one = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  CHECK(out == "before" + one + one);
}

TEST_CASE("writer: the head alone leaves the content to the session") {
  std::string out;
  const auto info = append_response_head(out, response::text(status::ok, "hello"), {});
  CHECK(out.ends_with("Content-Length: 5\r\n\r\n"));
  CHECK(info.framing == body_framing::bytes);
}

TEST_CASE("writer: HEAD keeps the length and sends no content") {
  const auto w = write(response::text(status::ok, "hello"), {.request_method = http::method::head});
  CHECK(w.text.ends_with("Content-Length: 5\r\n\r\n"));
  CHECK(w.info.framing == body_framing::none);
  const auto sized = write(streamed(7), {.request_method = http::method::head});
  CHECK(sized.text == "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
  const auto unsized = write(streamed(), {.request_method = http::method::head});
  CHECK(unsized.text == "HTTP/1.1 200 OK\r\n\r\n");
  CHECK(unsized.info.framing == body_framing::none);
  CHECK(unsized.info.keep_alive);
}

TEST_CASE("writer: an answer to HEAD may say the length of what GET would send") {
  response r;
  r.headers.set(field::content_length, "123");
  CHECK(write(r, {.request_method = http::method::head}).text ==
        "HTTP/1.1 200 OK\r\nContent-Length: 123\r\n\r\n");
  r.headers.set(field::content_length, "12x");
  CHECK(write(r, {.request_method = http::method::head}).text == "HTTP/1.1 200 OK\r\n\r\n");
  CHECK(write({}, {.request_method = http::method::head}).text == "HTTP/1.1 200 OK\r\n\r\n");
  r.status = status::not_modified;
  CHECK(write(r).text == "HTTP/1.1 304 Not Modified\r\n\r\n");
  r.headers.set(field::content_length, "123");
  CHECK(write(r).text == "HTTP/1.1 304 Not Modified\r\nContent-Length: 123\r\n\r\n");
}

TEST_CASE("writer: content with trailers goes in chunks where these can be sent") {
  auto r = response::text(status::ok, "hello");
  r.body.set_trailers({{"X-Sum", "532"}});
  const auto w = write(r);
  CHECK(w.info.framing == body_framing::chunked);
  CHECK(w.text.ends_with("\r\nTransfer-Encoding: chunked\r\n\r\n"));
  CHECK(w.text.find("Content-Length") == w.text.npos);
  CHECK(write(r, {.version = http::version::http_1_0})
            .text.ends_with("Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello"));
  CHECK(write(r, {.request_method = http::method::head}).info.framing == body_framing::none);
}

TEST_CASE("writer: 1xx and 204 have neither content nor length") {
  for (auto s : {status::no_content, status::early_hints}) {
    const auto w = write(response::text(s, "lost"), {.date = "now"});
    CHECK(w.text.find("Content-Length") == w.text.npos);
    CHECK(w.text.ends_with("\r\n\r\n"));
    CHECK(w.info.framing == body_framing::none);
  }
  CHECK(write({.status = status::early_hints}, {.keep_alive = false, .date = "now"}).text ==
        "HTTP/1.1 103 Early Hints\r\n\r\n");
  CHECK(write({.status = status::reset_content, .body = "x"}).text ==
        "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("writer: a successful CONNECT has no length, a refused one has") {
  const response_context connect{.request_method = http::method::connect};
  CHECK(write({}, connect).text == "HTTP/1.1 200 OK\r\n\r\n");
  CHECK(write({.status = status::not_found}, connect).text.ends_with("Content-Length: 0\r\n\r\n"));
}

TEST_CASE("writer: a stream is chunked, sized, or ended by closing") {
  const auto chunked = write(streamed());
  CHECK(chunked.text == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(chunked.info.framing == body_framing::chunked);
  CHECK(chunked.info.keep_alive);
  const auto sized = write(streamed(7));
  CHECK(sized.text == "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
  CHECK(sized.info.framing == body_framing::bytes);
  const auto old = write(streamed(), {.version = http::version::http_1_0});
  CHECK(old.text == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  CHECK(old.info.framing == body_framing::until_close);
  CHECK_FALSE(old.info.keep_alive);
}

TEST_CASE("writer: framing fields of the response's own are replaced") {
  response r = response::text(status::ok, "hello");
  r.headers.add(field::content_length, "3")
      .add(field::transfer_encoding, "chunked")
      .add(field::keep_alive, "timeout=5")
      .add("CONTENT-LENGTH", "4");
  CHECK(write(r).text ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\n"
        "hello");
}

TEST_CASE("writer: a date of the response's own is kept, and there is one only") {
  response r;
  r.headers.set(field::date, "mine");
  CHECK(write(r, {.date = "ours"}).text ==
        "HTTP/1.1 200 OK\r\nDate: mine\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("writer: Connection is said where it is needed") {
  CHECK(write({}).text.find("Connection") == std::string::npos);
  CHECK(write({}, {.keep_alive = false}).text.ends_with("Connection: close\r\n\r\n"));
  CHECK(write({}, {.version = http::version::http_1_0})
            .text.ends_with("Connection: keep-alive\r\n\r\n"));
  CHECK(write({}, {.version = http::version::http_1_0, .keep_alive = false})
            .text.ends_with("Connection: close\r\n\r\n"));
}

TEST_CASE("writer: a response may ask to close, and pass on other options") {
  response r;
  r.headers.add("Connection", "Keep-Alive, foo").add("connection", "Close,bar");
  const auto w = write(r);
  CHECK(w.text == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: foo, bar, close\r\n\r\n");
  CHECK_FALSE(w.info.keep_alive);
  response keep;
  keep.headers.add("Connection", "keep-alive");
  CHECK(write(keep).text == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK_FALSE(write(keep, {.keep_alive = false}).info.keep_alive);
}

TEST_CASE("writer: an upgrade passes its options on") {
  response r{.status = status::switching_protocols};
  r.headers.set(field::connection, "Upgrade").set(field::upgrade, "foo/2");
  CHECK(write(r, {.keep_alive = false}).text ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo/2\r\nConnection: Upgrade\r\n\r\n");
}

TEST_CASE("writer: a reason cannot split the response") {
  CHECK(write({.reason = "Fine"}).text.starts_with("HTTP/1.1 200 Fine\r\n"));
  CHECK(write({.reason = "a\r\nX: y"}).text.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(write({.status = status{599}}).text.starts_with("HTTP/1.1 599 \r\n"));
}

TEST_CASE("writer: a status that is none becomes 500") {
  for (int code : {0, 42, 99, 1000, 65535}) {
    CAPTURE(code);
    const auto w = write({.status = static_cast<status>(code), .reason = "odd"});
    CHECK(w.text.starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  }
  CHECK(write({.status = status{999}}).text.starts_with("HTTP/1.1 999 \r\n"));
}

TEST_CASE("writer: the room it measures is enough for many options of Connection") {
  response r;
  std::string options;
  for (int i = 0; i < 1000; ++i)
    options += "a,";
  for (int i = 0; i < 20; ++i)
    r.headers.add(field::connection, options);
  const auto w = write(r, {.keep_alive = false});
  CHECK(w.text.ends_with("a, a, close\r\n\r\n"));
}
