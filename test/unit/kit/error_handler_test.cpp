#include <kit/error_handler.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

TEST_CASE("error handler: the logging one logs one pair, err and the very error [transport:1]") {
  const kit::error e(kit::errc::not_found, "no such user");
  std::vector<std::pair<std::string, const kit::error*>> logged;
  const kit::error_handler handle = kit::log_errors(
      [&](std::string_view key, const kit::error& value) { logged.emplace_back(key, &value); });
  handle({}, e);
  REQUIRE(logged.size() == 1);
  CHECK(logged[0].first == "err");
  CHECK(logged[0].second == &e);
}

TEST_CASE(
    "error handler: where a logger is wanted, a handler that logs is what is set "
    "[transport:3]") {
  int count = 0;
  kit::error_handler handle;
  CHECK_FALSE(handle);  // nobody watches
  handle = kit::log_errors([&](std::string_view, const kit::error&) { ++count; });
  handle({}, kit::errc::internal);
  CHECK(count == 1);
}
