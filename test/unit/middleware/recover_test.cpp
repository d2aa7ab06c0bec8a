#include <middleware/recover.hpp>

#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/log/sinks.hpp>
#include <kit/testing/loop.hpp>

#include "../../support/calls.hpp"

using kit::errc;
using kit::error;
using kit::middleware::recover;

namespace {

struct fixture {
  kit::testing::loop loop;
  std::ostringstream out;
  kit::log::logger log{{.sink = kit::log::ostream_sink(out)}};

  error ask(auto thrown) {
    const auto call = kit::chain(recover(log))(
        test::endpoint([thrown](test::request) -> asio::awaitable<test::response> {
          throw thrown;
          co_return test::response{};
        }),
        "sum");
    return loop.start(call.try_call(test::request{})).error();
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "recover: an exception becomes an internal error, and a log record") {
  const auto e = ask(std::out_of_range("index 7"));
  CHECK(e == error(errc::internal, "internal error"));
  CHECK_THROWS_AS(std::rethrow_exception(e.cause()), std::out_of_range);
  CHECK(out.str().find("level=error msg=\"exception in a handler\" method=sum "
                       "exception=std::out_of_range err=\"index 7\"") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "recover: whatever it is that is thrown") {
  CHECK(ask(7) == errc::internal);
  CHECK(out.str().find("exception=int") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "recover: what says something to callers passes, and isn't logged") {
  CHECK(ask(error(errc::not_found, "no such user")) == error(errc::not_found, "no such user"));
  CHECK(ask(error(errc::unknown, "who knows")) == error(errc::unknown, "who knows"));
  CHECK(ask(std::bad_alloc()) == errc::resource_exhausted);
  CHECK(ask(std::system_error(std::make_error_code(std::errc::connection_refused))) ==
        errc::unavailable);
  CHECK(out.str().empty());
  CHECK(loop.start(kit::chain(recover(log))(test::endpoint(test::handle)).try_call(test::request{}))
            .value());
}
