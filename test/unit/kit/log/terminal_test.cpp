#include <kit/log/terminal.hpp>

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <kit/log/json.hpp>
#include <kit/log/logfmt.hpp>

#include "capture.hpp"

using kit::log::color;
using kit::log::colored;
using kit::log::colored_on_terminal;
using kit::log::colors;
using kit::log::event;
using kit::log::level;
using kit::log::logfmt;
using log_test::recorded;

namespace {

std::string in(colors c) {
  const recorded r(colored(logfmt, [c](const event&) { return c; }));
  r.log.print("", "a", 1);
  return r.take();
}

/// The two ends of a terminal.
struct pseudo_terminal {
  pseudo_terminal() : master(::posix_openpt(O_RDWR | O_NOCTTY)) {
    REQUIRE(master >= 0);
    REQUIRE(::grantpt(master) == 0);
    REQUIRE(::unlockpt(master) == 0);
    slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
    REQUIRE(slave >= 0);
  }
  pseudo_terminal(const pseudo_terminal&) = delete;
  pseudo_terminal& operator=(const pseudo_terminal&) = delete;
  ~pseudo_terminal() {
    ::close(slave);
    ::close(master);
  }
  int master;
  int slave = -1;
};

}  // namespace

TEST_CASE("terminal: the colors before, the terminal's own after the line's end [log/term:1]") {
  CHECK(in({.foreground = color::green, .background = color::white}) ==
        "\x1b[32;1m\x1b[47;1ma=1\n\x1b[39;49;22m");
}

TEST_CASE("terminal: foreground before background, none emits nothing [log/term:2]") {
  CHECK(in({.foreground = color::black}) == "\x1b[30ma=1\n\x1b[39;49;22m");
  CHECK(in({.background = color::dark_red}) == "\x1b[41ma=1\n\x1b[39;49;22m");
  CHECK(in({.foreground = color::gray, .background = color::dark_gray}) ==
        "\x1b[37m\x1b[40;1ma=1\n\x1b[39;49;22m");
  CHECK(in({.foreground = color::white}) == "\x1b[37;1ma=1\n\x1b[39;49;22m");
}

TEST_CASE("terminal: without colors it is as it is without us [log/term:3]") {
  CHECK(in({}) == "a=1\n");
}

TEST_CASE(
    "terminal: the function sees the level and all fields, the stored ones, too [log/term:4]") {
  std::string seen;
  const recorded r(colored(logfmt, [&](const event& e) {
    for (const auto& f : e.fields)
      seen += std::string(f.key) + ' ';
    return kit::log::level_colors(e);
  }));
  r.log.with("a", 1).with_suffix("z", 2).error("failed", "b", 3);
  CHECK(seen == "level a msg b z ");
  CHECK(r.take() == "\x1b[31;1mlevel=error a=1 msg=failed b=3 z=2\n\x1b[39;49;22m");
  r.log.info("");
  r.log.print("", "a", 1);
  CHECK(r.take() == "level=info\na=1\n");
  r.log.warn("");
  r.log.debug("");
  CHECK(r.take() == "\x1b[33;1mlevel=warn\n\x1b[39;49;22m\x1b[30;1mlevel=debug\n\x1b[39;49;22m");
}

TEST_CASE("terminal: around JSON, too") {
  const recorded r(
      colored(kit::log::json, [](const event&) { return colors{.foreground = color::dark_red}; }));
  r.log.print("", "b", 1, "a", 2);
  CHECK(r.take() == "\x1b[31m{\"a\":2,\"b\":1}\n\x1b[39;49;22m");
}

TEST_CASE("terminal: an empty function is refused when the encoder is made [log/term:5]") {
  CHECK_THROWS_AS(colored(logfmt, nullptr), kit::error);
  CHECK_THROWS_AS(colored(nullptr), kit::error);
  CHECK_THROWS_AS(colored_on_terminal(-1, logfmt, nullptr), kit::error);
}

TEST_CASE("terminal: one write; where the encoder fails, none [log/term:6]") {
  std::string error;
  const recorded r(
      kit::log::logger_options{.encoder = colored(
                                   [](std::string& out, const event& e) {
                                     if (e.fields.empty())
                                       throw std::runtime_error("nothing to say");
                                     logfmt(out, e);
                                   },
                                   [](const event&) { return colors{.foreground = color::red}; }),
                               .on_error = [&](const kit::error& e) { error = e.message(); }});
  r.log.print("");
  CHECK(r.out->lines().empty());
  CHECK(error == "nothing to say");
  r.log.print("", "a", 1);
  CHECK(r.out->lines().size() == 1);
}

TEST_CASE("terminal: only a terminal has colors; elsewhere nobody is asked [log/term:7]") {
  int pipes[2];
  REQUIRE(::pipe(pipes) == 0);
  CHECK_FALSE(kit::log::is_terminal(pipes[1]));
  CHECK_FALSE(kit::log::is_terminal(-1));
  int asked = 0;
  const auto count = [&](const event&) {
    ++asked;
    return colors{.foreground = color::red};
  };
  const recorded plain(colored_on_terminal(pipes[1], logfmt, count));
  plain.log.print("", "a", 1);
  CHECK(plain.take() == "a=1\n");
  CHECK(asked == 0);
  ::close(pipes[0]);
  ::close(pipes[1]);
}

TEST_CASE("terminal: is known by the descriptor behind the stream [log/sync:4]") {
  const pseudo_terminal terminal;
  CHECK(kit::log::is_terminal(terminal.slave));
  const recorded r(colored_on_terminal(terminal.slave, logfmt));
  r.log.error("");
  CHECK(r.take() == "\x1b[31;1mlevel=error\n\x1b[39;49;22m");
}
