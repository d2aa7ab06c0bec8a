#include <kit/tracing/span_context.hpp>

#include <string>

#include <doctest/doctest.h>

#include <kit/context.hpp>

using kit::tracing::parse_span_id;
using kit::tracing::parse_trace_id;
using kit::tracing::span_context;
using kit::tracing::span_id;
using kit::tracing::to_string;
using kit::tracing::trace_flags;
using kit::tracing::trace_id;

TEST_CASE("span_context: ids are written as lower-case digits, and read in either case") {
  const trace_id trace{0x0af7651916cd43dd, 0x8448eb211c80319c};
  CHECK(to_string(trace) == "0af7651916cd43dd8448eb211c80319c");
  CHECK(to_string(span_id{0x00f067aa0ba902b7}) == "00f067aa0ba902b7");
  CHECK(parse_trace_id("0AF7651916cd43dd8448eb211c80319C") == trace);
  CHECK(parse_span_id("00f067aa0ba902b7") == span_id{0x00f067aa0ba902b7});
}

TEST_CASE("span_context: what is no id is not read") {
  for (const char* text :
       {"", "0af7651916cd43dd8448eb211c80319", "0af7651916cd43dd8448eb211c80319c0",
        "0af7651916cd43dd8448eb211c80319g", "00000000000000000000000000000000"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_trace_id(text));
  }
  for (const char* text :
       {"", "00f067aa0ba902b", "00f067aa0ba902b7a", " 0f067aa0ba902b7", "0000000000000000"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_span_id(text));
  }
}

TEST_CASE("span_context: that of a context is the innermost one's") {
  CHECK(kit::tracing::current_span(kit::context()) == nullptr);
  const span_context caller{
      .trace_id = {1, 2}, .span_id = {3}, .flags = trace_flags::sampled, .remote = true};
  const auto outer = kit::tracing::with_span_context({}, caller);
  REQUIRE(kit::tracing::current_span(outer));
  CHECK(*kit::tracing::current_span(outer) == caller);
  const auto inner = kit::tracing::with_span_context(outer, {.trace_id = {1, 2}, .span_id = {4}});
  CHECK(kit::tracing::current_span(inner)->span_id == span_id{4});
  CHECK(kit::tracing::current_span(outer)->span_id == span_id{3});
}

TEST_CASE("span_context: valid with both ids, sampled by its flag") {
  CHECK_FALSE(span_context{}.valid());
  CHECK_FALSE(span_context{.trace_id = {1, 0}}.valid());
  CHECK_FALSE(span_context{.span_id = {1}}.valid());
  CHECK(span_context{.trace_id = {1, 0}, .span_id = {1}}.valid());
  CHECK(span_context{.flags = trace_flags::sampled | trace_flags::random}.sampled());
  CHECK_FALSE(span_context{.flags = trace_flags::random}.sampled());
}
