// That a slow name server delays nobody but those who ask it. The system's resolver is replaced in
// this program, so that a name can take as long as the test wants.
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <netdb.h>

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

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming,readability-inconsistent-declaration-parameter-name)
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) noexcept(noexcept(::getaddrinfo(nullptr, nullptr,
                                                                              nullptr, nullptr))) {
  using function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto next = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string_view name = node ? node : "";
  if (name.ends_with(".slow.test")) wait_for_answer();
  return next(name.ends_with(".test") ? "127.0.0.1" : node, service, hints, result);
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
