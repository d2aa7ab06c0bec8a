// An Asio application that owns its io_context, its threads and its signals, here an echo server,
// gets an HTTP interface from Cokit: GET /stats tells what it has echoed, and GET /total asks other
// such servers, too, and adds up what they say. Server and client run on the application's loop.
//   embed --listen 127.0.0.1:8081 & embed http://127.0.0.1:8081
//   echo hello | nc -N 127.0.0.1 <the port of a second line>; curl http://127.0.0.1:8080/total
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/signal_set.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <examples/program.hpp>
#include <kit/endpoint.hpp>
#include <kit/this_context.hpp>
#include <transports/http/client.hpp>
#include <transports/http/endpoint_of.hpp>
#include <transports/http/router.hpp>
#include <transports/http/server.hpp>

namespace {

using asio::ip::tcp;

// --- the application, as it was

struct counters {
  std::atomic<std::uint64_t> sessions = 0;
  std::atomic<std::uint64_t> bytes = 0;
};

void rethrow(std::exception_ptr failure) {  // out of io_context::run
  if (failure) std::rethrow_exception(std::move(failure));
}

// Runs the loop on that many threads, this one included. An exception that leaves it stops it on
// all of them, and is thrown again here, after the join: leaving a thread, it would end the
// program.
void run(asio::io_context& loop, std::size_t count) {
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run_here = [&] {
    try {
      loop.run();
    } catch (...) {
      loop.stop();
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < count; ++i)
      others.emplace_back(run_here);
    run_here();
  }
  rethrow(std::move(failure));
}

asio::awaitable<void> echo(tcp::socket socket, counters& c) try {
  ++c.sessions;
  char buffer[4096];
  for (;;) {
    const auto n = co_await socket.async_read_some(asio::buffer(buffer), asio::use_awaitable);
    c.bytes += n;
    co_await asio::async_write(socket, asio::buffer(buffer, n), asio::use_awaitable);
  }
} catch (const std::system_error&) {
  // The peer has closed or broken the connection.
}

asio::awaitable<void> accept(tcp::acceptor& acceptor, asio::io_context& loop, counters& c) {
  while (acceptor.is_open()) {
    auto socket = co_await acceptor.async_accept(asio::make_strand(loop), asio::use_awaitable);
    const auto ex = socket.get_executor();
    asio::co_spawn(ex, echo(std::move(socket), c), rethrow);
  }
}

// --- what Cokit adds

struct stats_request {};
struct stats_response {
  std::uint64_t sessions = 0;
  std::uint64_t bytes = 0;
};

using stats_endpoint = kit::endpoint<stats_request, stats_response>;

asio::awaitable<stats_response> read(const counters& c) {
  co_return stats_response{.sessions = c.sessions, .bytes = c.bytes};
}

// [client]
// A server that doesn't answer in time is left out.
asio::awaitable<stats_response> add_up(const counters& c,
                                       const std::vector<stats_endpoint>& others) {
  auto sum = co_await read(c);
  for (const auto& stats : others) {
    const auto one = co_await kit::with_timeout(std::chrono::seconds(1), stats.try_call({}));
    if (!one) continue;
    sum.sessions += one->sessions;
    sum.bytes += one->bytes;
  }
  co_return sum;
}

std::vector<stats_endpoint> stats_of(const std::vector<std::string>& urls) {
  const kit::http::client client;  // opens its connections on the loop that it is called on
  std::vector<stats_endpoint> all;
  all.reserve(urls.size());
  for (const auto& url : urls) {
    all.push_back(kit::http::endpoint_of<stats_request, stats_response>(
        client, kit::http::method::get, url + "/stats"));
  }
  return all;
}
// [end]

kit::http::router make_router(const counters& c, const std::vector<std::string>& urls) {
  kit::http::router router;
  router.get("/stats", stats_endpoint([&c](stats_request) { return read(c); }));
  router.get("/total", stats_endpoint([&c, others = stats_of(urls)](stats_request) {
               return add_up(c, others);
             }));
  return router;
}

int serve(const examples::options& options) {
  counters c;
  const auto count = options.threads ? options.threads : std::thread::hardware_concurrency();
  asio::io_context loop(static_cast<int>(count));
  kit::http::server server(loop.get_executor(), make_router(c, options.words), options.http);
  asio::co_spawn(loop, server.run(), [&loop](std::exception_ptr failure) {
    loop.stop();
    rethrow(std::move(failure));
  });
  asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](std::error_code, int) {
    server.stop();  // answers what is under way; the second signal cuts that short
    signals.async_wait([&server](std::error_code, int) { server.cancel(); });
  });
  examples::announce(server.local_address());

  tcp::acceptor acceptor(asio::make_strand(loop),
                         {asio::ip::make_address(options.http.address), tcp::endpoint().port()});
  std::cout << "echoing on " << acceptor.local_endpoint() << std::endl;
  asio::co_spawn(acceptor.get_executor(), accept(acceptor, loop, c), rethrow);

  run(loop, count);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  return examples::run(count, arguments,
                       {.about = "An Asio echo server with GET /stats and /total.",
                        .words = "[URL of another one]..."},
                       serve);
}
