#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include <doctest/doctest.h>
#include <asio/io_context.hpp>

#include <transports/http/detail/socket_watcher.hpp>

namespace {

using kit::http::detail::socket_watcher;

// Looks at one end of a pair of sockets, and reads as much as it is told to.
class world final : private socket_watcher::owner {
 public:
  explicit world(decltype(kit::http::detail::make_reactor_watcher)& make)
      : watcher_(make(*this, loop_.get_executor())) {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()) == 0);
  }
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world() {
    watcher_->forget(ends_[0]);
    for (const int s : ends_)
      ::close(s);
  }

  void send(std::string_view data) { REQUIRE(::write(ends_[1], data.data(), data.size()) > 0); }
  void want(std::uint8_t what) { watcher_->want(ends_[0], what); }
  // How often it was told, of the next `times` at most; reads a byte each time.
  int told(int times) {
    told_ = 0;
    left_ = times;
    loop_.restart();
    loop_.poll();
    return told_;
  }
  socket_watcher& watcher() { return *watcher_; }

 private:
  void ready(int socket, std::uint8_t what) override {
    CHECK((what & socket_watcher::readable) != 0);
    ++told_;
    char byte = 0;
    CHECK(::read(socket, &byte, 1) == 1);
    if (--left_ == 0) want(socket_watcher::none);
  }

  asio::io_context loop_{1};
  std::array<int, 2> ends_{};
  const std::unique_ptr<socket_watcher> watcher_;
  int told_ = 0, left_ = 0;
};

constexpr auto watchers = {&kit::http::detail::make_reactor_watcher,
                           &kit::http::detail::make_descriptor_watcher};

}  // namespace

TEST_CASE("socket watcher: tells again of what wasn't read") {
  for (const auto make : watchers) {
    CAPTURE(make == &kit::http::detail::make_reactor_watcher);
    world w(*make);
    w.want(socket_watcher::readable);
    w.send("abc");
    CHECK(w.told(10) == 3);
    w.send("de");
    CHECK(w.told(10) == 2);
  }
}

TEST_CASE("socket watcher: what comes while it isn't wanted is told of later") {
  for (const auto make : watchers) {
    CAPTURE(make == &kit::http::detail::make_reactor_watcher);
    world w(*make);
    w.want(socket_watcher::readable);
    w.send("a");
    CHECK(w.told(1) == 1);
    w.send("b");
    CHECK(w.told(1) == 0);
    w.want(socket_watcher::readable);
    CHECK(w.told(10) == 1);
  }
}

TEST_CASE("socket watcher: what was left when it wasn't wanted any more, when that is said") {
  for (const auto make : watchers) {
    CAPTURE(make == &kit::http::detail::make_reactor_watcher);
    world w(*make);
    w.want(socket_watcher::readable);
    w.send("abc");
    CHECK(w.told(1) == 1);
    for (int left = 2; left > 0; --left) {
      w.watcher().unread();
      w.want(socket_watcher::readable);
      CHECK(w.told(1) == 1);
    }
  }
}
