#include <transports/http/log_level.hpp>

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/log/logger.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/recording_log.hpp>
#include <kit/timer.hpp>

using namespace std::chrono_literals;
namespace http = kit::http;
using lines = std::vector<std::string>;

namespace {

struct fixture {
  explicit fixture(http::log_level layer = http::log_level())
      : handler(layer([this](http::request) { return serve(logger); })) {}

  static asio::awaitable<http::response> serve(kit::log::logger base) {
    const auto log = co_await base.here();
    log.debug("begin");
    co_await kit::sleep_for(1s);
    log.debug("end");  // also after it was suspended
    base.debug("unbound");
    co_return http::response();
  }
  lines after(http::headers fields) {
    (void)loop.start(handler.try_call({.target = "/", .headers = std::move(fields)}));
    loop.advance(1s);
    return recorded.take();
  }

  kit::testing::loop loop;
  kit::testing::recording_log recorded;
  kit::log::logger logger{{.sink = recorded.sink(), .levels = kit::log::level::info}};
  http::handler handler;
};

}  // namespace

TEST_CASE("log_level: a request may say how much is logged of it") {
  fixture f;
  CHECK(f.after({}).empty());
  CHECK(f.after({{"X-Log-Level", "debug"}}) == lines{"begin level=debug", "end level=debug"});
  CHECK(f.after({{"x-log-level", " DEBUG "}}).size() == 2);
  CHECK(f.after({{"X-Log-Level", "info"}}).empty());
  CHECK(f.after({{"X-Log-Level", "verbose"}}).empty());
}

TEST_CASE("log_level: the field is an option") {
  fixture f(http::log_level("Debug"));
  CHECK(f.after({{"X-Log-Level", "debug"}}).empty());
  CHECK(f.after({{"Debug", "debug"}}).size() == 2);
  CHECK_THROWS_AS(http::log_level("a b"), kit::error);
  CHECK_THROWS_AS(http::log_level(""), kit::error);
}
