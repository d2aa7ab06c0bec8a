// Streamed bodies through the HTTP server over loopback, against a bare Asio loop that does the
// same without HTTP: a client thread sends (or takes) a gibibyte, a server thread takes (or sends)
// it in pieces of 64 KiB. Rounds are interleaved; of each column the median is told.
//     build/test/bench/http_stream_bench [--rounds N] [--mib N]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
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

namespace {

namespace http = kit::http;
using asio::ip::tcp;
constexpr std::size_t piece = 64 * 1024;

// --- the client

class client {
 public:
  explicit client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) std::abort();
  }
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client() { ::close(socket_); }

  void send(std::string_view data) {
    while (!data.empty()) {
      const auto n = ::send(socket_, data.data(), data.size(), MSG_NOSIGNAL);
      if (n <= 0) std::abort();
      data.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  // Up to the end of the connection; how much it was.
  std::uint64_t take() {
    std::vector<char> into(256 * 1024);
    std::uint64_t all = 0;
    for (;;) {
      const auto n = ::recv(socket_, into.data(), into.size(), 0);
      if (n <= 0) return all;
      all += static_cast<std::uint64_t>(n);
    }
  }
  void end() { ::shutdown(socket_, SHUT_WR); }

 private:
  int socket_;
};

// --- what is measured

struct times {
  double wall = 0, cpu = 0;  // seconds; cpu of the server's thread
  double memory = 0;         // MiB more at the peak
};

double seconds(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

double status_mib(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name)) return std::atof(line.c_str() + name.size()) / 1024;
  }
  return 0;
}

// The loop in a thread of its own while the client does its part.
times measure(asio::io_context& loop, const std::function<void()>& play,
              const std::function<void()>& stop) {
  times t;
  std::ofstream("/proc/self/clear_refs") << '5';  // the peak starts anew
  const double before = status_mib("VmRSS:");
  std::thread server([&] {
    loop.run();
    t.cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
  });
  const double start = seconds(CLOCK_MONOTONIC);
  play();
  t.wall = seconds(CLOCK_MONOTONIC) - start;
  stop();
  server.join();
  t.memory = status_mib("VmHWM:") - before;
  return t;
}

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

times bare(bool up, std::uint64_t size, const std::function<void(client&)>& play) {
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
        client c(port);
        play(c);
      },
      [] {});
}

// --- Cokit

class gives final : public http::body_source {
 public:
  gives(std::uint64_t size, bool sized) : left_(size) {
    if (sized) size_ = size;
  }
  asio::awaitable<std::optional<std::string>> read() override {
    if (left_ == 0) co_return std::nullopt;
    left_ -= piece;
    co_return std::string(piece, 'x');
  }
  std::optional<std::uint64_t> size() const noexcept override { return size_; }

 private:
  std::uint64_t left_;
  std::optional<std::uint64_t> size_;
};

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

times cokit(std::uint64_t size, const std::function<void(client&)>& play) {
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
        client c(server.port());
        play(c);
      },
      [&] { server.stop(); });
}

// --- the rounds

struct contest {
  std::string name;
  std::function<times()> run;
  std::vector<times> seen = {};
};

template <class Member>
double median(const contest& c, Member what) {
  std::vector<double> all;
  for (const auto& t : c.seen)
    all.push_back(t.*what);
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2),
                   all.end());
  return all[all.size() / 2];
}

void take_all(client& c, std::uint64_t size) {
  if (c.take() < size) std::abort();
}

void send_sized(client& c, std::uint64_t size, bool http) {
  const std::string data(256 * 1024, 'x');
  if (http) {
    c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  }
  for (std::uint64_t sent = 0; sent < size; sent += data.size())
    c.send(data);
  if (!http) return c.end();
  take_all(c, 100);
}

void send_chunked(client& c, std::uint64_t size) {
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
      return cokit(size, [size, target](client& c) {
        c.send("GET /" + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        take_all(c, size);
      });
    };
  };
  std::vector<contest> all;
  all.push_back({"up, bare Asio", [size] {
                   return bare(true, size, [size](client& c) {
                     send_sized(c, size, false);
                     c.take();
                   });
                 }});
  all.push_back({"up, sized",
                 [size] { return cokit(size, [size](client& c) { send_sized(c, size, true); }); }});
  all.push_back({"up, chunked",
                 [size] { return cokit(size, [size](client& c) { send_chunked(c, size); }); }});
  all.push_back({"down, bare Asio",
                 [size] { return bare(false, size, [size](client& c) { take_all(c, size); }); }});
  all.push_back({"down, sized", get("sized")});
  all.push_back({"down, chunked", get("chunked")});
  all.push_back({"down, pushed", get("pushed")});
  return all;
}

}  // namespace

int main(int count, char** arguments) {
  std::uint64_t mib = 1024;
  int rounds = 5;
  for (int i = 1; i < count; i += 2) {
    const auto is = [&](const char* option) {
      return i + 1 < count && std::strcmp(arguments[i], option) == 0;
    };
    if (is("--rounds")) {
      rounds = std::atoi(arguments[i + 1]);
    } else if (is("--mib")) {
      mib = std::strtoull(arguments[i + 1], nullptr, 10);
    } else {
      std::printf("usage: http_stream_bench [--rounds N] [--mib N]   default 5, 1024\n");
      return std::strcmp(arguments[i], "--help") == 0 ? 0 : 2;
    }
  }
  auto all = contests(mib << 20);
  for (int round = 0; round < rounds; ++round) {
    for (auto& c : all)
      c.seen.push_back(c.run());
  }
  std::printf("%-18s %10s %10s %8s %8s %8s\n", "", "GiB/s wall", "GiB/s cpu", "wall %", "cpu %",
              "MiB more");
  const contest* base = nullptr;
  for (const auto& c : all) {
    if (c.name.ends_with("Asio")) base = &c;
    const double gib = static_cast<double>(mib) / 1024;
    const double wall = median(c, &times::wall), cpu = median(c, &times::cpu);
    std::printf("%-18s %10.2f %10.2f %8.0f %8.0f %8.1f\n", c.name.c_str(), gib / wall, gib / cpu,
                100 * median(*base, &times::wall) / wall, 100 * median(*base, &times::cpu) / cpu,
                median(c, &times::memory));
  }
}
