// Servers on Unix sockets and on sockets that are handed over, asked by the client.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <doctest/doctest.h>
#include <asio/io_context.hpp>

#include <kit/connection_info.hpp>
#include <kit/listen.hpp>
#include <kit/runtime.hpp>
#include <kit/this_context.hpp>
#include <transports/http/client.hpp>
#include <transports/http/serve.hpp>
#include <transports/http/server.hpp>

namespace http = kit::http;
namespace fs = std::filesystem;

namespace {

asio::awaitable<http::response> who(http::request) {
  const auto* c = (co_await kit::this_context()).get<kit::connection_info>();
  co_return http::response::text(http::status::ok, c->remote_address + ">" + c->local_address);
}

std::string fresh_path() {
  static int n = 0;
  return (fs::temp_directory_path() /
          ("cokit-sock." + std::to_string(::getpid()) + "." + std::to_string(++n)))
      .string();
}

asio::awaitable<void> ask(http::handler client, std::string url, std::string expected, int times,
                          int& answered, kit::runtime& rt) {
  for (int i = 0; i < times; ++i) {
    const auto r = co_await client.try_call(http::request{.target = url});
    if (r && r->body.text() == expected) ++answered;
  }
  rt.stop();
}

}  // namespace

TEST_CASE("http server: on a Unix socket, by one loop and by several, removed at the end") {
  for (const std::size_t threads : {1U, 3U}) {
    CAPTURE(threads);
    const auto path = fresh_path();
    kit::runtime rt({.threads = threads});
    const auto address = http::serve(rt, who, {.address = "unix:" + path, .unix_mode = 0600});
    CHECK(address == "unix:" + path);
    struct stat s{};
    REQUIRE(::stat(path.c_str(), &s) == 0);
    CHECK((s.st_mode & 0777) == 0600);
    int answered = 0;
    const http::client client({.unix_socket = path});
    rt.on(0, [&] { return ask(client, "http://x/", "unix:>unix:" + path, 20, answered, rt); });
    CHECK(rt.run() == 0);
    CHECK(answered == 20);
    CHECK_FALSE(fs::exists(path));
  }
}

TEST_CASE("http server: a Unix socket that was left behind is replaced, one in use is not") {
  asio::io_context io(1);
  const auto path = fresh_path();
  {
    auto left = kit::listen_on_unix(io.get_executor(), path);
  }
  REQUIRE(fs::exists(path));
  {
    const http::server server(io.get_executor(), who, {.address = "unix:" + path});
    CHECK(server.local_address() == "unix:" + path);
    CHECK(server.port() == 0);
    CHECK_THROWS_AS(http::server(io.get_executor(), who, {.address = "unix:" + path}),
                    std::system_error);
    CHECK(fs::exists(path));
  }
  CHECK_FALSE(fs::exists(path));
  for (const std::string bad : {"unix:", "unix:/nowhere/x.sock", "unix:/etc/hostname"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(http::server(io.get_executor(), who, {.address = bad}), std::system_error);
  }
  CHECK_THROWS_AS(
      http::server(io.get_executor(), who, {.address = "unix:/tmp/" + std::string(200, 'x')}),
      std::system_error);
  CHECK(fs::exists("/etc/hostname"));
}

TEST_CASE("http server: a Unix socket has no port, whatever its path") {
  asio::io_context io(1);
  const auto path = fresh_path() + ":80";
  const http::server server(io.get_executor(), who, {.address = "unix:" + path});
  CHECK(server.local_address() == "unix:" + path);
  CHECK(server.port() == 0);
}

TEST_CASE("http server: on a descriptor that listens already") {
  for (const std::size_t threads : {1U, 2U}) {
    CAPTURE(threads);
    asio::io_context outside;
    auto listening = kit::listen_on_tcp(outside.get_executor(), "127.0.0.1", 0);
    const auto address = kit::to_address(listening.local_endpoint());
    kit::runtime rt({.threads = threads});
    CHECK(http::serve(rt,
                      [](http::request) -> asio::awaitable<http::response> {
                        co_return http::response::text(http::status::ok, "here");
                      },
                      {.address = "fd:" + std::to_string(listening.native_handle())}) == address);
    listening.close();  // the servers have copies
    int answered = 0;
    const http::client client;
    rt.on(0, [&] { return ask(client, "http://" + address, "here", 20, answered, rt); });
    CHECK(rt.run() == 0);
    CHECK(answered == 20);
  }
  asio::io_context io(1);
  for (const std::string bad : {"fd:", "fd:x", "fd:0", "fd:99999", "fd:-1", "fd:1x"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(http::server(io.get_executor(), who, {.address = bad}), std::system_error);
  }
}
