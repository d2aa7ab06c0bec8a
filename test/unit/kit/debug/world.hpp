#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>
#include <kit/debug/detail/report.hpp>
#include <kit/debug/inspector.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <kit/tracing/trace_ring.hpp>
#include <kit/tracing/tracer.hpp>

#include "../../../support/calls.hpp"

/// An inspector with all there is, on a manual clock.
namespace debug_test {

using namespace std::chrono_literals;
namespace http = kit::http;
namespace tracing = kit::tracing;
namespace detail = kit::debug::detail;

using test::endpoint;
using test::handle;
using test::request;
using test::response;

struct world {
  explicit world(kit::debug::inspector_options o = {})
      : options(with_parts(std::move(o))), inspect(options), handler(inspect.handler()) {}

  http::response ask(http::request r) { return loop.start(handler(std::move(r))).value(); }
  http::response get(std::string target, http::headers fields = {}) {
    return ask({.target = std::move(target), .headers = std::move(fields)});
  }
  /// A page, read from its JSON.
  template <class Page>
  Page page(std::string target) {
    const auto answer = get(std::move(target), {{"Accept", "application/json"}});
    REQUIRE(answer.status == http::status::ok);
    auto read = kit::json::decode<Page>(answer.body.text(), {.refuse_unknown = true});
    if (!read) FAIL(read.error().message());
    return *std::move(read);
  }
  detail::endpoint_shown only_endpoint() {
    const auto all = page<detail::overview_page>("/").endpoints;
    REQUIRE(all.size() == 1);
    return all.front();
  }
  /// Starts a call and leaves it be.
  auto call(const endpoint& ep, std::string want) {
    return loop.start(ep.try_call(request{std::move(want)}));
  }

  kit::testing::loop loop;
  std::shared_ptr<tracing::trace_ring> ring = std::make_shared<tracing::trace_ring>();
  kit::log::levels levels;
  kit::decision_recorder decisions{{.wall_now = [this] {
    return std::chrono::time_point_cast<std::chrono::system_clock::duration>(wall());
  }}};
  kit::debug::inspector_options options;
  kit::debug::inspector inspect;
  kit::endpoint<http::request, http::response> handler;
  tracing::tracer tracer{
      {.processors = {ring}, .clock = &loop.clock(), .wall_now = [this] { return wall(); }}};

  tracing::wall_time wall() const {
    return tracing::wall_time(std::chrono::duration_cast<tracing::wall_time::duration>(
        loop.now().time_since_epoch() + 1'700'000'000s));
  }

 private:
  kit::debug::inspector_options with_parts(kit::debug::inspector_options o) {
    if (!o.traces) o.traces = ring;
    if (!o.levels) o.levels = levels;
    if (!o.decisions) o.decisions = decisions;
    if (!o.wall_now) o.wall_now = [this] { return wall(); };
    return o;
  }
};

}  // namespace debug_test
