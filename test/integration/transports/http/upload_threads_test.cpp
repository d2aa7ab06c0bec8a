// Streams where several threads run the loop, and bodies that are read on others.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/http/pushed_body.hpp>
#include <kit/this_context.hpp>
#include <transports/http/server.hpp>

#include "../../../support/http_server/blocking_client.hpp"

namespace http = kit::http;
using namespace std::chrono_literals;

namespace {

// Reads the body, on whatever executor.
asio::awaitable<std::size_t> count(http::body body) {
  std::size_t size = 0;
  while (const auto piece = co_await body.read())
    size += piece->size();
  co_return size;
}

asio::awaitable<void> repeat(std::size_t size, http::body_sink& out) {
  for (std::size_t i = 0; i < 8; ++i)
    co_await out.write(std::string(size / 8, 'y'));
}

asio::awaitable<http::response> answer(asio::thread_pool& pool, http::request r) {
  const auto ctx = co_await kit::this_context();
  std::size_t size = 0;
  if (r.target == "/pool") {
    size = co_await asio::co_spawn(kit::bind_context(pool.get_executor(), ctx), count(r.body),
                                   asio::use_awaitable);
  } else {
    size = co_await count(r.body);
  }
  co_return http::response{
      .body = http::pushed_body([size](http::body_sink& out) { return repeat(size, out); })};
}

void play(std::uint16_t port, std::atomic<int>& right) {
  const std::string body(400'000, 'x');
  for (int i = 0; i < 6; ++i) {
    test::blocking_client c(port);
    for (const char* target : {"/here", "/pool"}) {
      const std::string head =
          "POST " + std::string(target) +
          " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
      // Leaves in the middle. Not of one that is read on the pool: Asio cancels across executors
      // without a lock.
      if (i % 3 == 2) {
        c.send(head + std::string(100'000, 'x'));
        if (i == 5) c.reset();
        break;
      }
      c.send(head);
      c.send(body);
      const auto a = c.answer();
      right += a && a->body == std::string(body.size(), 'y');
    }
  }
}

}  // namespace

TEST_CASE("http uploads: on several threads, and read on others") {
  asio::io_context loop;
  asio::thread_pool pool(2);
  http::server server(loop.get_executor(),
                      [&pool](http::request r) { return answer(pool, std::move(r)); },
                      {.stream_request_bodies = true});
  std::exception_ptr failure;
  asio::co_spawn(loop, server.run(), [&](std::exception_ptr e) { failure = std::move(e); });
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] { loop.run(); });
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i)
    clients.emplace_back([&] { play(server.port(), right); });
  for (auto& c : clients)
    c.join();
  server.stop();
  for (auto& t : threads)
    t.join();
  CHECK(right == 3 * 4 * 2);
  CHECK_FALSE(failure);
  CHECK(server.connections() == 0);
}
