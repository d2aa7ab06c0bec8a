#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <doctest/doctest.h>
#include <unistd.h>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <kit/runtime.hpp>
#include <transports/http/server.hpp>

#include "test/support/process.hpp"

// A program with an HTTP server per thread, as users write it, and signals from outside.

namespace http = kit::http;
using asio::ip::tcp;
using test::process;

namespace {

// What the process tells, after the port's five digits.
constexpr char started = 's';

// Answers when there is a byte in the pipe.
asio::awaitable<http::response> answer_when_let(process::teller tell, int pipe) {
  const auto ex = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor let(ex, ::dup(pipe));
  tell(started);
  char byte;
  co_await asio::async_read(let, asio::buffer(&byte, 1), asio::use_awaitable);
  co_return http::response::text(kit::http::status::ok, "finished");
}

int serve(process::teller tell, int pipe) {
  kit::runtime rt({.threads = 2, .handle_signals = true});
  const http::handler handler = [tell, pipe](http::request) { return answer_when_let(tell, pipe); };
  http::server first(rt.executor(0), handler, {.reuse_port = true});
  http::server second(rt.executor(1), handler, {.port = first.port(), .reuse_port = true});
  rt.on(0, [&] { return first.run(); });
  rt.on(1, [&] { return second.run(); });
  const auto port = std::to_string(100'000 + first.port()).substr(1);
  for (char digit : port)
    tell(digit);
  return rt.run();
}

// The program, and a client in the middle of a request.
struct scene {
  scene() {
    REQUIRE(::pipe(let) == 0);
    program.emplace([this](process::teller tell) { return serve(tell, let[0]); });
    where.port(static_cast<std::uint16_t>(std::stoi(program->told(5))));
    client.connect(where);
    asio::write(client, asio::buffer(std::string_view("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
    REQUIRE(program->told() == std::string(1, started));
  }
  ~scene() {
    ::close(let[0]);
    ::close(let[1]);
  }

  // What still was in the queue of the one that listened is reset.
  void wait_until_nobody_listens() {
    for (std::error_code failed; failed != asio::error::connection_refused;) {
      tcp::socket probe(io);
      probe.connect(where, failed);
      CHECK((!failed || failed == asio::error::connection_refused ||
             failed == asio::error::connection_reset));
      std::this_thread::yield();
    }
  }
  // All that comes, to the end of the connection.
  std::string read_all() {
    std::string all;
    std::error_code end;
    asio::read(client, asio::dynamic_buffer(all), end);
    CHECK(end == asio::error::eof);
    return all;
  }

  asio::io_context io;
  tcp::endpoint where{asio::ip::address_v4::loopback(), 0};
  tcp::socket client{io};
  int let[2];
  std::optional<process> program;
};

}  // namespace

TEST_CASE(
    "served by a runtime: at the first signal what runs is finished, and the exit code is 0") {
  scene s;
  s.program->send(SIGTERM);
  s.wait_until_nobody_listens();
  REQUIRE(::write(s.let[1], "x", 1) == 1);
  const auto got = s.read_all();
  CHECK(got.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(got.find("Connection: close\r\n") != got.npos);
  CHECK(got.ends_with("finished"));
  CHECK(s.program->wait() == 0);
}

TEST_CASE("served by a runtime: at the second signal what runs is cancelled") {
  scene s;
  s.program->send(SIGTERM);
  s.wait_until_nobody_listens();
  s.program->send(SIGTERM);
  CHECK(s.read_all().starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  CHECK(s.program->wait() == 128 + SIGTERM);
}
