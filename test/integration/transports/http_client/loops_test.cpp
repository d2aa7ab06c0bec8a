// The client on the loops of real applications, with a real server.
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <kit/monitor.hpp>
#include <kit/runtime.hpp>
#include <kit/this_context.hpp>
#include <transports/http/client.hpp>

#include "test/support/http_client/served.hpp"

namespace http = kit::http;
using namespace std::chrono_literals;

namespace {

asio::awaitable<http::response> echo(http::request req) {
  auto r = http::response::text(http::status::ok, req.body.take());
  r.headers.set("X-Target", req.target);
  co_return r;
}

asio::awaitable<void> call_often(http::handler client, std::string url, int times,
                                 std::atomic<int>& answered) {
  for (int i = 0; i < times; ++i) {
    const auto text = std::to_string(i);
    const auto r = co_await client(
        http::request{.method = http::method::post, .target = url + text, .body = text});
    if (r.body.bytes() == text) ++answered;
  }
}

asio::awaitable<http::response> never(http::request) {
  co_await kit::wait_until(kit::time_point::max());
  co_return http::response{};
}

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

TEST_CASE("http client: one client on all loops of a runtime, each with its own connections") {
  const test::served server(echo);
  const http::client client;
  std::atomic<int> answered = 0;
  kit::runtime rt({.threads = 3});
  std::atomic<int> left = 3 * 8;
  const auto work = [&]() -> asio::awaitable<void> {
    co_await call_often(client, server.url("/"), 50, answered);
    if (--left == 0) rt.stop();
  };
  for (std::size_t loop = 0; loop < 3; ++loop) {
    for (int i = 0; i < 8; ++i)
      rt.on(loop, work);
  }
  CHECK(rt.run() == 0);
  CHECK(answered == 3 * 8 * 50);
}

TEST_CASE("http client: an io_context run by several threads") {
  const test::served server(echo);
  std::atomic<int> answered = 0;
  asio::io_context io;
  {
    const http::client client;
    for (int i = 0; i < 16; ++i)
      asio::co_spawn(io, call_often(client, server.url("/"), 100, answered), rethrow);
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] { io.run(); });
  for (auto& t : threads)
    t.join();
  CHECK(answered == 16 * 100);
}

TEST_CASE("http client: called from a thread pool, and from a strand") {
  const test::served server(echo);
  std::atomic<int> answered = 0;
  const http::client client;
  asio::thread_pool pool(2);
  asio::co_spawn(pool, call_often(client, server.url("/"), 20, answered), asio::use_future).get();
  asio::co_spawn(asio::make_strand(pool), call_often(client, server.url("/"), 20, answered),
                 asio::use_future)
      .get();
  CHECK(answered == 40);
}

TEST_CASE("http client: streamed content on several threads") {
  const test::served server(echo);
  asio::io_context io;
  const http::client client;
  std::atomic<int> complete = 0;
  struct reading {
    static asio::awaitable<void> all(http::handler client, std::string url,
                                     std::atomic<int>& complete) {
      for (int i = 0; i < 20; ++i) {
        auto r = co_await client(http::request{
            .method = http::method::post, .target = url, .body = std::string(100'000, 'x')});
        std::size_t size = 0;
        while (const auto chunk = co_await r.body.read())
          size += chunk->size();
        if (size == 100'000) ++complete;
      }
    }
  };
  for (int i = 0; i < 8; ++i)
    asio::co_spawn(io, reading::all(client.streaming(), server.url("/"), complete), rethrow);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] { io.run(); });
  for (auto& t : threads)
    t.join();
  CHECK(complete == 8 * 20);
}

TEST_CASE("http client: loops that end while calls are under way, and the client before its loop") {
  const test::served server(never);
  for (const int hint : {1, 2}) {
    CAPTURE(hint);
    std::atomic<int> answered = 0;
    {
      const http::client client;  // outlives its loops
      for (int round = 0; round < 3; ++round) {
        asio::io_context io(hint);
        for (int i = 0; i < 4; ++i)
          asio::co_spawn(io, call_often(client, server.url("/"), 1, answered), rethrow);
        io.run_for(2ms);
      }
    }
    asio::io_context io(hint);
    {
      const http::client client;
      asio::co_spawn(io, call_often(client, server.url("/"), 1, answered), rethrow);
      io.run_for(2ms);
    }
    CHECK(answered == 0);
  }
}

TEST_CASE("http client: ends with the call that took too long, and its loop at once") {
  const test::served server(never);
  for (const int hint : {1, 2}) {
    CAPTURE(hint);
    asio::io_context io(hint);
    bool late = false;
    auto call = [&]() -> asio::awaitable<void> {
      const http::client client({.timeout = 20ms});
      const auto r = co_await client.try_call({.target = server.url("/")});
      late = !r && r.error() == kit::errc::deadline_exceeded;
    };
    asio::co_spawn(io, call(), rethrow);
    const auto start = std::chrono::steady_clock::now();
    io.run();
    CHECK(late);
    CHECK(std::chrono::steady_clock::now() - start < 5s);  // libcurl's timer is for 10 s
  }
}

TEST_CASE("http client: time limits and cancellation, on several threads") {
  const test::served server([](http::request r) -> asio::awaitable<http::response> {
    if (r.target == "/slow") co_await kit::wait_until(kit::time_point::max());
    co_return http::response::text(http::status::ok, "hello");
  });
  asio::io_context io;
  const http::client client({.timeout = 2ms});
  std::atomic<int> ended = 0;
  auto call = [&](int n) -> asio::awaitable<void> {
    for (int i = 0; i < 50; ++i) {
      const bool slow = (n + i) % 3 == 0;
      http::request req{.target = server.url(slow ? "/slow" : "/")};
      if (i % 5 == 0) {
        const http::client other({.timeout = 1ms});
        (void)co_await other.try_call(std::move(req));
      } else if (i % 5 == 1) {
        (void)co_await kit::with_timeout(1ms, http::handler(client).try_call(std::move(req)));
      } else {
        (void)co_await client.try_call(std::move(req));
      }
      ++ended;
    }
  };
  for (int n = 0; n < 16; ++n)
    asio::co_spawn(io, call(n), rethrow);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] { io.run(); });
  for (auto& t : threads)
    t.join();
  CHECK(ended == 16 * 50);
}

TEST_CASE("http client: inside the handler of a server on the same loop") {
  const test::served backend(echo);
  const http::client client;
  kit::runtime rt;
  const http::handler front = [&](http::request req) -> asio::awaitable<http::response> {
    req.target = backend.url(req.target);
    return http::handler(client)(std::move(req));
  };
  const auto address = http::serve(rt, front);
  std::atomic<int> answered = 0;
  rt.on(0, [&]() -> asio::awaitable<void> {
    co_await call_often(client, "http://" + address + "/", 50, answered);
    rt.stop();
  });
  CHECK(rt.run() == 0);
  CHECK(answered == 50);
}

TEST_CASE("http client: uploads without a byte, one after another") {
  struct nothing final : http::body_source {
    asio::awaitable<std::optional<std::string>> read() override { co_return std::nullopt; }
  };
  struct calls {
    static asio::awaitable<int> in(http::client client, std::string url) {
      int done = 0;
      for (int i = 0; i < 1'000; ++i) {
        const auto r = co_await client.try_call({.method = http::method::put,
                                                 .target = url,
                                                 .body = http::body(std::make_shared<nothing>())});
        if (r && r->status == http::status::ok) ++done;
      }
      co_return done;
    }
    static asio::awaitable<http::response> answer(http::request) {
      co_return http::response{.status = http::status::ok};
    }
  };
  const test::served server(calls::answer);
  const http::client client({.timeout = std::chrono::seconds(1)});
  int done = 0;
  asio::io_context loop(1);
  asio::co_spawn(loop, calls::in(client, server.url()), [&](std::exception_ptr failure, int n) {
    CHECK(!failure);
    done = n;
  });
  loop.run();
  CHECK(done == 1'000);
}
