#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/metrics/registry.hpp>
#include <kit/metrics/statsd.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/recording_sender.hpp>

namespace test {

// A registry with a time that the test sets, and an exporter of it whose lines are recorded.
template <class Exporter>
struct pushing {
  template <class Options>
  explicit pushing(Options options, std::size_t max_size = kit::metrics::ethernet_datagram)
      : to(std::make_shared<kit::testing::recording_sender>(max_size)),
        exporter(metrics, to, std::move(options)) {}

  // What a flush sends.
  std::string flush() {
    REQUIRE(loop.start(exporter.flush()).value().has_value());
    return to->take();
  }
  // The same when it fails: why.
  kit::error failing() { return loop.start(exporter.flush()).error(); }

  kit::metrics::wall_time now{std::chrono::seconds{1'700'000'000}};
  kit::metrics::registry metrics{{.now = [this] { return now; }}};
  std::shared_ptr<kit::testing::recording_sender> to;
  Exporter exporter;
  kit::testing::loop loop;  // coroutines that it ends with use the rest
};

using statsd = pushing<kit::metrics::statsd_exporter>;

inline kit::metrics::statsd_options statsd_of(kit::metrics::statsd_format format, double rate = 1) {
  return {.format = std::move(format),
          .rate = [rate](std::string_view) { return rate; },
          .random = kit::random_source(1)};
}

}  // namespace test
