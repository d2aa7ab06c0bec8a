// Shows metrics to PCP, as its input says: see push_program.hpp.
// usage: pcp_program APP FOLDER MILLISECONDS
#include <chrono>
#include <iostream>
#include <string>

#include <kit/metrics/pcp.hpp>

#include "push_program.hpp"

namespace metrics = kit::metrics;

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  test::push_program program;
  metrics::pcp_exporter exporter(
      program.registry(),
      {.app = argv[1],
       .directory = argv[2],
       .interval = std::chrono::milliseconds(std::stol(argv[3])),
       .on_error = [](const kit::error& e) { std::cerr << e.message() << std::endl; }});
  program.run(exporter.run(), [] { return metrics::push_stats(); });
}
