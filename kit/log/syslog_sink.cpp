#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <kit/error.hpp>
#include <kit/log/syslog.hpp>

namespace kit::log {
namespace {

using namespace std::chrono_literals;

[[noreturn]] void refuse(const std::string& what) {
  throw error(errc::invalid_argument, "log::syslog_sink_options::" + what);
}

/// Where to send, in a form for connect().
struct destination {
  sockaddr_storage address{};
  socklen_t size = 0;
  int type = SOCK_DGRAM;
};

destination unix_destination(std::string_view path) {
  destination to;
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) refuse("address is no Unix socket");
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  std::memcpy(&to.address, &address, sizeof address);
  to.size = sizeof address;
  return to;
}

destination network_destination(std::string_view host_and_port, int type) {
  const auto colon = host_and_port.rfind(':');
  if (colon == host_and_port.npos || colon == 0) refuse("address has no host or no port");
  std::string host(host_and_port.substr(0, colon));
  const std::string port(host_and_port.substr(colon + 1));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);

  addrinfo hints{};
  hints.ai_socktype = type;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int why = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); why != 0) {
    throw error(errc::unavailable,
                "log::syslog_sink: " + std::string(host_and_port) + ": " + ::gai_strerror(why));
  }
  destination to;
  std::memcpy(&to.address, found->ai_addr, found->ai_addrlen);
  to.size = found->ai_addrlen;
  to.type = type;
  ::freeaddrinfo(found);
  return to;
}

destination find(std::string_view address) {
  if (address.starts_with("unix:")) return unix_destination(address.substr(5));
  if (address.starts_with("udp://")) return network_destination(address.substr(6), SOCK_DGRAM);
  if (address.starts_with("tcp://")) return network_destination(address.substr(6), SOCK_STREAM);
  refuse("address starts with none of unix:, udp:// and tcp://");
}

class descriptor {
 public:
  explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() { reset(); }
  void reset(int fd = -1) noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

bool is_full(int why) noexcept {
  return why == EAGAIN || why == EWOULDBLOCK || why == ENOBUFS;
}

}  // namespace

void require_valid(const syslog_sink_options& options) {
  if (options.max_pending < 1024 || options.max_pending > std::size_t{1} << 30) {
    refuse("max_pending is not in 1 KiB..1 GiB");
  }
  if (options.flush_limit < 0ms) refuse("flush_limit is negative");
}

class syslog_sink::connection {
 public:
  explicit connection(syslog_sink_options options)
      : options_(std::move(options)), to_(find(options_.address)) {}

  void write(std::string_view line) {
    const std::lock_guard lock(mutex_);
    int why = try_write(line);
    if (why != 0 && !is_full(why)) {
      socket_.reset();
      why = try_write(line);
    }
    if (why == 0) return;
    ++dropped_;
    if (is_full(why)) throw error(errc::resource_exhausted, "log::syslog_sink: the peer is slow");
    socket_.reset();
    throw failure(why);
  }

  void flush() {
    std::unique_lock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + options_.flush_limit;
    if (pending_.empty()) return;
    int why = socket_.get() < 0 ? connect() : 0;
    if (why == 0) why = send_pending();
    while (is_full(why)) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      pollfd wanted{.fd = socket_.get(), .events = POLLOUT, .revents = 0};
      if (left <= 0ms || ::poll(&wanted, 1, static_cast<int>(left.count())) <= 0) break;
      why = send_pending();
    }
    if (why != 0) throw failure(why);
  }

  std::uint64_t dropped() const noexcept {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  static error failure(int why) {
    return {errc::unavailable, "log::syslog_sink: " + std::generic_category().message(why)};
  }

  bool is_stream() const noexcept { return to_.type == SOCK_STREAM; }

  /// 0, or why the record could not be sent nor kept.
  int try_write(std::string_view line) {
    if (socket_.get() < 0) {
      if (const int why = connect(); why != 0) return why;
    }
    if (is_stream()) return write_stream(line);
    for (;;) {
      if (::send(socket_.get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
        return 0;
      }
      if (errno != EINTR) return errno;
    }
  }

  int connect() {
    const int why = connect_as(to_.type);
    // What listens at a path tells what it is: a socket of the other type is refused.
    if (why != EPROTOTYPE || to_.address.ss_family != AF_UNIX) return why;
    to_.type = SOCK_STREAM;
    return connect_as(to_.type);
  }
  int connect_as(int type) {
    socket_.reset(::socket(to_.address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket_.get() < 0) return errno;
    sent_ = 0;  // what was begun on the old connection begins anew
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to_.address), to_.size) == 0 ||
        errno == EINPROGRESS) {
      return 0;
    }
    const int why = errno;
    socket_.reset();
    return why;
  }

  int write_stream(std::string_view line) {
    if (const int why = send_pending(); why != 0 && !is_full(why)) return why;
    std::string framed;
    if (options_.octet_counting) framed = std::to_string(line.size()) + ' ';
    framed += line;
    if (pending_bytes_ + framed.size() > options_.max_pending) return EAGAIN;
    pending_bytes_ += framed.size();
    pending_.push_back(std::move(framed));
    const int why = send_pending();
    if (why == 0 || is_full(why)) return 0;
    pending_bytes_ -= pending_.back().size();
    pending_.pop_back();
    return why;
  }

  int send_pending() {
    while (!pending_.empty()) {
      const auto rest = std::string_view(pending_.front()).substr(sent_);
      const auto n = ::send(socket_.get(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno;
      sent_ += static_cast<std::size_t>(n);
      if (sent_ < pending_.front().size()) continue;
      pending_bytes_ -= pending_.front().size();
      pending_.pop_front();
      sent_ = 0;
    }
    return 0;
  }

  const syslog_sink_options options_;
  mutable std::mutex mutex_;  // guards the rest
  destination to_;
  descriptor socket_;
  std::deque<std::string> pending_;
  std::size_t pending_bytes_ = 0;
  std::size_t sent_ = 0;  // of the first pending one
  std::uint64_t dropped_ = 0;
};

syslog_sink::syslog_sink(syslog_sink_options options)
    : connection_([&] {
        require_valid(options);
        return std::make_unique<connection>(std::move(options));
      }()) {}

syslog_sink::~syslog_sink() = default;

void syslog_sink::write(const record& r) {
  if (r.line.ends_with('\n')) return connection_->write(r.line);
  connection_->write(std::string(r.line) + '\n');
}

void syslog_sink::flush() {
  connection_->flush();
}

std::uint64_t syslog_sink::dropped() const noexcept {
  return connection_->dropped();
}

}  // namespace kit::log
