// Pushes metrics to a server, as its input says: see push_program.hpp.
// usage: push_client statsd|dogstatsd|influxstatsd|graphite|graphite-udp ADDRESS MILLISECONDS
#include <chrono>
#include <iostream>
#include <memory>
#include <string>

#include <kit/metrics/graphite.hpp>
#include <kit/metrics/statsd.hpp>
#include <kit/tcp_network.hpp>

#include "push_program.hpp"

namespace metrics = kit::metrics;

namespace {

std::unique_ptr<metrics::push_exporter> exporter_to(const std::string& backend,
                                                    const std::string& address,
                                                    metrics::push_options push,
                                                    metrics::registry registry,
                                                    kit::network& network) {
  if (backend == "graphite") {
    // Soon again, so that tests needn't wait.
    metrics::tcp_sender_options tcp;
    tcp.connection.backoff.initial = std::chrono::milliseconds(50);
    tcp.connection.backoff.max = std::chrono::milliseconds(200);
    return std::make_unique<metrics::graphite_exporter>(
        registry, metrics::tcp_sender(network, address, tcp),
        metrics::graphite_options{.format = {.prefix = "cokit."}, .push = push});
  }
  auto udp =
      address.starts_with('/') ? metrics::unix_sender(address) : metrics::udp_sender(address);
  if (backend == "graphite-udp") {
    return std::make_unique<metrics::graphite_exporter>(
        registry, std::move(udp),
        metrics::graphite_options{.format = {.prefix = "cokit."}, .push = push});
  }
  const auto dialect = backend == "statsd"      ? metrics::statsd_dialect::statsd
                       : backend == "dogstatsd" ? metrics::statsd_dialect::dogstatsd
                                                : metrics::statsd_dialect::influxstatsd;
  return std::make_unique<metrics::statsd_exporter>(
      registry, std::move(udp),
      metrics::statsd_options{.format = {.dialect = dialect, .prefix = "cokit."}, .push = push});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::chrono::milliseconds interval(std::stol(argv[3]));
  const auto tell = [](const kit::error& e) { std::cerr << e.message() << std::endl; };
  test::push_program program;
  kit::tcp_network network(program.loop().get_executor());
  const auto exporter = exporter_to(argv[1], argv[2], {.interval = interval, .on_error = tell},
                                    program.registry(), network);
  program.run(*exporter);
}
