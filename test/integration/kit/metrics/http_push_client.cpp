// Pushes metrics by HTTP, as its input says: see push_program.hpp.
// usage: http_push_client influx|cloudwatch|cloudwatch-statistics URL MILLISECONDS
#include <chrono>
#include <iostream>
#include <memory>
#include <string>

#include <kit/metrics/cloudwatch.hpp>
#include <kit/metrics/influx.hpp>
#include <transports/http/client.hpp>

#include "push_program.hpp"

namespace metrics = kit::metrics;

namespace {

std::unique_ptr<metrics::push_exporter> exporter_to(const std::string& backend,
                                                    const std::string& url,
                                                    metrics::push_options push,
                                                    metrics::registry registry) {
  const kit::http::client client({.timeout = std::chrono::milliseconds(2'000)});
  if (backend == "influx") {
    return std::make_unique<metrics::influx_exporter>(
        registry, client,
        metrics::influx_options{.url = url,
                                .to = metrics::influx_database{.name = "cokit"},
                                .format = {.tags = {{"host", "a b,c=d"}}},
                                .push = push,
                                .max_lines = 3});
  }
  metrics::cloudwatch_options o{
      .name_space = "Cokit",
      .region = "eu-central-1",
      .credentials = kit::http::aws_credentials{"id", "key", "to/ken=="},
      .url = url,
      .push = push,
      .backoff = {.initial = std::chrono::milliseconds(20), .max = std::chrono::milliseconds(20)}};
  if (backend == "cloudwatch-statistics") o.format.style = metrics::cloudwatch_style::statistics;
  return std::make_unique<metrics::cloudwatch_exporter>(registry, client, o);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::chrono::milliseconds interval(std::stol(argv[3]));
  const auto tell = [](const kit::error& e) { std::cerr << e.message() << std::endl; };
  test::push_program program;
  const auto exporter =
      exporter_to(argv[1], argv[2], {.interval = interval, .on_error = tell}, program.registry());
  program.run(*exporter);
}
