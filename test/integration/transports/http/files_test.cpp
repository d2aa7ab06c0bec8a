// Files over TCP, copied by the system.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include <transports/http/files.hpp>
#include <transports/http/server.hpp>

#include "../../../support/http_server/tcp_world.hpp"
#include "../../../support/http_server/told.hpp"

namespace http = kit::http;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

struct folder {
  folder() : path(fs::temp_directory_path() / ("cokit-served." + std::to_string(::getpid()))) {
    fs::create_directory(path);
    std::string large;
    for (std::size_t i = 0; large.size() < 20'000'000; ++i)
      large += std::to_string(i) + ' ';
    std::ofstream(path / "large.txt") << large;
    content = large;
  }
  ~folder() { fs::remove_all(path); }
  fs::path path;
  std::string content;
};

}  // namespace

TEST_CASE_TEMPLATE("http server: a large file arrives whole, also at a slow reader", World,
                   test::loop_world, test::strand_world) {
  const folder f;
  test::told t;
  World w(http::files(f.path.string()),
          http::server_options{.request_timeout = 5s, .access_log = t.log()});
  test::http_client c(w);
  c.get("/large.txt");
  w.advance(6s);  // no time limit while it is sent
  CHECK((c.answer().body == f.content));
  CHECK(w.settle([&] { return !t.lines->empty(); }));
  CHECK(t.last() == "GET /large.txt [] 200 0>" + std::to_string(f.content.size()) + " completed");
  CHECK((c.get("/large.txt", "Range: bytes=1000000-2999999\r\n").answer().body ==
         f.content.substr(1'000'000, 2'000'000)));
  c.send("HEAD /large.txt HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(c.answer(true).header("content-length") == std::to_string(f.content.size()));
  c.get("/large.txt").get("/none");  // pipelined
  CHECK((c.answer().body == f.content));
  CHECK(c.answer().status == 404);
}

TEST_CASE_TEMPLATE("http server: a client that goes away while a file is sent", World,
                   test::loop_world, test::strand_world) {
  const folder f;
  test::told t;
  World w(http::files(f.path.string()), http::server_options{.access_log = t.log()});
  {
    test::http_client c(w);
    c.get("/large.txt");
    w.run();
    CHECK(t.lines->empty());
    c.reset();
    w.run();
  }
  REQUIRE(w.settle([&] { return t.lines->size() == 1; }));
  CHECK(t.last().ends_with(" client_gone"));
  CHECK(w.settle([&] { return w.server->connections() == 0; }));

  test::http_client late(w);
  late.get("/large.txt");
  w.run();
  w.advance(31s);  // the time limit of writes
  CHECK(w.settle([&] { return w.server->connections() == 0; }));
}

TEST_CASE_TEMPLATE("http server: a file that gets shorter while it is sent breaks the connection",
                   World, test::loop_world, test::strand_world) {
  const folder f;
  World w(http::files(f.path.string()));
  test::http_client c(w);
  c.get("/large.txt");
  w.run();
  fs::resize_file(f.path / "large.txt", 100);
  CHECK(c.answer().status == 0);
  CHECK(w.settle([&] { return w.server->connections() == 0; }));
}
