// The client's HTTP/2, to nghttpd, by TLS.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <transports/http/client.hpp>

#include "test/support/http_client/world.hpp"
#include "test/support/server_program.hpp"
#include "test/support/tls/site.hpp"

namespace http = kit::http;
using test::client_world;
using namespace std::chrono_literals;

namespace {

// Files to be served.
class folder {
 public:
  folder()
      : path_(std::filesystem::temp_directory_path() / ("cokit-h2." + std::to_string(::getpid()))) {
    std::filesystem::create_directory(path_);
    std::ofstream(path_ / "small.txt") << "small";
    std::ofstream(path_ / "large.txt") << std::string(20'000'000, 'x');
  }
  ~folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }
  std::string log() const { return path() + "/log"; }

 private:
  std::filesystem::path path_;
};

struct nghttpd {
  folder files;
  test::server_program program{
      [this](std::string port) {
        const auto& site = test::tls_site::get();
        return std::vector<std::string>{
            "nghttpd", "-v", "-d", files.path(), port, site.server.key, site.server.chain};
      },
      files.log()};

  std::string url(const std::string& target) const {
    return "https://localhost:" + std::to_string(program.port()) + target;
  }
  // As its log says, without the one that found it ready.
  std::size_t connections() const {
    std::stringstream text;
    text << std::ifstream(files.log()).rdbuf();
    const auto log = text.str();
    std::set<std::string> ids;
    const std::regex id("\\[id=(\\d+)\\] \\[[^\\]]*\\] recv HEADERS");
    for (std::sregex_iterator i(log.begin(), log.end(), id), end; i != end; ++i)
      ids.insert((*i)[1]);
    return ids.size();
  }
};

http::client make_client() {
  return http::client(
      {.max_connections_per_host = 1, .tls = {.ca_file = test::tls_site::get().ca_file}});
}

}  // namespace

TEST_CASE("http client: HTTP/2 carries many calls on one connection") {
  for (const auto where : test::places) {
    nghttpd server;
    client_world w(where);
    const auto client = make_client();
    std::vector<client_world::started> calls;
    for (int i = 0; i < 300; ++i)
      calls.push_back(w.call(client, {.target = server.url("/small.txt")}));
    for (auto& call : calls) {
      REQUIRE(w.ended(call));
      REQUIRE(call.value().has_value());
      CHECK(call.value()->body.bytes() == "small");
    }
    auto missing = w.call(client, {.target = server.url("/missing")});
    REQUIRE(w.ended(missing));
    CHECK(missing.value()->status == http::status::not_found);
    auto upload = w.call(client, {.method = http::method::post,
                                  .target = server.url("/small.txt"),
                                  .headers = {{"Connection", "keep-alive"}},
                                  .body = std::string(1'000'000, 'u')});
    REQUIRE(w.ended(upload));
    CHECK(upload.value()->status == http::status::ok);
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("http client: HTTP/2 streams, and a cancelled call leaves the others alone") {
  for (const auto where : test::places) {
    nghttpd server;
    client_world w(where);
    const auto client = make_client();
    auto call = w.call(client.streaming(), {.target = server.url("/large.txt")});
    REQUIRE(w.ended(call));
    REQUIRE(call.value().has_value());
    auto answer = *call.value();
    CHECK(answer.body.size() == 20'000'000U);
    auto dropped = w.call(client.streaming(), {.target = server.url("/large.txt")});
    REQUIRE(w.ended(dropped));
    auto cancelled = w.call(client, {.target = server.url("/large.txt")});
    cancelled.cancel();
    REQUIRE(w.ended(cancelled));
    std::size_t size = 0;
    for (;;) {
      auto chunk = w.start(answer.body.read());
      REQUIRE(w.ended(chunk));
      if (!chunk.value()) break;
      size += chunk.value()->size();
    }
    CHECK(size == 20'000'000);
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("http client: an answer by HTTP/2 that nobody reads holds up no other") {
  for (const auto where : test::places) {
    nghttpd server;
    client_world w(where);
    const auto client = make_client().streaming();
    for (int i = 0; i < 3; ++i) {
      auto read = w.call(client, {.target = server.url("/large.txt")});
      REQUIRE(w.ended(read));
      auto left = w.call(client, {.target = server.url("/large.txt")});
      REQUIRE(w.ended(left));
      auto answer = *read.value();
      auto whole = w.start(answer.body.buffer(20'000'000));
      REQUIRE(w.ended(whole));
      whole.value();  // throws what it failed with
      CHECK(answer.body.bytes().size() == 20'000'000);
    }
    CHECK(server.connections() == 1);
  }
}

TEST_CASE("http client: an HTTP/2 server that goes away") {
  for (const auto where : test::places) {
    nghttpd server;
    client_world w(where);
    const auto client = make_client();
    auto call = w.call(client.streaming(), {.target = server.url("/large.txt")});
    REQUIRE(w.ended(call));
    auto answer = *call.value();
    server.program.stop(SIGKILL);
    for (;;) {
      auto chunk = w.start(answer.body.read());
      REQUIRE(w.ended(chunk));
      if (!chunk.failed()) continue;
      CHECK(chunk.error() == kit::errc::unavailable);
      break;
    }
    auto next = w.call(client, {.target = server.url("/small.txt")});
    REQUIRE(w.ended(next));
    CHECK(next.error() == kit::errc::unavailable);
  }
}

TEST_CASE("http client: a server that doesn't speak HTTP/2 when it must") {
  client_world w(test::on::loop);
  test::played_server server(w);
  const http::client client({.protocol = http::client_protocol::http_2_prior_knowledge});
  auto call = w.call(client, {.target = server.url()});
  auto peer = server.accept();
  CHECK(peer->receives("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  peer->send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  peer->close();
  REQUIRE(w.ended(call));
  CHECK(call.error() == kit::errc::unavailable);
}

TEST_CASE("http client: HTTP/2 without TLS, where that is agreed on") {
  for (const auto where : test::places) {
    const folder files;
    test::server_program server([&](std::string port) {
      return std::vector<std::string>{"nghttpd", "--no-tls", "-d", files.path(), port};
    });
    client_world w(where);
    const http::client client({.protocol = http::client_protocol::http_2_prior_knowledge});
    std::vector<client_world::started> calls;
    for (int i = 0; i < 30; ++i)
      calls.push_back(w.call(client, {.target = server.url("http", "/small.txt")}));
    for (auto& call : calls) {
      REQUIRE(w.ended(call));
      REQUIRE(call.value().has_value());
      CHECK(call.value()->body.bytes() == "small");
    }
  }
}
