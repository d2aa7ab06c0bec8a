#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/this_coro.hpp>

#include <kit/attempts.hpp>
#include <kit/chain.hpp>
#include <kit/error.hpp>
#include <kit/http/method.hpp>
#include <kit/result.hpp>
#include <kit/task_set.hpp>
#include <kit/this_context.hpp>
#include <middleware/retry.hpp>
#include <transports/http/client.hpp>
#include <transports/http/endpoint_of.hpp>
#include <transports/http/handler_of.hpp>
#include <transports/http/router.hpp>
#include <transports/http/server.hpp>

// Three services that call one another over HTTP, and each try three times, while the last fails.

namespace http = kit::http;
using namespace std::chrono_literals;

namespace {

struct question {
  int n = 0;
};
struct answer {
  int n = 0;
};
using endpoint = kit::endpoint<question, answer>;

// Passes its calls on to the service at that port, and tries again.
endpoint passing_on(const http::client& client, std::uint16_t port) {
  const auto retry = kit::middleware::retry(
      {.limits = kit::retry_limits{.max_attempts = 3, .first_pause = 1ms, .max_pause = 1ms}});
  return kit::chain(retry)(
      http::endpoint_of<question, answer>(client, http::method::post,
                                          "http://127.0.0.1:" + std::to_string(port) + "/"),
      "next");
}

struct last_tier {
  std::size_t calls = 0;
  std::size_t told = 0;  // that somebody above tries again

  endpoint failing() {
    return [this](question) { return call(*this); };
  }
  static asio::awaitable<kit::result<answer>> call(last_tier& self) {
    ++self.calls;
    if (kit::attempt_number_of(co_await kit::this_context())) ++self.told;
    co_return kit::fail(kit::errc::unavailable, "away");
  }
};

http::handler at_root(const endpoint& e) {
  http::router router;
  router.post("/", http::handler_of(e));
  return router;
}

// Has it served as long as the loop runs.
void serve(asio::io_context& io, http::server& server) {
  asio::co_spawn(io, server.run(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

}  // namespace

TEST_CASE("retry: three services that each try three times make a quarter more calls of the last") {
  constexpr std::size_t calls = 2000;
  asio::io_context io(1);
  const http::client client;
  last_tier last;
  http::server third(io.get_executor(), at_root(last.failing()));
  http::server second(io.get_executor(), at_root(passing_on(client, third.port())));
  http::server first(io.get_executor(), at_root(passing_on(client, second.port())));
  const auto caller = passing_on(client, first.port());
  for (auto* server : {&third, &second, &first})
    serve(io, *server);

  std::size_t failed = 0;
  const auto call = [&]() -> asio::awaitable<void> {
    const auto got = co_await caller.try_call({});
    failed += !got && got.error() == kit::errc::unavailable;
  };
  const auto call_all = [&]() -> asio::awaitable<void> {
    kit::task_set tasks(co_await asio::this_coro::executor, {.limit = 50});
    for (std::size_t i = 0; i < calls; ++i)
      co_await tasks.spawn("call", call());
    (co_await tasks.join()).rethrow();
    io.stop();
  };
  asio::co_spawn(io, call_all(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  io.run();

  CHECK(failed == calls);
  CHECK(last.calls > calls);
  CHECK(last.calls < 1.3 * calls);
  CHECK(last.told == last.calls);
}
