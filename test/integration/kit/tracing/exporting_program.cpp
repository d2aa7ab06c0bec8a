// Sends spans, and metrics, of all that there can be in them; decoders_test.py has others read
// them. usage: exporting_program otlp-protobuf|otlp-json|zipkin URL
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <kit/metrics/otlp.hpp>
#include <kit/runtime.hpp>
#include <kit/testing/manual_clock.hpp>
#include <kit/tracing/batch_exporter.hpp>
#include <kit/tracing/otlp.hpp>
#include <kit/tracing/zipkin.hpp>
#include <transports/http/client.hpp>

namespace metrics = kit::metrics;
using namespace kit::tracing;
using namespace std::chrono_literals;

namespace {

const resource about{{{"service.name", "Käse-Shop"}, {"service.instance.id", 7}}};

void record_attributes(const tracer& t, const kit::context& parent) {
  const auto s = t.start("attributes", parent);
  s.set("text", "gr\xc3\xbc\xc3\x9f \xf0\x9f\xa7\x80 \"quoted\"\n\\");
  s.set("empty", "");
  s.set("yes", true);
  s.set("no", false);
  s.set("least", std::numeric_limits<std::int64_t>::min());
  s.set("most", std::numeric_limits<std::int64_t>::max());
  s.set("zero", 0);
  s.set("fraction", 0.1);
  s.set("infinity", HUGE_VAL);
  s.set("list", attribute::list_of_text{"a", "", "\xc3\xbc"});
  s.set("long", std::string(5'000, 'x'));
  s.set("broken",
        "a\xff"
        "b");
}

void record_spans(const tracer& t, kit::testing::manual_clock& clock) {
  const auto caller =
      with_span_context({}, {.trace_id = {0x0af7651916cd43dd, 0x8448eb211c80319c},
                             .span_id = {0xb7ad6b7169203331},
                             .flags = trace_flags::sampled,
                             .remote = true,
                             .state = std::make_shared<const std::string>("vendor=value,other=x")});
  const auto served = t.start(
      "GET /k\xc3\xa4se/{id}", caller,
      {.kind = span_kind::server,
       .attributes = {{"network.peer.address", "192.168.1.2"}, {"network.peer.port", 50'412}}});
  const auto inside = with_span({}, served);
  clock.advance(1500us);
  const auto called =
      t.start("GET", inside,
              {.kind = span_kind::client,
               .attributes = {{"server.address", "users.local"}, {"server.port", 8080}}});
  clock.advance(2ms);
  called.set_error(kit::error(kit::errc::not_found, "no k\xc3\xa4se 7"));
  called.end();
  served.add_event("cache miss", {{"key", "k"}, {"tries", 2}});
  const auto sent = t.start("orders send", inside, {.kind = span_kind::producer});
  sent.end();
  t.start("orders process", {},
          {.kind = span_kind::consumer,
           .links = {{.context = sent.context(), .attributes = {{"position", 1}}}}})
      .end();
  record_attributes(t, inside);
  const auto crowded = t.start("crowded", inside);
  for (int i = 0; i < 200; ++i) {
    crowded.set("a" + std::to_string(i), i);
    crowded.add_event("e" + std::to_string(i));
  }
  crowded.end();
  served.set_status(span_status::ok);
  served.end();
}

void record_metrics(const metrics::registry& r) {
  r.counter({.name = "calls_total", .help = "K\xc3\xa4se calls.", .unit = "bytes"},
            {"error", "kind"})
      .with(false, "\xc3\xbc")
      .add(15);
  r.up_down_counter({.name = "running"}).add(-2);
  r.gauge({.name = "nothing"}).set(std::nan(""));
  r.gauge({.name = "warmth", .unit = "celsius"}).set(-0.5);
  const span_context span{.trace_id = {0x0af7651916cd43dd, 0x8448eb211c80319c},
                          .span_id = {0xb7ad6b7169203331},
                          .flags = trace_flags::sampled};
  const auto chosen = r.histogram(
      {.name = "chosen", .unit = "seconds", .buckets = metrics::explicit_buckets{{0.5, 1, 2}}});
  for (const double v : {0.25, 0.5, 1.5, 4.0})
    chosen.observe(v);
  chosen.observe(8, span);
  const auto grown = r.histogram(
      {.name = "grown", .buckets = metrics::exponential_buckets{.scale = 3, .max_exponent = 10}});
  for (double v = 0.001; v < 1'000; v *= 1.1)
    grown.observe(v);
  grown.observe(0);
  grown.observe(1e6);  // out of range
}

span_exporter exporter_to(const std::string& format, const std::string& url) {
  const kit::http::client client;
  if (format == "zipkin") return zipkin_exporter(client, {.url = url + "/api/v2/spans"});
  const auto as = format == "otlp-json" ? kit::otlp::encoding::json : kit::otlp::encoding::protobuf;
  return otlp_exporter(client, {.url = url + "/v1/traces", .encode_as = as});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string format = argv[1], url = argv[2];
  const auto tell = [](const kit::error& e) { std::cerr << e.message() << std::endl; };
  const auto exporter =
      std::make_shared<batch_exporter>(exporter_to(format, url), batch_options{.on_error = tell});
  kit::testing::manual_clock clock;
  const wall_time now{1'700'000'000'123'456'789ns};
  record_spans(tracer({.resource = about,
                       .processors = {exporter},
                       .random = kit::random_source(1),
                       .clock = &clock,
                       .wall_now = [&] { return now; }}),
               clock);

  const metrics::registry registry{
      {.now = [] { return metrics::wall_time(std::chrono::seconds(1'700'000'000)); }}};
  record_metrics(registry);
  std::optional<metrics::otlp_exporter> measured;
  if (format != "zipkin") {
    measured.emplace(
        registry, kit::http::client(),
        metrics::otlp_options{.url = url + "/v1/metrics",
                              .resource = otlp_attributes(about.attributes),
                              .encode_as = format == "otlp-json" ? kit::otlp::encoding::json
                                                                 : kit::otlp::encoding::protobuf,
                              .push = {.on_error = tell}});
  }
  kit::runtime rt;
  rt.on(0, [&] { return exporter->run(); });
  if (measured) rt.on(0, [&] { return measured->run(); });
  rt.stop();  // flushes
  rt.run();
  std::cout << exporter->exported() << ' ' << exporter->dropped() << std::endl;
}
