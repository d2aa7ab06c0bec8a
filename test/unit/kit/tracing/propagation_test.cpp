// The formats in which spans travel, against the vectors in test/data.
#include <kit/tracing/propagation.hpp>

#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>
#include <kit/http/headers.hpp>
#include <kit/tracing/baggage.hpp>
#include <kit/tracing/trace_state.hpp>

namespace json = kit::json;
namespace tracing = kit::tracing;
using kit::http::headers;
using tracing::has;
using tracing::span_context;
using tracing::trace_flags;

namespace {

using field_list = std::vector<std::pair<std::string, std::string>>;

headers headers_of(const field_list& fields) {
  headers h;
  for (const auto& [name, value] : fields)
    h.add(name, value);
  return h;
}

template <class Case>
std::vector<Case> read_cases(const std::string& file) {
  std::ifstream in(COKIT_TESTDATA + file);
  std::vector<Case> cases;
  for (std::string text; std::getline(in, text);)
    cases.push_back(json::decode<Case>(text).value());
  if (cases.empty()) throw std::runtime_error("no cases in " + file);
  return cases;
}

struct w3c_case {
  field_list headers;
  bool traceparent_valid = false;
  std::optional<bool> tracestate_valid;
};

struct b3_expect {
  std::string kind;
  std::optional<std::string> trace_id, span_id, parent_id;
  std::optional<bool> sampled;
  bool debug = false;
};
struct b3_case {
  std::string id;
  field_list headers;
  b3_expect expect;
  bool lenient = false;
};

std::optional<span_context> extract(const tracing::propagator& format, const headers& h) {
  return format.extract(tracing::header_reader(h));
}

headers injected(const tracing::propagator& format, const span_context& span) {
  headers h{{"X-B3-Flags", "1"}, {"tracestate", "old=1"}, {"Host", "a"}};
  tracing::header_writer out(h);
  format.inject(span, out);
  return h;
}

const span_context caller{.trace_id = {0x80f198ee56343ba8, 0x64fe8b2a57d3eff7},
                          .span_id = {0xe457b5a2e4d86bd1},
                          .flags = trace_flags::sampled};

}  // namespace

TEST_CASE("w3c: reads what the harness of W3C sends [tracing/opencensus:7]") {
  std::size_t number = 0;
  for (const auto& c : read_cases<w3c_case>("/trace-context/cases.jsonl")) {
    CAPTURE(number++);
    CAPTURE(json::encode(c.headers).value());
    const auto found = extract(tracing::w3c, headers_of(c.headers));
    REQUIRE(found.has_value() == c.traceparent_valid);
    if (!found) continue;
    CHECK(found->valid());
    CHECK(found->remote);
    if (c.tracestate_valid) CHECK((found->state != nullptr) == *c.tracestate_valid);
  }
}

TEST_CASE("w3c: ids, flags and state are those of the fields") {
  const headers h{{"TraceParent", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-03"},
                  {"tracestate", "foo=1 \t, bar=2"},
                  {"TraceState", ""},
                  {"tracestate", "baz=3"}};
  const auto found = extract(tracing::w3c, h);
  REQUIRE(found);
  CHECK(to_string(found->trace_id) == "0af7651916cd43dd8448eb211c80319c");
  CHECK(to_string(found->span_id) == "00f067aa0ba902b7");
  CHECK(found->flags == (trace_flags::sampled | trace_flags::random));
  CHECK(found->trace_state() == "foo=1,bar=2,baz=3");

  // Flags that nobody knows yet are not kept, and not sent.
  const auto odd = extract(tracing::w3c, {{"traceparent",
                                           "00-0af7651916cd43dd8448eb211c80319c-"
                                           "00f067aa0ba902b7-fc"}});
  REQUIRE(odd);
  CHECK(odd->flags == trace_flags::none);
}

TEST_CASE("w3c: writes both fields, and no state where there is none") {
  auto span = caller;
  CHECK(injected(tracing::w3c, span) ==
        headers{{"X-B3-Flags", "1"},
                {"Host", "a"},
                {"traceparent", "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01"}});
  span.state = tracing::trace_state::with("a=1", "b@c", "x y");
  span.flags = trace_flags::debug | trace_flags::deferred | trace_flags::random;
  const auto h = injected(tracing::w3c, span);
  CHECK(h.get("traceparent") == "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-02");
  CHECK(h.get_all("tracestate") == std::vector<std::string_view>{"b@c=x y,a=1"});
}

TEST_CASE("trace_state: one is put in front; the last goes when there are too many") {
  using namespace tracing::trace_state;
  std::string all;
  for (std::size_t i = 0; i < max_members; ++i)
    all += (i ? ",k" : "k") + std::to_string(i) + "=v";
  CHECK(get(all, "k31") == "v");
  const auto more = with(all, "new", "1");
  CHECK(get(*more, "new") == "1");
  CHECK(more->starts_with("new=1,k0=v"));
  CHECK(get(*more, "k30") == "v");
  CHECK_FALSE(get(*more, "k31"));
  CHECK(*with("a=1,b=2,c=3", "b", "4") == "b=4,a=1,c=3");
  CHECK_FALSE(get("a=1", "b"));
}

TEST_CASE("trace_state: what may not stand in the list is refused") {
  using tracing::trace_state::with;
  for (const char* key : {"", "A", "a b", "@a", "_a", "a=b", "a,b"}) {
    CAPTURE(key);
    CHECK_THROWS_AS(with("", key, "1"), kit::error);
  }
  for (const char* value : {"", "a,b", "a=b", "a ", "\n", "\x7f"}) {
    CAPTURE(value);
    CHECK_THROWS_AS(with("", "a", value), kit::error);
  }
  CHECK_THROWS_AS(with("", std::string(257, 'a'), "1"), kit::error);
  CHECK_THROWS_AS(with("", "a", std::string(257, 'a')), kit::error);
}

TEST_CASE("b3: reads the vectors, single and multiple") {
  for (const auto& c : read_cases<b3_case>("/b3/cases.jsonl")) {
    CAPTURE(c.id);
    CAPTURE(json::encode(c.headers).value());
    const auto found = extract(tracing::b3multi, headers_of(c.headers));
    const auto& e = c.expect;
    if (e.kind == "none" || e.kind == "invalid") {
      CHECK_FALSE(found);
      continue;
    }
    REQUIRE(found);
    CHECK(found->valid() == (e.kind == "context"));
    CHECK(has(found->flags, trace_flags::deferred) == !e.sampled.has_value());
    CHECK(found->sampled() == e.sampled.value_or(false));
    CHECK(has(found->flags, trace_flags::debug) == e.debug);
    if (e.kind == "decision") continue;
    const auto trace = to_string(found->trace_id);
    CHECK((e.trace_id->size() == 32 ? trace : trace.substr(16)) == *e.trace_id);
    CHECK(to_string(found->span_id) == *e.span_id);
    CHECK(to_string(found->parent_span_id) == e.parent_id.value_or("0000000000000000"));
  }
}

TEST_CASE("b3: writes the fields that Zipkin's tracers do") {
  auto span = caller;
  span.parent_span_id = {0x05e3ac9a4f6e3b90};
  const std::string ids = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1";
  CHECK(injected(tracing::b3, span).get("b3") == ids + "-1-05e3ac9a4f6e3b90");
  auto h = injected(tracing::b3multi, span);
  CHECK(h.get("x-b3-traceid") == "80f198ee56343ba864fe8b2a57d3eff7");
  CHECK(h.get("x-b3-spanid") == "e457b5a2e4d86bd1");
  CHECK(h.get("x-b3-parentspanid") == "05e3ac9a4f6e3b90");
  CHECK(h.get("x-b3-sampled") == "1");
  CHECK_FALSE(h.get("x-b3-flags"));  // there was one

  span.parent_span_id = {};
  span.flags = trace_flags::sampled | trace_flags::debug;  // debug: no sampled key
  CHECK(injected(tracing::b3, span).get("b3") == ids + "-d");
  h = injected(tracing::b3multi, span);
  CHECK(h.get("x-b3-flags") == "1");
  CHECK_FALSE(h.get("x-b3-sampled"));
  CHECK_FALSE(h.get("x-b3-parentspanid"));

  span.flags = trace_flags::none;
  CHECK(injected(tracing::b3, span).get("b3") == ids + "-0");
  CHECK(injected(tracing::b3multi, span).get("x-b3-sampled") == "0");
  span.flags = trace_flags::deferred;
  CHECK(injected(tracing::b3, span).get("b3") == ids);
  CHECK_FALSE(injected(tracing::b3multi, span).get("x-b3-sampled"));
}

TEST_CASE("propagation: the first format that a message has counts, and the chosen ones are sent") {
  const headers h{{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"},
                  {"b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1"}};
  const auto trace_of = [&h](std::vector<tracing::propagator> formats) {
    const auto ctx = tracing::extract({}, tracing::header_reader(h), {.extract = formats});
    const auto* found = tracing::current_span(ctx);
    return found ? to_string(found->trace_id).substr(0, 4) : "none";
  };
  CHECK(trace_of({tracing::w3c, tracing::b3}) == "0af7");
  CHECK(trace_of({tracing::b3, tracing::w3c}) == "80f1");
  CHECK(trace_of({}) == "none");

  const auto ctx = tracing::with_span_context({}, caller);
  headers out;
  tracing::header_writer writer(out);
  tracing::inject(ctx, writer, {.inject = {tracing::w3c, tracing::b3, tracing::b3multi}});
  CHECK(out.size() == 5);
  CHECK(out.contains("traceparent"));
  CHECK(out.contains("b3"));
  CHECK(out.contains("x-b3-traceid"));

  // Without a span nothing of these formats goes on.
  tracing::inject({}, writer, {.inject = {tracing::w3c, tracing::b3, tracing::b3multi}});
  CHECK(out.empty());
}

TEST_CASE("propagation: a decision without ids is no current span") {
  const headers h{{"b3", "0"}};
  const auto ctx = tracing::extract({}, tracing::header_reader(h));
  CHECK(tracing::current_span(ctx) == nullptr);
}

TEST_CASE("propagation: baggage survives, unless it is switched off [tracing/opentracing:9]") {
  const headers h{{"baggage", "tenant=blue,odd"}, {"baggage", "user=J%C3%BCrgen;ttl=1"}};
  const auto ctx = tracing::extract({}, tracing::header_reader(h));
  REQUIRE(ctx.get<tracing::baggage>());
  CHECK(ctx.get<tracing::baggage>()->get("user") == "J\u00fcrgen");
  headers out;
  tracing::header_writer writer(out);
  tracing::inject(ctx, writer);
  CHECK(out == headers{{"baggage", "tenant=blue,user=J%C3%BCrgen;ttl=1"}});

  const auto without = tracing::extract({}, tracing::header_reader(h), {.baggage = false});
  CHECK(without == kit::context());
  tracing::inject({}, writer);
  CHECK(out.empty());
}
