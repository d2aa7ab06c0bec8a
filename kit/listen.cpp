#include <kit/listen.hpp>

#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <asio/error.hpp>
#include <asio/local/stream_protocol.hpp>

namespace kit {
namespace {

using asio::local::stream_protocol;

[[noreturn]] void fail(int code, const std::string& what) {
  throw std::system_error(code, std::generic_category(), what);
}

bool is_socket(const std::string& path) noexcept {
  struct stat s{};
  return ::lstat(path.c_str(), &s) == 0 && S_ISSOCK(s.st_mode);
}

// A socket that a process has left behind.
bool is_abandoned(const asio::any_io_executor& ex, const std::string& path) {
  if (!is_socket(path)) return false;
  asio::basic_stream_socket<stream_protocol, asio::any_io_executor> probe(ex);
  std::error_code failed;
  probe.connect(stream_protocol::endpoint(path), failed);
  return failed == asio::error::connection_refused;
}

int option(int descriptor, int name) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

}  // namespace

stream_acceptor listen_on_unix(const asio::any_io_executor& ex, std::string_view path,
                               unsigned mode, int backlog) {
  const std::string name(path);
  const std::string what = "listen on the Unix socket '" + name + "'";
  if (name.empty() || name.size() >= sizeof(sockaddr_un::sun_path) ||
      name.find('\0') != name.npos) {
    fail(ENAMETOOLONG, what);
  }
  try {
    const stream_protocol::endpoint at(name);
    asio::basic_socket_acceptor<stream_protocol, asio::any_io_executor> a(ex, stream_protocol());
    std::error_code failed;
    a.bind(at, failed);
    if (failed == asio::error::address_in_use && is_abandoned(ex, name)) {
      ::unlink(name.c_str());
      a.bind(at, failed);
    }
    if (failed) throw std::system_error(failed);
    if (::chmod(name.c_str(), mode) != 0) fail(errno, what);
    a.listen(backlog);
    return a;
  } catch (const std::system_error& e) {
    throw std::system_error(e.code(), what);
  }
}

void remove_unix_socket(const stream_acceptor& a, std::string_view path) noexcept {
  try {
    const std::string name(path);
    std::error_code failed;
    const auto at = a.local_endpoint(failed);
    const auto* bound = reinterpret_cast<const sockaddr_un*>(at.data());
    if (failed || bound->sun_family != AF_UNIX || name != bound->sun_path) return;
    if (is_socket(name)) ::unlink(name.c_str());
  } catch (...) {  // out of memory: it stays, and is replaced by the next
  }
}

stream_acceptor adopt_listener(const asio::any_io_executor& ex, int descriptor) {
  const std::string what = "descriptor " + std::to_string(descriptor);
  if (option(descriptor, SO_TYPE) != SOCK_STREAM || option(descriptor, SO_ACCEPTCONN) != 1) {
    fail(EINVAL, what + " is no socket that listens");
  }
  const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) fail(errno, what);
  stream_acceptor a(ex);
  std::error_code failed;
  a.assign(asio::generic::stream_protocol(option(copy, SO_DOMAIN), option(copy, SO_PROTOCOL)), copy,
           failed);
  if (!failed) {
    const int yes = 1;  // of TCP: its connections inherit it
    ::setsockopt(copy, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return a;
  }
  ::close(copy);
  throw std::system_error(failed, what);
}

}  // namespace kit
