// The sink of syslog against real sockets.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <kit/log/logger.hpp>
#include <kit/log/syslog.hpp>

using namespace std::chrono_literals;
using kit::log::logger;
using kit::log::syslog_sink;
using kit::log::syslog_sink_options;

namespace {

/// A socket that listens, and what came in.
class listener {
 public:
  explicit listener(int fd) : fd_(fd) { REQUIRE(fd >= 0); }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
  ~listener() {
    ::close(connection_);
    ::close(fd_);
  }

  static listener at_path(const std::string& path, int type) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return bound(AF_UNIX, type, address);
  }
  static listener on_loopback(int type) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return bound(AF_INET, type, address);
  }
  std::string port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return std::to_string(ntohs(address.sin_port));
  }

  void accept() {
    ::close(connection_);
    connection_ = ::accept(fd_, nullptr, nullptr);
    REQUIRE(connection_ >= 0);
  }
  void hang_up() {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(connection_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    ::close(connection_);
    connection_ = -1;
  }
  /// The next piece that comes, or "" when the other side has ended.
  std::string read() const {
    char buffer[65536];
    const auto n = ::recv(connection_ >= 0 ? connection_ : fd_, buffer, sizeof buffer, 0);
    return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
  }
  std::string read(std::size_t size) const {
    std::string text;
    while (text.size() < size) {
      const auto piece = read();
      REQUIRE_FALSE(piece.empty());
      text += piece;
    }
    return text;
  }

 private:
  template <class Address>
  static listener bound(int family, int type, const Address& address) {
    const int fd = ::socket(family, type, 0);
    REQUIRE(fd >= 0);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    if (type == SOCK_STREAM) REQUIRE(::listen(fd, 8) == 0);
    return listener(fd);
  }

  int fd_;
  int connection_ = -1;
};

struct path {
  path()
      : text((std::filesystem::temp_directory_path() /
              ("cokit-syslog-" + std::to_string(::getpid())))
                 .string()) {
    std::filesystem::remove(text);
  }
  path(const path&) = delete;
  path& operator=(const path&) = delete;
  ~path() { std::filesystem::remove(text); }
  std::string text;
};

kit::errc failure(syslog_sink& sink, std::string_view line) {
  try {
    sink.write({.level = {}, .line = line});
  } catch (const kit::error& e) {
    return e.code();
  }
  return kit::errc::ok;
}

}  // namespace

TEST_CASE("syslog_sink: a logger's records are datagrams of a Unix socket [log/syslog:5]") {
  const path p;
  const auto daemon = listener::at_path(p.text, SOCK_DGRAM);
  const logger log(
      {.sink = std::make_shared<syslog_sink>(syslog_sink_options{.address = "unix:" + p.text}),
       .encoder = kit::log::syslog(kit::log::logfmt, {.tag = "svc", .process_id = "7"})});
  log.error("failed", "a", 1);
  const auto line = daemon.read();
  CHECK(line.starts_with("<11>"));
  CHECK(line.ends_with(" svc[7]: level=error msg=failed a=1\n"));
}

TEST_CASE("syslog_sink: a line end that is missing is added [log/syslog:5]") {
  const path p;
  const auto daemon = listener::at_path(p.text, SOCK_DGRAM);
  syslog_sink sink({.address = "unix:" + p.text});
  sink.write({.level = {}, .line = "no end"});
  CHECK(daemon.read() == "no end\n");
}

TEST_CASE("syslog_sink: connects again, once, when the daemon was restarted [log/syslog:5]") {
  const path p;
  syslog_sink sink({.address = "unix:" + p.text});
  {
    const auto daemon = listener::at_path(p.text, SOCK_DGRAM);
    CHECK(failure(sink, "one\n") == kit::errc::ok);
    CHECK(daemon.read() == "one\n");
  }
  std::filesystem::remove(p.text);
  CHECK(failure(sink, "nobody there\n") == kit::errc::unavailable);
  CHECK(sink.dropped() == 1);
  const auto again = listener::at_path(p.text, SOCK_DGRAM);
  CHECK(failure(sink, "two\n") == kit::errc::ok);
  CHECK(again.read() == "two\n");
}

TEST_CASE("syslog_sink: never waits for a daemon that doesn't read") {
  const path p;
  const auto daemon = listener::at_path(p.text, SOCK_DGRAM);
  syslog_sink sink({.address = "unix:" + p.text});
  int sent = 0;
  while (failure(sink, "record\n") == kit::errc::ok)
    ++sent;
  CHECK(failure(sink, "record\n") == kit::errc::resource_exhausted);
  CHECK(sink.dropped() == 2);
  for (int i = 0; i < sent; ++i)
    CHECK(daemon.read() == "record\n");
  CHECK(failure(sink, "again\n") == kit::errc::ok);
  CHECK(daemon.read() == "again\n");
}

TEST_CASE("syslog_sink: a Unix stream, where that is what listens") {
  const path p;
  auto daemon = listener::at_path(p.text, SOCK_STREAM);
  syslog_sink sink({.address = "unix:" + p.text});
  sink.write({.level = {}, .line = "one\n"});
  daemon.accept();
  sink.write({.level = {}, .line = "two\n"});
  CHECK(daemon.read(8) == "one\ntwo\n");
}

TEST_CASE("syslog_sink: over UDP") {
  const auto daemon = listener::on_loopback(SOCK_DGRAM);
  syslog_sink sink({.address = "udp://127.0.0.1:" + daemon.port()});
  sink.write({.level = {}, .line = "one\n"});
  sink.write({.level = {}, .line = "two\n"});
  CHECK(daemon.read() == "one\n");
  CHECK(daemon.read() == "two\n");
  sink.flush();
}

TEST_CASE("syslog_sink: over TCP, by lines and by lengths") {
  auto daemon = listener::on_loopback(SOCK_STREAM);
  {
    syslog_sink sink({.address = "tcp://127.0.0.1:" + daemon.port()});
    sink.write({.level = {}, .line = "one\n"});
    sink.write({.level = {}, .line = "two\n"});
    sink.flush();
    daemon.accept();
    CHECK(daemon.read(8) == "one\ntwo\n");
  }
  syslog_sink sink({.address = "tcp://127.0.0.1:" + daemon.port(), .octet_counting = true});
  sink.write({.level = {}, .line = "three\n"});
  sink.flush();
  daemon.accept();
  CHECK(daemon.read(8) == "6 three\n");
}

TEST_CASE("syslog_sink: over TCP what the peer doesn't take waits, up to a limit") {
  auto daemon = listener::on_loopback(SOCK_STREAM);
  syslog_sink sink({.address = "tcp://127.0.0.1:" + daemon.port(),
                    .max_pending = 16 * 1024,
                    .flush_limit = 1ms});
  const std::string line(8000, 'x');
  std::size_t sent = 0;
  while (failure(sink, line + "\n") == kit::errc::ok)
    ++sent;
  CHECK(failure(sink, line + "\n") == kit::errc::resource_exhausted);
  CHECK(sink.dropped() == 2);
  try {
    sink.flush();
    FAIL("nobody reads");
  } catch (const kit::error& e) {
    CHECK(e == kit::errc::unavailable);
  }
  daemon.accept();
  std::size_t received = 0;
  while (received < sent * 8001) {
    received += daemon.read().size();
    (void)failure(sink, "");  // goes on sending
  }
  CHECK(received >= sent * 8001);
}

TEST_CASE("syslog_sink: over TCP connects again when the peer has gone") {
  auto daemon = listener::on_loopback(SOCK_STREAM);
  syslog_sink sink({.address = "tcp://127.0.0.1:" + daemon.port()});
  sink.write({.level = {}, .line = "one\n"});
  sink.flush();
  daemon.accept();
  CHECK(daemon.read(4) == "one\n");
  daemon.hang_up();
  sink.write({.level = {}, .line = "two\n"});
  sink.flush();
  daemon.accept();
  CHECK(daemon.read(4) == "two\n");
}

TEST_CASE("syslog_sink: a peer that cannot be found, or doesn't listen") {
  CHECK_THROWS_AS(syslog_sink({.address = "udp://no.such.host.invalid:514"}), kit::error);
  CHECK_THROWS_AS(syslog_sink({.address = "udp://127.0.0.1:name"}), kit::error);
  std::string port;
  {
    const auto gone = listener::on_loopback(SOCK_STREAM);
    port = gone.port();
  }
  syslog_sink sink({.address = "tcp://127.0.0.1:" + port, .flush_limit = 1000ms});
  // Refused at once, or found out later: the system decides.
  if (failure(sink, "lost\n") == kit::errc::ok) {
    CHECK_THROWS_AS(sink.flush(), kit::error);
  } else {
    CHECK(sink.dropped() == 1);
  }
  syslog_sink nowhere({.address = "unix:/nonexistent/socket"});
  CHECK(failure(nowhere, "lost\n") == kit::errc::unavailable);
}
