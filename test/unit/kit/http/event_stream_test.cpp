#include <kit/http/event_stream.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace http = kit::http;
using namespace std::chrono_literals;
using http::event_stream_parser;
using http::server_sent_event;
using state = http::event_stream_parser::state;

namespace {

struct outcome {
  std::vector<server_sent_event> events;
  std::string last_id;
  std::optional<std::chrono::milliseconds> retry;
  bool failed = false;
  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome feed(std::string_view wire, std::size_t first, std::size_t step,
             http::event_parser_options options) {
  event_stream_parser parser(options);
  outcome o;
  for (std::size_t at = 0, size = first; at < wire.size(); at += size, size = step) {
    size = std::min(size, wire.size() - at);
    std::string piece(wire.substr(at, size));
    for (;;) {
      const auto r = parser.parse(piece);
      CHECK(r.consumed <= piece.size());
      piece.erase(0, r.consumed);
      o.failed = r.state == state::failed;
      if (r.state != state::event) break;
      o.events.push_back(std::move(parser.event()));
    }
  }
  o.last_id = parser.last_event_id();
  o.retry = parser.retry();
  return o;
}

outcome parse(std::string_view wire, http::event_parser_options options = {}) {
  const auto whole = feed(wire, wire.size(), 1, options);
  for (std::size_t first = 1; first < wire.size(); ++first) {
    CAPTURE(first);
    CHECK(feed(wire, first, wire.size(), options) == whole);
  }
  for (std::size_t step = 1; step < 4; ++step)
    CHECK(feed(wire, step, step, options) == whole);
  return whole;
}

using texts = std::vector<std::string>;
texts data_of(std::string_view wire) {
  texts all;
  for (auto& e : parse(wire).events)
    all.push_back(std::move(e.data));
  return all;
}

std::string format(const server_sent_event& e) {
  std::string out;
  http::append_event(out, e);
  return out;
}

}  // namespace

TEST_CASE("event_stream: the examples of WHATWG HTML 9.2.6") {
  CHECK(data_of("data: YHOO\ndata: +2\ndata: 10\n\n") == texts{"YHOO\n+2\n10"});
  const auto o = parse(
      ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n");
  REQUIRE(o.events.size() == 2);
  CHECK(o.events[0] == server_sent_event{.data = "first event", .id = "1"});
  CHECK(o.events[1] == server_sent_event{.data = "second event", .id = ""});
  CHECK(o.last_id == "");
  CHECK(data_of("data\n\ndata\ndata\n\ndata:") == texts{"", "\n"});
  CHECK(data_of("data:test\n\ndata: test\n\n") == texts{"test", "test"});
  CHECK(data_of("data:  test\n\n") == texts{" test"});
}

TEST_CASE("event_stream: each line end, also mixed") {
  for (const char* end : {"\n", "\r", "\r\n"}) {
    const std::string e = end;
    CHECK(data_of("data: a" + e + "data: b" + e + e + "data: c" + e + e) == texts{"a\nb", "c"});
  }
  CHECK(data_of("data: a\r\n\rdata: b\n\r\ndata: c\r\r\n") == texts{"a", "b", "c"});
}

TEST_CASE("event_stream: fields, and what is ignored") {
  const auto o = parse(
      "event: add\ndata: 1\nid: 7\nretry: 1500\n\n"
      "DATA: x\n data: x\nfoo: x\n:data: x\nretry: 1s\nretry:\nretry: -1\nevent: gone\n\n"
      "data: 2\n\nid: 8\n\n");
  REQUIRE(o.events.size() == 2);
  CHECK(o.events[0] == server_sent_event{.data = "1", .event = "add", .id = "7", .retry = 1500ms});
  CHECK(o.events[1] == server_sent_event{.data = "2"});
  CHECK(o.last_id == "8");
  CHECK(o.retry == 1500ms);
  CHECK(parse(std::string_view("id: 1\n\nid: a\0b\n\n", 16)).last_id == "1");
  CHECK(parse("retry: 99999999999999999999999\n\n").retry > 1000000h);
}

TEST_CASE("event_stream: a byte order mark is dropped at the start only") {
  CHECK(data_of("\xef\xbb\xbf"
                "data: a\n\n\xef\xbb\xbf"
                "data: b\n\n") == texts{"a"});
  CHECK(data_of("\xef\xbb"
                "data: a\n\n")
            .empty());
}

TEST_CASE("event_stream: what the end cuts off is no event") {
  CHECK(data_of("data: a\n\ndata: b\n") == texts{"a"});
  CHECK(data_of("data: a") == texts{});
  CHECK(parse("id: 1\ndata: a").last_id == "");
}

TEST_CASE("event_stream: events and comments that are too large fail") {
  const auto failed = [](std::string_view wire) {
    return parse(wire, {.max_event_bytes = 20}).failed;
  };
  CHECK_FALSE(failed("data: 0123456789\n\n"));
  CHECK(failed("data: 0123456789012345\n\n"));
  CHECK(failed("data: 012345678901234"));
  CHECK(failed("data: 0123\ndata: 5678\n\n"));
  CHECK(failed("data\ndata\ndata\ndata\ndata\n"));
  CHECK(failed(":0123456789012345678901"));
  std::string many;
  for (int i = 0; i < 10; ++i)
    many += ": comment\ndata: " + std::to_string(i) + "\n: more\n\n";
  CHECK_FALSE(failed(many));
  CHECK_FALSE(failed(": one\n: two\n: three\n: four\n: five\n"));
  event_stream_parser parser({.max_event_bytes = 1});
  CHECK(parser.parse("abc").state == state::failed);
  CHECK(parser.parse("\n\ndata: 1\n\n").state == state::failed);
}

TEST_CASE("event_stream: events are written, and read back") {
  CHECK(format({.data = "a\nb"}) == "data: a\ndata: b\n\n");
  CHECK(format({}) == "data: \n\n");
  CHECK(format({.data = "x", .event = "add", .id = "7", .retry = 1500ms}) ==
        "event: add\nid: 7\nretry: 1500\ndata: x\n\n");
  CHECK(format({.data = "a\r\nb\rc\n"}) == "data: a\ndata: b\ndata: c\ndata: \n\n");
  for (const auto& e : {server_sent_event{.data = " a\n\n b\n", .event = " x", .id = " "},
                        server_sent_event{.data = "", .id = ""},
                        server_sent_event{.data = "id: 1", .retry = 0ms}}) {
    CHECK(parse(format(e)).events == std::vector{e});
  }
}

TEST_CASE("event_stream: a field cannot be broken out of") {
  const auto refused = [](const server_sent_event& e) {
    std::string out = "before";
    CHECK_THROWS_AS(http::append_event(out, e), kit::error);
    CHECK(out == "before");
  };
  for (const std::string& bad :
       {std::string("a\nb"), std::string("a\r"), std::string("\n"), std::string("a\0b", 3)}) {
    refused({.event = bad});
    refused({.id = bad});
  }
  refused({.retry = -1ms});
}

TEST_CASE("event_stream: comments are ignored") {
  std::string out;
  http::append_event_comment(out);
  CHECK(out == ":\n\n");
  http::append_event_comment(out, "a\ndata: b\r\n");
  CHECK(out == ":\n\n: a\n: data: b\n: \n\n");
  CHECK(parse(out) == outcome{});
}
