// The HTTP server alone: a raw handler, without router and codec, on one thread. Put load on it:
//     build/test/bench/http_server_bench --port 8080 &
//     wrk -t1 -c64 -d5s http://127.0.0.1:8080/healthz
// POST /uppercase {"s":"hello, world"} answers {"v":"HELLO, WORLD"}, POST /count {"v":12}, all else
// an empty 200.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <transports/http/server.hpp>

namespace {

namespace http = kit::http;

// What stands between the third and the fourth quote; escapes are left alone.
std::string_view member(std::string_view json) {
  std::size_t at = 0;
  for (int quote = 0; quote < 3; ++quote)
    at = json.find('"', at) + 1;
  return json.substr(at, json.rfind('"') - at);
}

asio::awaitable<http::response> answer(http::request r) {
  http::response out;
  if (r.method != http::method::post) co_return out;
  const auto text = member(r.body.bytes());
  out.headers.set(http::field::content_type, "application/json");
  auto& json = out.body.storage();
  json = R"({"v":)";
  if (r.target == "/uppercase") {
    json += '"';
    for (char c : text)
      json += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    json += "\"}";
  } else {
    json += std::to_string(text.size()) + '}';
  }
  co_return out;
}

}  // namespace

int main(int count, char** arguments) try {
  http::server_options options{.port = 8080};
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view value = arguments[i + 1];
    if (std::strcmp(arguments[i], "--port") != 0) throw std::invalid_argument("--port N");
    std::from_chars(value.data(), value.data() + value.size(), options.port);
  }
  asio::io_context loop(1);
  http::server server(loop.get_executor(), answer, options);
  std::printf("listening on %s\n", server.local_address().c_str());
  std::fflush(stdout);
  asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](const std::error_code&, int) { server.stop(); });
  asio::co_spawn(loop, server.run(), [&](std::exception_ptr) { signals.cancel(); });
  loop.run();
} catch (const std::exception& e) {
  std::fprintf(stderr, "usage: http_server_bench [--port N]\n%s\n", e.what());
  return 1;
}
