#include <kit/http/event_stream.hpp>

#include <string>

#include <doctest/doctest.h>

#include <kit/error.hpp>

namespace http = kit::http;
using namespace std::chrono_literals;
using namespace std::string_literals;

TEST_CASE("event stream: an event is its fields and an empty line") {
  CHECK(format(http::event{.data = "x"}) == "data: x\n\n");
  CHECK(format(http::event{.data = "x", .event = "tick", .id = "7", .retry = 1500ms}) ==
        "event: tick\nid: 7\nretry: 1500\ndata: x\n\n");
}

TEST_CASE("event stream: each line of the data is a field") {
  CHECK(format(http::event{.data = "a\nb\r\nc\rd"}) == "data: a\ndata: b\ndata: c\ndata: d\n\n");
  CHECK(format(http::event{.data = "a\n"}) == "data: a\ndata: \n\n");
  CHECK(format(http::event{.data = "\n\n"}) == "data: \ndata: \ndata: \n\n");
}

TEST_CASE("event stream: without data it is an empty message, unless it only sets something") {
  CHECK(format(http::event{}) == "data: \n\n");
  CHECK(format(http::event{.event = "tick"}) == "event: tick\ndata: \n\n");
  CHECK(format(http::event{.retry = 5s}) == "retry: 5000\n\n");
  CHECK(format(http::event{.id = "1"}) == "id: 1\n\n");
}

TEST_CASE("event stream: what would break out of its field is refused") {
  for (const auto& bad : {"a\nb"s, "a\rb"s, "a\0b"s}) {
    CHECK_THROWS_AS(format(http::event{.data = "x", .event = bad}), kit::error);
    CHECK_THROWS_AS(format(http::event{.data = "x", .id = bad}), kit::error);
  }
  CHECK_THROWS_AS(format(http::event{.retry = -1ms}), kit::error);
}
