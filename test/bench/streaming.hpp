#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <kit/http/body.hpp>

// What the benchmarks of streamed content share: a thread of its own plays the peer on a plain
// socket, and bare Asio does the same as Cokit, without HTTP.
namespace bench {

/// What is read or written at a time.
inline constexpr std::size_t piece = 64 * 1024;

/// The peer's end of a connection, which it blocks on.
class plain_socket {
 public:
  explicit plain_socket(int socket) : socket_(socket) {}
  static plain_socket connected(std::uint16_t port) {
    plain_socket s(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(s.socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) std::abort();
    return s;
  }
  plain_socket(plain_socket&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  plain_socket(const plain_socket&) = delete;
  plain_socket& operator=(const plain_socket&) = delete;
  ~plain_socket() {
    if (socket_ >= 0) ::close(socket_);
  }

  void send(std::string_view data) {
    while (!data.empty()) {
      const auto n = ::send(socket_, data.data(), data.size(), MSG_NOSIGNAL);
      if (n <= 0) std::abort();
      data.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  /// Up to the end of the connection; how much it was.
  std::uint64_t take() {
    std::vector<char> into(256 * 1024);
    std::uint64_t all = 0;
    for (;;) {
      const auto n = ::recv(socket_, into.data(), into.size(), 0);
      if (n <= 0) return all;
      all += static_cast<std::uint64_t>(n);
    }
  }
  /// Up to that text, which is the last that comes for now.
  void take_to(std::string_view text) {
    std::vector<char> into(256 * 1024);
    std::string tail;
    while (!tail.ends_with(text)) {
      const auto n = ::recv(socket_, into.data(), into.size(), 0);
      if (n <= 0) std::abort();
      tail.append(into.data(), static_cast<std::size_t>(n));
      if (tail.size() > text.size()) tail.erase(0, tail.size() - text.size());
    }
  }
  /// That many bytes, and a head before them.
  void take_content(std::uint64_t size) {
    std::vector<char> into(256 * 1024);
    std::string head;
    for (std::uint64_t all = 0, wanted = UINT64_MAX; all < wanted;) {
      const auto n = ::recv(socket_, into.data(), into.size(), 0);
      if (n <= 0) std::abort();
      all += static_cast<std::uint64_t>(n);
      if (wanted != UINT64_MAX) continue;
      head.append(into.data(), static_cast<std::size_t>(n));
      const auto end = head.find("\r\n\r\n");
      if (end != head.npos) wanted = end + 4 + size;
    }
  }
  void end() { ::shutdown(socket_, SHUT_WR); }

 private:
  int socket_;
};

class plain_listener {
 public:
  plain_listener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* address = reinterpret_cast<sockaddr*>(&at);
    if (::bind(socket_, address, size) != 0 || ::listen(socket_, 8) != 0 ||
        ::getsockname(socket_, address, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(at.sin_port);
  }
  plain_listener(const plain_listener&) = delete;
  plain_listener& operator=(const plain_listener&) = delete;
  ~plain_listener() { ::close(socket_); }

  std::uint16_t port() const { return port_; }
  plain_socket accept() const { return plain_socket(::accept(socket_, nullptr, nullptr)); }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

/// That many bytes, whose number the body tells or not.
class gives final : public kit::http::body_source {
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

struct times {
  double wall = 0, cpu = 0;  // seconds; cpu of the loop's thread
  double memory = 0;         // MiB more at the peak
};

inline double seconds(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

inline double status_mib(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name)) return std::atof(line.c_str() + name.size()) / 1024;
  }
  return 0;
}

/// Runs the loop in a thread of its own while the peer does its part.
inline times measure(asio::io_context& loop, const std::function<void()>& play,
                     const std::function<void()>& stop) {
  times t;
  std::ofstream("/proc/self/clear_refs") << '5';  // the peak starts anew
  const double before = status_mib("VmRSS:");
  std::thread thread([&] {
    loop.run();
    t.cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
  });
  const double start = seconds(CLOCK_MONOTONIC);
  play();
  t.wall = seconds(CLOCK_MONOTONIC) - start;
  stop();
  thread.join();
  t.memory = status_mib("VmHWM:") - before;
  return t;
}

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

/// Runs the contests of that many bytes in interleaved rounds, as the options say, and prints the
/// medians. The ratios are to the last contest before that is bare Asio.
inline int run(int count, char** arguments, std::vector<contest> (*contests)(std::uint64_t)) {
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
      std::printf("usage: %s [--rounds N] [--mib N]   default 5, 1024\n", arguments[0]);
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
  return 0;
}

}  // namespace bench
