#include <middleware/fallback.hpp>

#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/decision_log.hpp>
#include <kit/http/classify.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>

#include "../../support/calls.hpp"

using kit::errc;
using kit::error;
using kit::middleware::fallback;

namespace {

struct fixture {
  kit::testing::loop loop;
  kit::context log = kit::context().with(kit::decision_log());

  template <class F>
  auto ask(F f, const std::string& want, kit::classify c = {}) {
    const auto call = kit::chain(fallback(f, c))(test::endpoint(test::handle), "sum");
    return loop.start(kit::with_context(log, call.try_call(test::request{want})));
  }
};

test::response instead(const error& e) {
  return {std::string("instead of ") + e.what()};
}

}  // namespace

TEST_CASE_FIXTURE(fixture, "fallback: another answer instead of a failure") {
  CHECK(ask(instead, "error").value()->err == "instead of broken");
  CHECK(log.get<kit::decision_log>()->decisions().at(0).text() ==
        "fallback answered internal: instead of a failure");
  CHECK(ask(instead, "").value()->err.empty());
}

TEST_CASE_FIXTURE(fixture, "fallback: not for the caller's mistakes, nor when it is cancelled") {
  CHECK(ask(instead, "not found").error() == errc::not_found);
  auto c = ask(instead, "wait");
  c.cancel();
  loop.run();
  CHECK(c.error() == errc::canceled);
}

TEST_CASE_FIXTURE(fixture, "fallback: for business errors, where the classifier says so") {
  CHECK(ask(instead, "business").value()->err == "no funds");
  CHECK(ask(instead, "business", kit::classify([](const kit::outcome& o) {
              return kit::classification{.failure = o.failed().has_value()};
            }))
            .value()
            ->err == "instead of no funds");
}

TEST_CASE_FIXTURE(fixture, "fallback: for HTTP's status, where the classifier says so") {
  namespace http = kit::http;
  http::response answer{.status = http::status::service_unavailable};
  const auto call = kit::chain(fallback(
      [](const error& e) {
        return http::response::text(http::status::ok, std::string(e.message()));
      },
      http::by_status()))(
      kit::endpoint<http::request, http::response>(
          [&](http::request) -> asio::awaitable<http::response> { co_return answer; }));
  CHECK(loop.start(call.try_call(http::request{})).value()->body.bytes() ==
        "503 Service Unavailable");
  answer.status = http::status::not_found;
  CHECK(loop.start(call.try_call(http::request{})).value()->status == http::status::not_found);
}

TEST_CASE_FIXTURE(fixture, "fallback: for what layers further in refuse") {
  const auto call = kit::chain(fallback(instead), test::refusing())(test::endpoint(test::handle));
  CHECK(loop.start(call.try_call(test::request{})).value()->err == "instead of too much");
}

TEST_CASE_FIXTURE(fixture, "fallback: may get the request, and be a coroutine, and fail") {
  const auto with_request = [](const error&, test::request r) -> asio::awaitable<test::response> {
    co_return test::response{r.want};
  };
  CHECK(ask(with_request, "error").value()->err == "error");
  const auto failing = [](const error& e) -> kit::result<test::response> {
    return kit::fail(errc::unavailable, std::string("nor ") + e.what());
  };
  CHECK(ask(failing, "error").error() == error(errc::unavailable, "nor broken"));
  const auto throwing = [](const error&) -> test::response { throw std::runtime_error("oh"); };
  CHECK(ask(throwing, "error").error() == errc::unknown);
}
