#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace test {

/// Whether a program is in PATH.
inline bool has_program(std::string_view name) {
  const auto command = "command -v " + std::string(name) + " >/dev/null 2>&1";
  return std::system(command.c_str()) == 0;
}

/// A port of 127.0.0.1 where nobody listens, below those that outgoing connections get.
inline std::uint16_t free_port() {
  static std::uint16_t next = static_cast<std::uint16_t>(12'000 + ::getpid() % 15'000);
  asio::io_context io;
  for (;;) {
    asio::ip::tcp::acceptor a(io);
    std::error_code failed;
    a.open(asio::ip::tcp::v4());
    a.set_option(asio::socket_base::reuse_address(true));
    a.bind({asio::ip::make_address("127.0.0.1"), ++next}, failed);
    if (!failed) return next;
  }
}

/// Somebody else's server, while it lives: started with a free port, and waited for.
class server_program {
 public:
  /// `command` makes the words from the port. What the server writes goes to `output`.
  explicit server_program(const std::function<std::vector<std::string>(std::string port)>& command,
                          const std::string& output = "/dev/null")
      : port_(free_port()) {
    const auto words = command(std::to_string(port_));
    std::vector<char*> arguments;
    for (const auto& w : words)
      arguments.push_back(const_cast<char*>(w.c_str()));
    arguments.push_back(nullptr);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      const int out = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      ::dup2(out, 1);
      ::dup2(out, 2);
      ::execvp(arguments[0], arguments.data());
      ::_exit(127);
    }
    wait_until_ready();
  }
  server_program(const server_program&) = delete;
  ~server_program() { stop(SIGKILL); }

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view scheme, std::string_view target = "/") const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_) + std::string(target);
  }
  void stop(int signal = SIGTERM) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  void wait_until_ready() {
    using namespace std::chrono_literals;
    asio::io_context io;
    for (const auto end = std::chrono::steady_clock::now() + 30s;;) {
      asio::ip::tcp::socket s(io);
      std::error_code failed;
      s.connect({asio::ip::make_address("127.0.0.1"), port_}, failed);
      if (!failed) return;
      REQUIRE(::waitpid(pid_, nullptr, WNOHANG) == 0);
      REQUIRE(std::chrono::steady_clock::now() < end);
      std::this_thread::sleep_for(2ms);
    }
  }

  std::uint16_t port_;
  pid_t pid_ = 0;
};

}  // namespace test
