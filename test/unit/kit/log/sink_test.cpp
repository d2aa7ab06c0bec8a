#include <kit/log/sink.hpp>

#include <memory>
#include <stdexcept>

#include <doctest/doctest.h>

#include "capture.hpp"

using kit::log::logger;
using kit::log::swap_sink;
using log_test::capture;

TEST_CASE("swap_sink: discards until it has a target, and again without [log/sync:1]") {
  const auto swap = std::make_shared<swap_sink>();
  const logger log({.sink = swap, .on_error = [](const kit::error&) { FAIL("no error"); }});
  log.print("lost");
  log.flush();
  const auto target = std::make_shared<capture>();
  CHECK(swap->swap(target) == nullptr);
  log.print("kept");
  log.flush();
  CHECK(target->take() == "msg=kept\n");
  CHECK(target->flushes() == 1);
  CHECK(swap->swap(nullptr) == target);
  log.print("lost");
  CHECK(target->take() == "");
}

TEST_CASE("swap_sink: what the target throws comes through") {
  struct failing final : kit::log::sink {
    void write(const kit::log::record&) override { throw std::runtime_error("full"); }
  };
  swap_sink swap(std::make_shared<failing>());
  CHECK_THROWS_AS(swap.write({.level = {}, .line = "a\n"}), std::runtime_error);
  swap.swap(nullptr);  // doesn't wait for a lock that was kept
  swap.write({.level = {}, .line = "a\n"});
}
