#include <transports/http/detail/socket_calls.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <string>

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <asio/error.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/ip/tcp.hpp>

#include <kit/tcp_network.hpp>

namespace kit::http::detail {
namespace {

bool is_nothing(int error) noexcept {
  return error == EAGAIN || error == EWOULDBLOCK;
}

template <class Call>
std::string address(int socket, Call call) {
  asio::generic::stream_protocol::endpoint at;
  auto size = static_cast<socklen_t>(at.capacity());
  if (call(socket, at.data(), &size) != 0) return {};
  at.resize(size);
  if (at.data()->sa_family != AF_UNIX) {
    asio::ip::tcp::endpoint tcp;
    std::memcpy(tcp.data(), at.data(), size);
    return to_address(tcp);
  }
  const auto* local = reinterpret_cast<const sockaddr_un*>(at.data());
  const bool named = size > offsetof(sockaddr_un, sun_path) && local->sun_path[0] != '\0';
  return std::string("unix:") + (named ? local->sun_path : "");
}

io_result receive(int socket, std::span<char> into, int flags) noexcept {
  for (;;) {
    const auto n = ::recv(socket, into.data(), into.size(), MSG_DONTWAIT | flags);
    if (n > 0) return {{}, static_cast<std::size_t>(n)};
    if (n == 0) return {asio::error::eof, 0};
    if (is_nothing(errno)) return {};
    if (errno != EINTR) return {std::error_code(errno, std::generic_category()), 0};
  }
}

}  // namespace

io_result receive(int socket, std::span<char> into) noexcept {
  return receive(socket, into, 0);
}

io_result peek(int socket, std::span<char> into) noexcept {
  return receive(socket, into, MSG_PEEK);
}

io_result send(int socket, std::string_view data) noexcept {
  for (;;) {
    const auto n = ::send(socket, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return {{}, static_cast<std::size_t>(n)};
    if (is_nothing(errno)) return {};
    if (errno != EINTR) return {std::error_code(errno, std::generic_category()), 0};
  }
}

namespace {

// sendfile raises SIGPIPE where the peer has gone, and can't be told not to. While it lives, that
// signal is held up, and one that has come is taken away.
class without_pipe_signal {
 public:
  without_pipe_signal() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t waiting;
    sigpending(&waiting);
    was_waiting_ = sigismember(&waiting, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  without_pipe_signal(const without_pipe_signal&) = delete;
  ~without_pipe_signal() {
    if (came_ && !was_waiting_) {
      const timespec at_once{};
      sigtimedwait(&pipe_, nullptr, &at_once);
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  void has_come() noexcept { came_ = true; }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_waiting_ = false;
  bool came_ = false;
};

// At a time, so that others on the loop get their turn.
constexpr std::uint64_t file_piece = 1024 * 1024;

}  // namespace

io_result send_file(int socket, const file_region& file) noexcept {
  without_pipe_signal signals;
  auto at = static_cast<off_t>(file.offset);
  const auto size = static_cast<std::size_t>(std::min(file.size, file_piece));
  for (;;) {
    const auto n = ::sendfile(socket, file.descriptor, &at, size);
    if (n > 0) return {{}, static_cast<std::size_t>(n)};
    if (n == 0) return {std::make_error_code(std::errc::io_error), 0};  // it has become shorter
    if (is_nothing(errno)) return {};
    if (errno == EPIPE) signals.has_come();
    if (errno != EINTR) return {std::error_code(errno, std::generic_category()), 0};
  }
}

void reset_on_close(int socket) noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::string local_address_of(int socket) {
  return address(socket, ::getsockname);
}

int family_of(int socket) noexcept {
  int family = AF_INET;
  socklen_t size = sizeof family;
  ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &size);
  return family;
}

connection_info addresses_of(int socket) {
  return {address(socket, ::getpeername), address(socket, ::getsockname)};
}

int accept_ready(int listener, std::error_code& failed) noexcept {
  for (;;) {
    const int socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    failed = {};
    if (socket >= 0 || is_nothing(errno)) return socket;
    // Of the connection, which has gone meanwhile; not of the listener.
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    failed = std::error_code(errno, std::generic_category());
    return -1;
  }
}

}  // namespace kit::http::detail
