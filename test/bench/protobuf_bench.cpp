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

#include "bench.hpp"

namespace {

using bench::measure;

// What must not be optimised away ends up here.
volatile std::size_t sink;

// --- OpenTelemetry's messages, as far as spans need them
// ------------------------------------------

struct any_value;
struct array_value {
  std::vector<any_value> values;
};
struct any_value {
  std::variant<std::monostate, std::string, bool, std::int64_t, double, array_value> value;
};
struct key_value {
  std::string key;
  any_value value;
};
struct resource {
  std::vector<key_value> attributes;
};
struct scope {
  std::string name, version;
};
struct event {
  std::uint64_t time_unix_nano = 0;
  std::string name;
  std::vector<key_value> attributes;
};
enum class span_kind { unspecified, internal, server, client };
enum class status_code { unset, ok, error };
struct status {
  std::string message;
  status_code code = status_code::unset;
};
struct span {
  std::array<std::byte, 16> trace_id{};
  std::array<std::byte, 8> span_id{};
  std::string trace_state;
  std::array<std::byte, 8> parent_span_id{};
  std::string name;
  span_kind kind = span_kind::unspecified;
  std::uint64_t start_time_unix_nano = 0, end_time_unix_nano = 0;
  std::vector<key_value> attributes;
  std::vector<event> events;
  status state;
  std::uint32_t flags = 0;
};
struct scope_spans {
  scope from;
  std::vector<span> spans;
};
struct resource_spans {
  resource from;
  std::vector<scope_spans> scopes;
};
struct traces {
  std::vector<resource_spans> resources;
};

struct sum_request {
  std::int64_t a = 0, b = 0;
};

}  // namespace

template <>
struct kit::reflect_traits<any_value> {
  static constexpr auto fields = kit::fields(kit::field<&any_value::value>().alternatives(
      kit::alternative("string_value").number(1), kit::alternative("bool_value").number(2),
      kit::alternative("int_value").number(3), kit::alternative("double_value").number(4),
      kit::alternative("array_value").number(5)));
};
template <>
struct kit::reflect_traits<event> {
  static constexpr auto fields =
      kit::fields(kit::field<&event::time_unix_nano>().number(1).fixed(),
                  kit::field<&event::name>().number(2), kit::field<&event::attributes>().number(3));
};
template <>
struct kit::reflect_traits<status> {
  static constexpr auto fields =
      kit::fields(kit::field<&status::message>().number(2), kit::field<&status::code>().number(3));
};
template <>
struct kit::reflect_traits<span> {
  static constexpr auto fields = kit::fields(
      kit::field<&span::trace_id>().number(1), kit::field<&span::span_id>().number(2),
      kit::field<&span::trace_state>().number(3), kit::field<&span::parent_span_id>().number(4),
      kit::field<&span::name>().number(5), kit::field<&span::kind>().number(6),
      kit::field<&span::start_time_unix_nano>().number(7).fixed(),
      kit::field<&span::end_time_unix_nano>().number(8).fixed(),
      kit::field<&span::attributes>().number(9), kit::field<&span::events>().number(11),
      kit::field<&span::state>("status").number(15), kit::field<&span::flags>().number(16).fixed());
};

namespace {

template <std::size_t N>
std::array<std::byte, N> make_id(std::size_t seed) {
  std::array<std::byte, N> id{};
  for (std::size_t i = 0; i < N; ++i)
    id[i] = static_cast<std::byte>(seed * 37 + i * 11 + 1);
  return id;
}

std::vector<key_value> make_attributes(std::size_t i) {
  return {{"http.request.method", {"GET"}},
          {"url.path", {"/api/v1/profiles/" + std::to_string(i)}},
          {"http.response.status_code", {std::int64_t{200}}},
          {"server.address", {"profiles.internal.example.org"}},
          {"server.port", {std::int64_t{8443}}},
          {"network.protocol.version", {"2"}},
          {"cache.hit", {i % 3 == 0}},
          {"load", {0.25 * static_cast<double>(i)}}};
}

span make_span(std::size_t i) {
  const std::uint64_t start = 1'700'000'000'000'000'000 + i * 1'000'003;
  return {.trace_id = make_id<16>(i / 10),
          .span_id = make_id<8>(i),
          .trace_state = {},
          .parent_span_id = make_id<8>(i / 2),
          .name = "GET /api/v1/profiles/{id}",
          .kind = span_kind::server,
          .start_time_unix_nano = start,
          .end_time_unix_nano = start + 1'234'567,
          .attributes = make_attributes(i),
          .events = {},
          .state = {.message = {}, .code = status_code::ok},
          .flags = 1};
}

traces make_traces(std::size_t spans) {
  scope_spans all{{"bench", "1.0"}, {}};
  for (std::size_t i = 0; i < spans; ++i)
    all.spans.push_back(make_span(i));
  traces t;
  t.resources.push_back({{{{"service.name", {"profiles"}}}}, {std::move(all)}});
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
