// That a slow name server delays nobody but those who ask it. The system's resolver is replaced in
// this program, so that a name can take as long as the test wants.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>

#include <kit/this_context.hpp>
#include <transports/http/client.hpp>

#include "test/support/http_client/world.hpp"

namespace http = kit::http;
using test::client_world;
using test::played_server;
using namespace std::chrono_literals;

namespace {

std::mutex mutex;
std::condition_variable changed;
bool answering = false;
int asked = 0;  // look-ups of slow names under way

void wait_for_answer() {
  std::unique_lock lock(mutex);
  ++asked;
  changed.notify_all();
  changed.wait(lock, [] { return answering; });
  --asked;
  changed.notify_all();
}

// While it lives, look-ups of `*.slow.test` hang.
struct hanging {
  hanging() { answering = false; }
  ~hanging() {
    std::unique_lock lock(mutex);
    answering = true;
    changed.notify_all();
    changed.wait(lock, [] { return asked == 0; });
  }
  int waiting() const {
    const std::lock_guard lock(mutex);
    return asked;
  }
};

// A server that leaves attempts to connect unanswered, until its end.
class full_server {
 public:
  full_server(const std::string& address, std::uint16_t port)
      : endpoint_(asio::ip::make_address(address), port), acceptor_(io_, endpoint_) {
    acceptor_.listen(0);
    for (auto& s : accepted_) {
      s.open(endpoint_.protocol());
      s.native_non_blocking(true);
      (void)::connect(s.native_handle(), endpoint_.data(),
                      sizeof(sockaddr_in));  // goes on by itself
    }
  }

 private:
  asio::io_context io_;
  asio::ip::tcp::endpoint endpoint_;
  asio::ip::tcp::acceptor acceptor_;
  asio::ip::tcp::socket accepted_[2]{asio::ip::tcp::socket(io_), asio::ip::tcp::socket(io_)};
};

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming,readability-inconsistent-declaration-parameter-name)
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) noexcept(noexcept(::getaddrinfo(nullptr, nullptr,
                                                                              nullptr, nullptr))) {
  using function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto next = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string_view name = node ? node : "";
  if (name.ends_with(".slow.test")) wait_for_answer();
  if (name != "two.test") {
    return next(name.ends_with(".test") ? "127.0.0.1" : node, service, hints, result);
  }
  if (const int failed = next("127.0.0.2", service, hints, result)) return failed;
  addrinfo* last = *result;
  while (last->ai_next)
    last = last->ai_next;
  return next("127.0.0.1", service, hints, &last->ai_next);
}

TEST_CASE("http client: a slow name server delays no other call") {
  for (const auto where : test::places) {
    const hanging names;
    client_world w(where);
    played_server server(w);
    const http::client client;
    const auto port = std::to_string(server.port());
    std::vector<client_world::started> slow;
    for (int i = 0; i < 20; ++i) {
      slow.push_back(
          w.call(client, {.target = "http://" + std::to_string(i) + ".slow.test:" + port}));
    }
    REQUIRE(w.settle([&] { return names.waiting() == 20; }));
    for (int i = 0; i < 50; ++i) {
      const std::string name = i % 2 == 0 ? "127.0.0.1" : "n" + std::to_string(i) + ".fast.test";
      auto call = w.call(client, {.target = "http://" + name + ":" + port + "/"});
      static std::unique_ptr<test::server_peer> kept;
      if (i == 0 || i % 2 == 1) {
        auto peer = server.accept();
        CHECK(peer->request().starts_with("GET /"));
        peer->ok("fast");
        if (i == 0) kept = std::move(peer);
      } else {
        kept->request();
        kept->ok("fast");
      }
      REQUIRE(w.ended(call));
      CHECK(call.value()->body.bytes() == "fast");
      if (i == 49) kept.reset();
    }
    CHECK(names.waiting() == 20);
    for (const auto& call : slow)
      CHECK(call.pending());
  }
}

TEST_CASE("http client: a call that waits for a name ends in time, without the name server") {
  for (const auto where : test::places) {
    const hanging names;
    client_world w(where);
    const http::client client;
    auto late = w.start(kit::with_timeout(
        50ms, http::handler(client).try_call(http::request{.target = "http://a.slow.test/"})));
    auto given_up = w.call(client, {.target = "http://b.slow.test/"});
    REQUIRE(w.settle([&] { return names.waiting() == 2; }));
    w.loop.advance(50ms);
    REQUIRE(w.ended(late));
    CHECK(late.error() == kit::errc::deadline_exceeded);
    given_up.cancel();
    REQUIRE(w.ended(given_up));
    CHECK(given_up.error() == kit::errc::canceled);
    CHECK(names.waiting() == 2);
  }
}

TEST_CASE("http client: the loop and the client end while a name is looked up") {
  for (const auto where : test::places) {
    const hanging names;
    {
      client_world w(where);
      auto call = w.call(http::client(), {.target = "http://a.slow.test/"});
      REQUIRE(w.settle([&] { return names.waiting() == 1; }));
    }
    CHECK(names.waiting() == 1);
  }
}

namespace {

// That the second of the name's addresses is asked, and answers. In real time: libcurl has a clock
// of its own.
void check_second(client_world& w, played_server& server, client_world::started& call) {
  std::unique_ptr<test::server_peer> peer;
  auto last = std::chrono::steady_clock::now();
  w.settle([&] {
    const auto now = std::chrono::steady_clock::now();
    w.loop.advance(now - std::exchange(last, now));
    peer = server.accept_within(1ms);
    return peer || call.done();
  });
  REQUIRE(peer);
  CHECK(peer->request().starts_with("GET / HTTP/1.1\r\nHost: two.test"));
  peer->ok("second");
  REQUIRE(w.ended(call));
  CHECK(call.value()->body.bytes() == "second");
}

}  // namespace

TEST_CASE("http client: an address that refuses late is followed by the next at once") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    std::optional<full_server> full(std::in_place, "127.0.0.2", server.port());
    auto call =
        w.call(http::client(), {.target = "http://two.test:" + std::to_string(server.port())});
    w.run();
    CHECK(call.pending());
    full.reset();  // refuses now, as is learned at the next attempt, a second after the first
    check_second(w, server, call);
  }
}

TEST_CASE("http client: an address that never answers is followed by the next") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const full_server full("127.0.0.2", server.port());
    auto call = w.call(http::client({.connect_timeout = 400ms}),
                       {.target = "http://two.test:" + std::to_string(server.port())});
    check_second(w, server, call);
  }
}
