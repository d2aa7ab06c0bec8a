// The HTTP server with TLS: a raw handler, without router and codec, on one thread. Put load on it:
//     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
//         -keyout key.pem -out chain.pem
//     build/test/bench/https_server_bench --port 8443 --chain chain.pem --key key.pem &
//     wrk -t1 -c64 -d5s https://127.0.0.1:8443/
// GET /N answers N bytes.
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <asio/awaitable.hpp>

#include <kit/runtime.hpp>
#include <kit/tls/server_context.hpp>
#include <transports/http/serve.hpp>

namespace {

namespace http = kit::http;

asio::awaitable<http::response> answer(http::request r) {
  http::response out;
  std::size_t size = 0;
  std::from_chars(r.target.data() + 1, r.target.data() + r.target.size(), size);
  out.body.storage().assign(size, 'x');
  co_return out;
}

// [https]
std::string serve_https(kit::runtime& rt, std::uint16_t port, std::string chain, std::string key) {
  auto tls = std::make_shared<kit::tls::server_context>(
      kit::tls::server_options{.certificates = {{chain, key}}});
  return kit::http::serve(rt, answer, {.port = port, .tls = tls});
}
// [end]

}  // namespace

int main(int count, char** arguments) try {
  std::map<std::string, std::string> given{{"--port", "8443"}, {"--chain", ""}, {"--key", ""}};
  for (int i = 1; i + 1 < count; i += 2) {
    if (!given.contains(arguments[i])) throw std::invalid_argument(arguments[i]);
    given[arguments[i]] = arguments[i + 1];
  }
  kit::runtime rt({.threads = 1, .handle_signals = true});
  const auto port = static_cast<std::uint16_t>(std::stoi(given["--port"]));
  std::printf("listening on %s\n", serve_https(rt, port, given["--chain"], given["--key"]).c_str());
  std::fflush(stdout);
  return rt.run();
} catch (const std::exception& e) {
  std::fprintf(stderr, "usage: https_server_bench --chain FILE --key FILE [--port N]\n%s\n",
               e.what());
  return 1;
}
