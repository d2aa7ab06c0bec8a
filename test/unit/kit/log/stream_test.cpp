#include <kit/log/stream.hpp>

#include <string>

#include <doctest/doctest.h>

#include "capture.hpp"

using kit::log::line_parts;
using kit::log::log_line;
using kit::log::parse_line;
using kit::log::stream_options;
using log_test::recorded;

namespace {

std::string logged(std::string_view text, const stream_options& options = {}) {
  const recorded r;
  log_line(r.log, text, options);
  return r.take();
}

}  // namespace

TEST_CASE(
    "stream: a line is date, time, file and message, each if it is there [log/stdlib-adapter:1]") {
  const std::string date = "2009/01/23", time = "01:23:23.123123", file = "/a/b/c/d.go:23";
  for (int parts = 0; parts < 8; ++parts) {
    line_parts expected{.date = parts & 1 ? date : std::string_view(),
                        .time = parts & 2 ? time : std::string_view(),
                        .file = parts & 4 ? file : std::string_view(),
                        .message = ":.;<>_#{[]}\"\\"};
    std::string line;
    if (parts & 1) line += date + (parts & 6 ? " " : "");
    if (parts & 2) line += time + (parts & 4 ? " " : "");
    if (parts & 4) line += file;
    if (parts != 0) line += ": ";
    line += expected.message;
    CAPTURE(line);
    CHECK(parse_line(line) == expected);
    line += '\n';
    CHECK(parse_line(line) == expected);
  }
  CHECK(parse_line("01:23:23 hello").message == "hello");
  CHECK(parse_line("a.cpp:23: two\nlines").message == "two\nlines");
}

TEST_CASE("stream: lines and their records [log/stdlib-adapter:2]") {
  CHECK(logged("hello") == "msg=hello\n");
  CHECK(logged("2009/01/23: hello") == "ts=2009/01/23 msg=hello\n");
  CHECK(logged("2009/01/23 01:23:23: hello") == "ts=\"2009/01/23 01:23:23\" msg=hello\n");
  CHECK(logged("01:23:23: hello") == "ts=01:23:23 msg=hello\n");
  CHECK(logged("2009/01/23 01:23:23.123123 /a/b/c/d.go:23: hello world") ==
        "ts=\"2009/01/23 01:23:23.123123\" caller=/a/b/c/d.go:23 msg=\"hello world\"\n");
  CHECK(logged("2009/01/23 /a/b/c/d.go:23: hello") ==
        "ts=2009/01/23 caller=/a/b/c/d.go:23 msg=hello\n");
  CHECK(logged("01:23:23 hello",
               {.level = kit::log::level::warn, .time_key = "t", .message_key = "m"}) ==
        "level=warn t=01:23:23 m=hello\n");
}

TEST_CASE("stream: empty parts are left out, the message is always there [log/stdlib-adapter:3]") {
  CHECK(logged("") == "msg=\n");
  CHECK(logged("\n\n") == "msg=\n");
  CHECK(logged("a.cpp:1") == "caller=a.cpp:1 msg=\n");
  CHECK(logged("2009/01/23 01:23:23") == "ts=\"2009/01/23 01:23:23\" msg=\n");
  CHECK(logged("hello\r\n") == "msg=hello\n");
}

TEST_CASE("stream: a prefix of the line or of the message [log/stdlib-adapter:4]") {
  const stream_options cut{.prefix = "some prefix "};
  const stream_options joined{.prefix = "some prefix ", .join_prefix = true};
  CHECK(logged("some prefix hello", cut) == "msg=hello\n");
  CHECK(logged("some prefix hello", joined) == "msg=\"some prefix hello\"\n");
  CHECK(logged("some prefix 2009/01/23 hello", cut) == "ts=2009/01/23 msg=hello\n");
  CHECK(logged("some prefix 2009/01/23 hello", joined) ==
        "ts=2009/01/23 msg=\"some prefix hello\"\n");
  CHECK(logged("2009/01/23 /a/b.go:23: some prefix hello", cut) ==
        "ts=2009/01/23 caller=/a/b.go:23 msg=hello\n");
  CHECK(logged("2009/01/23 /a/b.go:23: some prefix hello", joined) ==
        "ts=2009/01/23 caller=/a/b.go:23 msg=\"some prefix hello\"\n");
}

TEST_CASE("stream: what only looks like a file is none [log/stdlib-adapter:5]") {
  const auto file = [](std::string_view text) { return std::string(parse_line(text).file); };
  CHECK(file("text with colon:number") == "");
  CHECK(file("1:9182f") == "");
  CHECK(file("1:9182f: x") == "");
  CHECK(file(":12: x") == "");
  CHECK(file("a:: x") == "");
  CHECK(file("a.cpp:12:3: x") == "a.cpp:12:3");
  CHECK(file("c:\\a\\b.cpp:12: x") == "c:\\a\\b.cpp:12");
  const std::string net = "write tcp 127.0.0.1:9182->127.0.0.1:9183: wsasend: broken";
  CHECK(parse_line(net) == line_parts{.date = {}, .time = {}, .file = {}, .message = net});
  CHECK(file("127.0.0.1:80: refused") == "127.0.0.1:80");
  CHECK(parse_line("127.0.0.1:80: refused", false).message == "127.0.0.1:80: refused");
  CHECK(logged("127.0.0.1:80: refused", {.with_file = false}) == "msg=\"127.0.0.1:80: refused\"\n");
}

TEST_CASE("stream: dates and times must be whole") {
  for (const char* text :
       {"2009/01/2", "2009-01-23", "20090/1/23", "01:23", "1:23:23", "ab:cd:ef"}) {
    CAPTURE(text);
    CHECK(parse_line(text, false).message == text);
  }
  CHECK(parse_line("01:23:23.", false) ==
        line_parts{.date = {}, .time = "01:23:23", .file = {}, .message = "."});
}

TEST_CASE("stream: takes all that is written, a record per line [log/stdlib-adapter:6]") {
  const recorded r;
  {
    kit::log::stream s(r.log);
    s << "one " << 1 << '\n';
    CHECK(r.take() == "msg=\"one 1\"\n");
    s << "a\nb\nc" << std::flush;
    CHECK(r.take() == "msg=a\nmsg=b\n");
    s << "d\n\n";
    CHECK(r.take() == "msg=cd\nmsg=\n");
    CHECK(s.rdbuf()->sputn("1234", 4) == 4);
    CHECK(s.good());
  }
  CHECK(r.take() == "msg=1234\n");  // the rest
}

TEST_CASE("stream: a failing sink leaves the stream good; the logger's handler hears of it") {
  struct failing final : kit::log::sink {
    void write(const kit::log::record&) override { throw kit::error(kit::errc::data_loss); }
  };
  int errors = 0;
  kit::log::stream s(kit::log::logger(
      {.sink = std::make_shared<failing>(), .on_error = [&](const kit::error&) { ++errors; }}));
  s << "lost\n";
  CHECK(errors == 1);
  CHECK(s.good());
}

TEST_CASE("stream: a line that is too long is cut") {
  const recorded r;
  {
    kit::log::stream s(r.log, {.max_line = 4});
    s << "1234\n12345\n12345678\n\n" << "1234";
    s << "\nx\n";
  }
  CHECK(r.take() == "msg=1234\nmsg=1234\nmsg=5\nmsg=1234\nmsg=5678\nmsg=\nmsg=1234\nmsg=x\n");
  CHECK_THROWS_AS(kit::log::stream(r.log, {.max_line = 0}), kit::error);
}

TEST_CASE("stream: catches what is written to another one") {
  const recorded r;
  std::ostream theirs(nullptr);
  kit::log::stream s(r.log);
  theirs.rdbuf(s.rdbuf());
  theirs << "2009/01/23 theirs" << std::endl;
  CHECK(r.take() == "ts=2009/01/23 msg=theirs\n");
}
