// Cokit inside an application that owns its io_context: whatever is started and stopped in it,
// thousands of times while it runs, leaves nothing behind.
#include <array>
#include <exception>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <malloc.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>

#include <kit/connection.hpp>
#include <kit/gate.hpp>
#include <kit/runtime.hpp>
#include <kit/task_set.hpp>
#include <kit/tcp_network.hpp>
#include <kit/testing/memory_network.hpp>
#include <kit/timer.hpp>
#include <transports/http/server.hpp>

using namespace std::chrono_literals;
namespace http = kit::http;

namespace {

constexpr int many = EMBEDDING_ROUNDS;
constexpr int many_with_threads = many / 5;

// What a process may grow by.
struct usage {
  std::size_t bytes = 0;  // allocated and not freed; 0 under a sanitizer that does not tell
  std::size_t files = 0;
  std::size_t timers = 0;

  static usage now(kit::timer_wheel& wheel) {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return {::mallinfo2().uordblks,
            static_cast<std::size_t>(std::distance(begin(files), end(files))), wheel.armed()};
  }
};

// One start and stop, the i-th.
using cycle = std::function<asio::awaitable<void>(int i)>;

asio::awaitable<void> repeat(cycle once, int times, std::size_t slack) {
  auto& wheel = kit::timer_wheel::of(co_await asio::this_coro::executor);
  const int warm = times / 4;
  usage before;
  for (int i = 0; i < times; ++i) {
    if (i == warm) {
      co_await kit::sleep_for(20ms);  // for what is still unwinding on other threads
      before = usage::now(wheel);
    }
    co_await once(i);
  }
  co_await kit::sleep_for(20ms);
  const auto after = usage::now(wheel);
  MESSAGE((times - warm) << " rounds: " << before.bytes << " -> " << after.bytes << " bytes, "
                         << before.files << " -> " << after.files << " files, " << before.timers
                         << " -> " << after.timers << " timers");
  CHECK(after.bytes <= before.bytes + slack);
  CHECK(after.files <= before.files);
  CHECK(after.timers <= before.timers);
}

// Runs what `make` makes for its executor, in an io_context of the application.
template <class Make>
void in_application(int threads, int times, Make make) {
  asio::io_context context(threads);
  asio::any_io_executor ex = context.get_executor();
  if (threads > 1) ex = asio::make_strand(ex);
  std::exception_ptr failure;
  const std::size_t slack = threads > 1 ? 200'000 : 20'000;
  auto once = make(ex);  // it may own the network, which outlives what runs in it
  asio::co_spawn(ex, repeat(once, times, slack), [&](std::exception_ptr e) { failure = e; });
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i)
    others.emplace_back([&] { context.run(); });
  context.run();
  for (auto& t : others)
    t.join();
  if (failure) std::rethrow_exception(failure);
}

// --- HTTP server

asio::awaitable<http::response> answer(http::request) {
  co_return http::response::text(kit::http::status::ok, "hello");
}

asio::awaitable<void> get(kit::network& network, std::string address) {
  auto connected = co_await network.connect(address);
  REQUIRE_MESSAGE(connected, connected.error.message());
  constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  CHECK(co_await write(*connected.stream, asio::buffer(request)));
  std::array<char, 512> buffer;
  const auto r = co_await connected.stream->read_some(asio::buffer(buffer));
  CHECK(std::string_view(buffer.data(), r.size).starts_with("HTTP/1.1 200 OK\r\n"));
}

// With a request every so often; stopped, or cancelled.
asio::awaitable<void> serve_once(http::server& server, kit::network& network, int i) {
  kit::task_set tasks(co_await asio::this_coro::executor);
  REQUIRE(tasks.try_spawn("server", server.run()));
  if (i % 20 == 0) co_await get(network, server.local_address());
  if (i % 3 == 0) {
    tasks.cancel();
  } else {
    server.stop();
  }
  const auto r = co_await tasks.join(10s);
  REQUIRE(r.all_ended());
  r.rethrow();
}

asio::awaitable<void> serve(http::server_options options, kit::network& from, int i) {
  http::server server(co_await asio::this_coro::executor, answer, options);
  co_await serve_once(server, from, i);
}

asio::awaitable<void> serve_in_memory(kit::testing::memory_network& net, int i) {
  http::server server(co_await asio::this_coro::executor, answer, {.address = "db", .port = 80},
                      net.host("db"));
  co_await serve_once(server, net.host("web"), i);
}

cycle servers_on_loopback(const asio::any_io_executor& ex) {
  return [net = std::make_shared<kit::tcp_network>(ex)](int i) { return serve({}, *net, i); };
}

using memory_net = kit::testing::memory_network;

cycle servers_in_memory(const asio::any_io_executor& ex) {
  auto net = std::make_shared<memory_net>(ex, kit::random_source(1));
  return [net](int i) { return serve_in_memory(*net, i); };
}

// --- the core's components

asio::awaitable<void> use_task_set(int i) {
  kit::task_set tasks(co_await asio::this_coro::executor, {.limit = 2});
  co_await tasks.spawn("quick", kit::sleep_for(0s));
  co_await tasks.spawn("long", kit::sleep_for(1h));
  if (i % 2 == 0) co_await tasks.spawn("waits for its place", kit::sleep_for(1h));
  tasks.cancel();
  CHECK((co_await tasks.join(10s)).all_ended());
}

// Destroyed without being waited for.
asio::awaitable<void> abandon_task_set(int) {
  kit::task_set tasks(co_await asio::this_coro::executor);
  CHECK(tasks.try_spawn("long", kit::sleep_for(1h)));
}

asio::awaitable<void> use_gate(int) {
  kit::gate gate;
  kit::task_set tasks(co_await asio::this_coro::executor);
  struct helper {
    static asio::awaitable<void> stay(kit::gate::holder inside) {
      co_await kit::sleep_for(0s);
      (void)inside;
    }
  };
  CHECK(tasks.try_spawn("inside", helper::stay(gate.enter())));
  CHECK(co_await gate.close());
  CHECK((co_await tasks.join()).all_ended());
}

asio::awaitable<void> use_connection(kit::network& from, kit::network& at, std::string address,
                                     int i) {
  const auto ex = co_await asio::this_coro::executor;
  const auto acceptor = at.listen(address);
  kit::connection c(ex, from, acceptor->local_address(), kit::random_source(1));
  if (i % 3 == 0) co_return;  // while it dials
  CHECK(co_await c.write(asio::buffer("x", 1)));
  if (i % 3 == 1) {
    c.put(co_await c.take(), asio::error::connection_reset);
    CHECK_FALSE(c.connected());
    co_await kit::sleep_for(0s);
  }
  co_await c.close();
}

cycle connections_on_loopback(const asio::any_io_executor& ex) {
  return [net = std::make_shared<kit::tcp_network>(ex)](int i) {
    return use_connection(*net, *net, "127.0.0.1:0", i);
  };
}

cycle connections_in_memory(const asio::any_io_executor& ex) {
  auto net = std::make_shared<memory_net>(ex, kit::random_source(1));
  return [net](int i) { return use_connection(net->host("web"), net->host("db"), ":0", i); };
}

}  // namespace

TEST_CASE("embedding: HTTP servers on loopback come and go in a running io_context") {
  in_application(1, many, servers_on_loopback);
}

TEST_CASE("embedding: HTTP servers on loopback come and go in one that three threads run") {
  in_application(3, many_with_threads, servers_on_loopback);
}

TEST_CASE("embedding: HTTP servers on a network in memory come and go") {
  in_application(1, many, servers_in_memory);
}

TEST_CASE("embedding: task sets come and go, waited for or not") {
  for (auto* once : {&use_task_set, &abandon_task_set}) {
    const auto make = [once](const asio::any_io_executor&) { return cycle(*once); };
    in_application(1, many, make);
    in_application(3, many_with_threads, make);
  }
}

TEST_CASE("embedding: gates come and go") {
  const auto make = [](const asio::any_io_executor&) { return cycle(use_gate); };
  in_application(1, many, make);
  in_application(3, many_with_threads, make);
}

TEST_CASE("embedding: connections come and go, on loopback and in memory") {
  in_application(1, many, connections_on_loopback);
  in_application(3, many_with_threads, connections_on_loopback);
  in_application(1, many, connections_in_memory);
}

TEST_CASE("embedding: runtimes come and go") {
  asio::io_context context;
  auto& wheel = kit::timer_wheel::of(context);
  usage before;
  for (int i = 0; i < 400; ++i) {
    if (i == 100) before = usage::now(wheel);
    kit::runtime rt({.threads = 2, .handle_signals = true});
    rt.on_each([] { return kit::sleep_for(0s); });
    CHECK(rt.run() == 0);
  }
  const auto after = usage::now(wheel);
  CHECK(after.bytes <= before.bytes + 200'000);
  CHECK(after.files <= before.files);
}
