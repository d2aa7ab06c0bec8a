// Streamed content through the HTTP client over loopback, against a bare Asio loop that does the
// same without HTTP: the client sends (or takes) a gibibyte in pieces of 64 KiB, a server thread
// takes (or sends) it. Rounds are interleaved; of each column the median is told.
//     build/test/bench/http_client_stream_bench [--rounds N] [--mib N]
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <transports/http/client.hpp>

#include "test/bench/streaming.hpp"

namespace {

namespace http = kit::http;
using asio::ip::tcp;
using bench::contest;
using bench::gives;
using bench::piece;
using bench::times;

// --- bare Asio

asio::awaitable<void> bare_take(std::uint16_t port) {
  tcp::socket s(co_await asio::this_coro::executor);
  co_await s.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
  std::vector<char> into(piece);
  for (std::error_code failed; !failed;) {
    co_await s.async_read_some(asio::buffer(into),
                               asio::redirect_error(asio::use_awaitable, failed));
  }
}

asio::awaitable<void> bare_give(std::uint16_t port, std::uint64_t size) {
  tcp::socket s(co_await asio::this_coro::executor);
  co_await s.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
  const std::string from(piece, 'x');
  for (std::uint64_t sent = 0; sent < size; sent += piece)
    co_await asio::async_write(s, asio::buffer(from), asio::use_awaitable);
}

// --- Cokit

std::string url(std::uint16_t port) {
  return "http://127.0.0.1:" + std::to_string(port) + "/";
}

asio::awaitable<void> take(std::uint16_t port, std::uint64_t size) {
  const auto client = http::client().streaming();
  auto answer = co_await client(http::request{.target = url(port)});
  std::uint64_t taken = 0;
  while (const auto chunk = co_await answer.body.read())
    taken += chunk->size();
  if (taken != size) std::abort();
}

asio::awaitable<void> give(std::uint16_t port, std::uint64_t size, bool sized) {
  const http::client client;
  const auto answer = co_await client({.method = http::method::post,
                                       .target = url(port),
                                       .body = http::body(std::make_shared<gives>(size, sized))});
  if (answer.status != http::status::ok) std::abort();
}

// --- the server

void send_all(bench::plain_socket& s, std::uint64_t size, bool chunked) {
  std::string data(256 * 1024, 'x');
  if (chunked) data = "40000\r\n" + data + "\r\n";
  for (std::uint64_t sent = 0; sent < size; sent += 256 * 1024)
    s.send(data);
  if (chunked) s.send("0\r\n\r\n");
}

void answer_get(bench::plain_socket& s, std::uint64_t size, bool chunked) {
  s.take_to("\r\n\r\n");
  s.send("HTTP/1.1 200 OK\r\n" +
         (chunked ? "Transfer-Encoding: chunked" : "Content-Length: " + std::to_string(size)) +
         "\r\n\r\n");
  send_all(s, size, chunked);
  s.take();
}

void answer_post(bench::plain_socket& s, std::uint64_t size, bool chunked) {
  if (chunked) {
    s.take_to("0\r\n\r\n");
  } else {
    s.take_content(size);
  }
  s.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  s.take();
}

// --- the rounds

times play(const std::function<asio::awaitable<void>(std::uint16_t)>& client,
           const std::function<void(bench::plain_socket&)>& server) {
  bench::plain_listener listener;
  asio::io_context loop(1);
  asio::co_spawn(loop, client(listener.port()), [](std::exception_ptr failure) {
    if (failure) std::abort();
  });
  return bench::measure(
      loop,
      [&] {
        auto s = listener.accept();
        server(s);
      },
      [] {});
}

std::vector<contest> contests(std::uint64_t size) {
  std::vector<contest> all;
  all.push_back({"up, bare Asio", [size] {
                   return play([size](auto port) { return bare_give(port, size); },
                               [](auto& s) { s.take(); });
                 }});
  for (const bool chunked : {false, true}) {
    all.push_back({chunked ? "up, chunked" : "up, sized", [size, chunked] {
                     return play([size, chunked](auto port) { return give(port, size, !chunked); },
                                 [size, chunked](auto& s) { answer_post(s, size, chunked); });
                   }});
  }
  all.push_back({"down, bare Asio", [size] {
                   return play([](auto port) { return bare_take(port); },
                               [size](auto& s) {
                                 send_all(s, size, false);
                                 s.end();
                                 s.take();
                               });
                 }});
  for (const bool chunked : {false, true}) {
    all.push_back({chunked ? "down, chunked" : "down, sized", [size, chunked] {
                     return play([size](auto port) { return take(port, size); },
                                 [size, chunked](auto& s) { answer_get(s, size, chunked); });
                   }});
  }
  return all;
}

}  // namespace

int main(int count, char** arguments) {
  return bench::run(count, arguments, &contests);
}
