// The HTTP server with TLS: a raw handler, without router and codec, on one thread. Put load on it:
//     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
//         -keyout key.pem -out chain.pem
//     build/test/bench/https_server_bench --port 8443 --chain chain.pem --key key.pem &
//     wrk -t1 -c64 -d5s https://127.0.0.1:8443/
// GET /N answers N bytes.
#include <charconv>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <kit/tls/server_context.hpp>
#include <transports/http/server.hpp>

namespace {

namespace http = kit::http;

asio::awaitable<http::response> answer(http::request r) {
  http::response out;
  std::size_t size = 0;
  std::from_chars(r.target.data() + 1, r.target.data() + r.target.size(), size);
  out.body.storage().assign(size, 'x');
  co_return out;
}

}  // namespace

int main(int count, char** arguments) try {
  std::map<std::string, std::string> given{{"--port", "8443"}, {"--chain", ""}, {"--key", ""}};
  for (int i = 1; i + 1 < count; i += 2) {
    if (!given.contains(arguments[i])) throw std::invalid_argument(arguments[i]);
    given[arguments[i]] = arguments[i + 1];
  }
  asio::io_context loop(1);
  http::server server(loop.get_executor(), answer,
                      {.port = static_cast<std::uint16_t>(std::stoi(given["--port"])),
                       .tls = std::make_shared<kit::tls::server_context>(kit::tls::server_options{
                           .certificates = {{given["--chain"], given["--key"]}}})});
  std::printf("listening on %s\n", server.local_address().c_str());
  std::fflush(stdout);
  asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](const std::error_code&, int) { server.stop(); });
  asio::co_spawn(loop, server.run(), [&](std::exception_ptr) { signals.cancel(); });
  loop.run();
} catch (const std::exception& e) {
  std::fprintf(stderr, "usage: https_server_bench --chain FILE --key FILE [--port N]\n%s\n",
               e.what());
  return 1;
}
