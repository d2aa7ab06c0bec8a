// A server that proxies stand in front of, and that calls others itself; proxies_test.py talks to
// it. Listens twice: for proxies that say in fields who asks, and for those that speak the PROXY
// protocol. Ends on SIGTERM.
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/experimental/awaitable_operators.hpp>

#include <kit/connection_info.hpp>
#include <kit/endpoint.hpp>
#include <kit/runtime.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <transports/http/client.hpp>
#include <transports/http/event_stream.hpp>
#include <transports/http/router.hpp>
#include <transports/http/serve.hpp>

namespace http = kit::http;

struct caller {
  std::string address, by, scheme, host;
};

// Without the ports, which nobody can know before.
std::string host_of(std::string_view address) {
  return std::string(address.substr(0, address.rfind(':')));
}

asio::awaitable<caller> who(http::request) {
  const auto& c = *(co_await kit::this_context()).get<kit::connection_info>();
  // An address from a field has no port.
  const bool has_port = c.remote_address.find(':') != std::string::npos;
  co_return caller{has_port ? host_of(c.remote_address) : c.remote_address,
                   host_of(c.proxy_address), std::string(c.scheme()), c.forwarded_host};
}

asio::awaitable<http::response> upload(http::request r) {
  std::uint64_t bytes = 0;
  std::uint32_t sum = 0;
  while (const auto piece = co_await r.body.read()) {
    bytes += piece->size();
    for (const char c : *piece)
      sum += static_cast<unsigned char>(c);
  }
  co_return http::response::text(http::status::ok,
                                 std::to_string(bytes) + " " + std::to_string(sum));
}

asio::awaitable<void> tick(http::event_sink& out) {
  for (int n = 1;; ++n) {
    co_await out.send({.data = "tick", .id = std::to_string(n)});
    co_await kit::sleep_for(std::chrono::milliseconds(100));
  }
}

asio::awaitable<http::response> events(http::request) {
  co_return http::event_stream(tick);
}

struct calls {
  std::string url;
  int count = 1;
  std::string content;  // to be put; none: GET
};
struct outcome {
  int succeeded = 0;
  std::uint64_t bytes = 0;
  std::string failure;
};

// Ten calls at a time.
asio::awaitable<void> call_some(const http::handler& client, const calls& c, outcome& o) {
  for (int i = 0; i < c.count / 10; ++i) {
    const auto method = c.content.empty() ? http::method::get : http::method::put;
    const auto r = co_await client.try_call(
        http::request{.method = method, .target = c.url, .body = c.content});
    if (!r) {
      o.failure = r.error().message();
    } else if (r->status == http::status::ok) {
      ++o.succeeded;
      o.bytes += r->body.bytes().size();
    }
  }
}

asio::awaitable<outcome> call(const http::handler& client, calls c) {
  using namespace asio::experimental::awaitable_operators;
  outcome o;
  const auto one = [&] { return call_some(client, c, o); };
  co_await (one() && one() && one() && one() && one() && one() && one() && one() && one() && one());
  co_return o;
}

int main(int count, char** arguments) {
  kit::runtime rt({.handle_signals = true});
  http::client_options options;
  if (count > 1) options.tls.ca_file = arguments[1];
  const http::client client(options);

  http::router router;
  router.get("/who", kit::endpoint<http::request, caller>(who));
  router.put("/upload", http::streaming(upload));
  router.get("/events", events);
  router.get("/large", [](http::request) -> asio::awaitable<http::response> {
    co_return http::response::text(http::status::ok, std::string(8 * 1024 * 1024, 'x'));
  });
  router.get("/call", kit::endpoint<calls, outcome>(
                          [h = http::handler(client)](calls c) { return call(h, std::move(c)); }));

  const kit::ip_networks trusted{"127.0.0.1"};
  std::cout << http::serve(rt, router,
                           {.forwarding = {.trusted = trusted, .x_forwarded_host = true}})
            << ' ' << http::serve(rt, router, {.proxy_protocol_from = trusted}) << std::endl;
  return rt.run();
}
