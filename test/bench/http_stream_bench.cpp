// Streamed bodies through the HTTP server over loopback, against a bare Asio loop that does the
// same without HTTP: a client thread sends (or takes) a gibibyte, a server thread takes (or sends)
// it in pieces of 64 KiB. Rounds are interleaved; of each column the median is told.
//     build/test/bench/http_stream_bench [--rounds N] [--mib N]
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <kit/http/pushed_body.hpp>
#include <transports/http/chunked.hpp>
#include <transports/http/server.hpp>

#include "test/bench/streaming.hpp"

namespace {

namespace http = kit::http;
using asio::ip::tcp;
using bench::contest;
using bench::gives;
using bench::measure;
using bench::piece;
using bench::times;

// --- bare Asio

asio::awaitable<void> bare_take(tcp::acceptor& acceptor) {
  auto s = co_await acceptor.async_accept(asio::use_awaitable);
  std::vector<char> into(piece);
  for (std::error_code failed; !failed;) {
    co_await s.async_read_some(asio::buffer(into),
                               asio::redirect_error(asio::use_awaitable, failed));
  }
}

asio::awaitable<void> bare_give(tcp::acceptor& acceptor, std::uint64_t size) {
  auto s = co_await acceptor.async_accept(asio::use_awaitable);
  const std::string from(piece, 'x');
  for (std::uint64_t sent = 0; sent < size; sent += piece)
    co_await asio::async_write(s, asio::buffer(from), asio::use_awaitable);
}

times bare(bool up, std::uint64_t size, const std::function<void(bench::plain_socket&)>& play) {
  asio::io_context loop(1);
  tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
  const auto port = acceptor.local_endpoint().port();
  asio::co_spawn(loop, up ? bare_take(acceptor) : bare_give(acceptor, size),
                 [](std::exception_ptr failure) {
                   if (failure) std::abort();
                 });
  return measure(
      loop,
      [&] {
        auto c = bench::plain_socket::connected(port);
        play(c);
      },
      [] {});
}

// --- Cokit

asio::awaitable<void> push(std::uint64_t size, http::body_sink& out) {
  for (; size > 0; size -= piece)
    co_await out.write(std::string(piece, 'x'));
}

asio::awaitable<http::response> answer(std::uint64_t size, http::request r) {
  std::uint64_t taken = 0;
  while (const auto chunk = co_await r.body.read())
    taken += chunk->size();
  http::response out;
  out.headers.set(http::field::connection, "close");
  if (r.target == "/sized") out.body = http::body(std::make_shared<gives>(size, true));
  if (r.target == "/chunked") out.body = http::body(std::make_shared<gives>(size, false));
  if (r.target == "/pushed") {
    out.body = http::pushed_body([size](http::body_sink& to) { return push(size, to); });
  }
  if (r.method == http::method::post) out.body = std::to_string(taken);
  co_return out;
}

times cokit(std::uint64_t size, const std::function<void(bench::plain_socket&)>& play) {
  asio::io_context loop(1);
  http::server server(loop.get_executor(),
                      [size](http::request r) { return answer(size, std::move(r)); },
                      {.stream_request_bodies = true});
  asio::co_spawn(loop, server.run(), [](std::exception_ptr failure) {
    if (failure) std::abort();
  });
  return measure(
      loop,
      [&] {
        auto c = bench::plain_socket::connected(server.port());
        play(c);
      },
      [&] { server.stop(); });
}

void take_all(bench::plain_socket& c, std::uint64_t size) {
  if (c.take() < size) std::abort();
}

void send_sized(bench::plain_socket& c, std::uint64_t size, bool http) {
  const std::string data(256 * 1024, 'x');
  if (http) {
    c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  }
  for (std::uint64_t sent = 0; sent < size; sent += data.size())
    c.send(data);
  if (!http) return c.end();
  take_all(c, 100);
}

void send_chunked(bench::plain_socket& c, std::uint64_t size) {
  std::string chunk;
  http::append_chunk(chunk, std::string(piece, 'x'));
  std::string four = chunk + chunk + chunk + chunk;
  c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (std::uint64_t sent = 0; sent < size; sent += 4 * piece)
    c.send(four);
  c.send("0\r\n\r\n");
  take_all(c, 100);
}

std::vector<contest> contests(std::uint64_t size) {
  const auto get = [size](const char* target) {
    return [size, target] {
      return cokit(size, [size, target](bench::plain_socket& c) {
        c.send("GET /" + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        take_all(c, size);
      });
    };
  };
  std::vector<contest> all;
  all.push_back({"up, bare Asio", [size] {
                   return bare(true, size, [size](bench::plain_socket& c) {
                     send_sized(c, size, false);
                     c.take();
                   });
                 }});
  all.push_back({"up, sized", [size] {
                   return cokit(size,
                                [size](bench::plain_socket& c) { send_sized(c, size, true); });
                 }});
  all.push_back({"up, chunked", [size] {
                   return cokit(size, [size](bench::plain_socket& c) { send_chunked(c, size); });
                 }});
  all.push_back({"down, bare Asio", [size] {
                   return bare(false, size, [size](bench::plain_socket& c) { take_all(c, size); });
                 }});
  all.push_back({"down, sized", get("sized")});
  all.push_back({"down, chunked", get("chunked")});
  all.push_back({"down, pushed", get("pushed")});
  return all;
}

}  // namespace

int main(int count, char** arguments) {
  return bench::run(count, arguments, &contests);
}
