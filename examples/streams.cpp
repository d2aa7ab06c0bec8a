#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>

#include <asio/awaitable.hpp>

#include <examples/program.hpp>
#include <kit/timer.hpp>
#include <transports/http/event_stream.hpp>
#include <transports/http/router.hpp>
#include <transports/http/serve.hpp>

namespace {

namespace http = kit::http;

// [streams]
// Reads what the client has sent so far, and makes it wait meanwhile.
asio::awaitable<http::response> upload(http::request r) {
  std::uint64_t bytes = 0;
  while (const auto piece = co_await r.body.read())
    bytes += piece->size();
  co_return http::response::text(http::status::ok, std::to_string(bytes) + " bytes\n");
}

// Server-sent events, until the client leaves or the server stops: that cancels it.
asio::awaitable<void> tick(std::uint64_t n, http::event_sink& out) {
  for (;; ++n) {
    co_await out.send({.data = "tick", .id = std::to_string(n)});
    co_await kit::sleep_for(std::chrono::seconds(1));
  }
}

asio::awaitable<http::response> ticks(http::request r) {
  std::uint64_t seen = 0;  // by a client that connects anew
  const auto id = http::last_event_id(r);
  std::from_chars(id.data(), id.data() + id.size(), seen);
  co_return http::event_stream([seen](http::event_sink& out) { return tick(seen + 1, out); });
}

http::router routes() {
  http::router router;
  router.put("/upload", http::streaming(upload));
  router.get("/ticks", ticks);
  return router;
}
// [end]

}  // namespace

int main(int count, char** arguments) {
  return examples::run(count, arguments,
                       {"PUT /upload counts bytes, GET /ticks sends an event a second."},
                       [](const examples::options& options) {
                         kit::runtime rt({.threads = options.threads, .handle_signals = true});
                         examples::announce(http::serve(rt, routes(), options.http));
                         return rt.run();
                       });
}
