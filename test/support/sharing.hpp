#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/identity.hpp>
#include <kit/metadata.hpp>
#include <kit/result.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

/// For tests of layers by which several calls have one answer.
namespace test::sharing {

using namespace std::chrono_literals;

struct request {
  std::string text;
};
struct response {
  int n = 0;
  std::string err;
  std::string failed() const { return err; }
};
using ep = kit::endpoint<request, response>;

/// A handler that counts its calls, and numbers its answers.
struct fixture {
  kit::testing::loop loop;
  int calls = 0, running = 0;
  kit::duration takes = 10ms;
  std::optional<kit::error> fails;
  std::string business;
  ep handler = [this](request) { return handle(*this); };

  static asio::awaitable<kit::result<response>> handle(fixture& self) {
    const int n = ++self.calls;
    struct inside {
      int& count;
      explicit inside(int& c) : count(++c) {}
      ~inside() { --count; }
    } const in(self.running);
    if (self.takes > 0s) co_await kit::sleep_for(self.takes);
    if (self.fails) co_return kit::fail(*self.fails);
    co_return response{n, self.business};
  }
  auto ask(const ep& call, const std::string& text = "x", const kit::context& ctx = {}) {
    return loop.start(kit::with_context(ctx, call.try_call(request{text})));
  }
  // At once, when nobody waits.
  int n_of(const ep& call, const std::string& text = "x", const kit::context& ctx = {}) {
    auto c = ask(call, text, ctx);
    loop.advance(takes);
    return c.value()->n;
  }
};

inline kit::context of(const std::string& subject) {
  return kit::context().with(kit::identity{.subject = subject});
}
inline kit::context with_key(const std::string& key) {
  return kit::context().with(kit::metadata{{"idempotency-key", key}});
}

}  // namespace test::sharing
