// A program outside Cokit's tree that uses the installed content codings. It answers 0 when all is
// well.
#include <string>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <transports/http/compression.hpp>

namespace http = kit::http;

asio::awaitable<http::response> echo(http::request req) {
  co_return http::response::text(http::status::ok, req.body.bytes());
}

// Each coding there and back.
asio::awaitable<void> ask(bool& right) {
  const std::string text(5000, 'x');
  const http::handler there = http::compress()(echo), back = http::decompress()(echo);
  for (const char* coding : {"br", "gzip", "deflate"}) {
    http::request plain{.headers = {{"Accept-Encoding", coding}}, .body = text};
    auto packed = co_await there(std::move(plain));
    http::request again{.headers = {{"Content-Encoding", coding}}, .body = std::move(packed.body)};
    right = right && again.body.bytes().size() < 100;
    right = right && (co_await back(std::move(again))).body.bytes() == text;
  }
}

int main() {
  asio::io_context loop(1);
  bool right = true;
  asio::co_spawn(loop, ask(right), [&](std::exception_ptr failure) { right = right && !failure; });
  loop.run();
  return right ? 0 : 1;
}
