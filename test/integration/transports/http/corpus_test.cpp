// Plays the corpus of test/data/http1 against a real server on loopback.
#include <chrono>
#include <string>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <transports/http/server.hpp>

#include "../../../support/http_corpus.hpp"
#include "../../../support/http_wire.hpp"

namespace {

namespace http = kit::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

// A server and a client on one loop: when it has nothing to do, all that was sent was dealt with.
class playground {
 public:
  playground()
      : server_(loop_.get_executor(), [this](http::request r) { return see(*this, std::move(r)); },
                {.header_timeout = 0ms, .body_grace = 60s}) {
    asio::co_spawn(loop_, server_.run(), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
  }
  ~playground() {
    server_.stop();
    loop_.run_for(5s);
  }

  // Sends the case in pieces of that size, and waits until the outcome is right or it's too late.
  test::http_outcome play(const test::http_case& c, std::size_t piece) {
    outcome_ = {};
    wire_ = {};
    tcp::socket client(loop_);
    client.connect({asio::ip::make_address("127.0.0.1"), server_.port()});
    client.set_option(tcp::no_delay(true));
    client.non_blocking(true);
    for (std::string_view rest = c.wire; !rest.empty() && !outcome_.closed;) {
      std::error_code failed;
      const auto sent = client.write_some(asio::buffer(rest.substr(0, piece)), failed);
      rest.remove_prefix(sent);
      if (failed && failed != asio::error::would_block) break;
      receive(client);
    }
    const auto late = std::chrono::steady_clock::now() + 2s;
    while (!judge(c, outcome_).empty() && std::chrono::steady_clock::now() < late)
      receive(client);
    for (int quiet = 0; quiet < 20; ++quiet)
      if (receive(client)) quiet = 0;
    return outcome_;
  }

 private:
  static asio::awaitable<http::response> see(playground& self, http::request r) {
    self.outcome_.reached.push_back(test::as_seen(r));
    co_return http::response::text(http::status::ok, "seen");
  }

  // Whether anything happened.
  bool receive(tcp::socket& client) {
    bool active = loop_.poll() > 0;
    char bytes[65'536];
    for (std::error_code failed; !outcome_.closed && !failed;) {
      const auto size = client.read_some(asio::buffer(bytes), failed);
      wire_.feed({bytes, size});
      active |= size > 0;
      outcome_.closed = failed && failed != asio::error::would_block;
    }
    if (outcome_.closed) wire_.end();
    while (auto answer = wire_.next(is_head())) {
      if (answer->status >= 200) outcome_.answers.push_back(answer->status);
    }
    return active;
  }

  bool is_head() const {
    const auto n = outcome_.answers.size();
    return n < outcome_.reached.size() && outcome_.reached[n].method == "HEAD";
  }

  asio::io_context loop_{1};
  http::server server_;
  test::http_outcome outcome_;
  test::http_wire wire_;
};

}  // namespace

TEST_CASE("http server: every case of the corpus is right on a socket, whole and byte by byte") {
  playground p;
  const auto cases = test::http_corpus();
  CHECK(cases.size() > 170);
  for (const auto& c : cases) {
    CAPTURE(c.id);
    CAPTURE(c.level);
    CAPTURE(c.reason);
    const auto outcome = p.play(c, c.wire.size());
    CHECK(judge(c, outcome) == "");
    if (c.large) continue;
    const auto split = p.play(c, 1);
    CHECK(judge(c, split) == "");
    CHECK(split.answers == outcome.answers);
    CHECK(split.closed == outcome.closed);
  }
}
