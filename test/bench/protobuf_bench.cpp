// What encoding and decoding protobuf costs, in time and allocations, beside the JSON codec on the
// same structs: spans as an OpenTelemetry exporter sends them, and a small request.
//   protobuf_bench [--seconds S]
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <kit/codec/json.hpp>
#include <kit/codec/protobuf.hpp>
#include <kit/otlp/trace.hpp>

#include "bench.hpp"

namespace {

namespace otlp = kit::otlp;
using bench::measure;

// What must not be optimised away ends up here.
volatile std::size_t sink;

struct sum_request {
  std::int64_t a = 0, b = 0;
};

template <std::size_t N>
otlp::id<N> make_id(std::size_t seed) {
  otlp::id<N> id;
  for (std::size_t i = 0; i < N; ++i)
    id.bytes[i] = static_cast<std::byte>(seed * 37 + i * 11 + 1);
  return id;
}

otlp::attributes make_attributes(std::size_t i) {
  return {{"http.request.method", {"GET"}},
          {"url.path", {"/api/v1/profiles/" + std::to_string(i)}},
          {"http.response.status_code", {otlp::int64{200}}},
          {"server.address", {"profiles.internal.example.org"}},
          {"server.port", {otlp::int64{8443}}},
          {"network.protocol.version", {"2"}},
          {"cache.hit", {i % 3 == 0}},
          {"load", {otlp::real{0.25 * static_cast<double>(i)}}}};
}

otlp::span make_span(std::size_t i) {
  const std::uint64_t start = 1'700'000'000'000'000'000 + i * 1'000'003;
  otlp::span s;
  s.trace_id = make_id<16>(i / 10);
  s.span_id = make_id<8>(i);
  s.parent_span_id = make_id<8>(i / 2);
  s.name = "GET /api/v1/profiles/{id}";
  s.kind = 2;
  s.start_time_unix_nano = {start};
  s.end_time_unix_nano = {start + 1'234'567};
  s.attributes = make_attributes(i);
  s.status.code = 1;
  s.flags = 1;
  return s;
}

otlp::export_trace_service_request make_traces(std::size_t spans) {
  otlp::scope_spans all{.scope = {.name = "bench", .version = "1.0"}};
  for (std::size_t i = 0; i < spans; ++i)
    all.spans.push_back(make_span(i));
  otlp::export_trace_service_request t;
  auto& group = t.resource_spans.emplace_back();
  group.resource.attributes = {{"service.name", {"profiles"}}};
  group.scope_spans.push_back(std::move(all));
  return t;
}

void require(bool ok) {
  if (!ok) std::abort();
}

template <class T>
void compare(const char* what, const T& value, double seconds) {
  const std::string bytes = kit::protobuf::encode(value).value();
  const std::string text = kit::json::encode(value).value();
  std::printf("%s: %zu bytes, as JSON %zu\n", what, bytes.size(), text.size());
  std::string out;
  measure("  protobuf, append", seconds, bytes.size(), [&] {
    out.clear();
    require(kit::protobuf::append(out, value).has_value());
    sink = out.size();
  });
  measure("  protobuf, encode", seconds, bytes.size(), [&] {
    const auto r = kit::protobuf::encode(value);
    require(r.has_value());
    sink = r->size();
  });
  measure("  protobuf, decode", seconds, bytes.size(), [&] {
    const auto r = kit::protobuf::decode<T>(bytes);
    require(r.has_value());
    sink = sizeof *r;
  });
  measure("  JSON, encode", seconds, text.size(), [&] {
    const auto r = kit::json::encode(value);
    require(r.has_value());
    sink = r->size();
  });
  measure("  JSON, decode", seconds, text.size(), [&] {
    const auto r = kit::json::decode<T>(text);
    require(r.has_value());
    sink = sizeof *r;
  });
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = bench::seconds_option(argc, argv, 0.5);
  compare("a request of two numbers", sum_request{12345, -678}, seconds);
  compare("one span with 8 attributes", make_span(1), seconds);
  compare("100 spans with 8 attributes each", make_traces(100), seconds);
}
