#include <kit/metrics/process.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace kit::metrics {
namespace {

std::string read_file(const char* path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// proc_pid_stat(5): the fields after the program's name, which may hold anything and ends with the
// last parenthesis. Field 3 is the first; what is no number is 0.
class stat_fields {
 public:
  explicit stat_fields(const std::string& text) {
    std::istringstream words(text.substr(std::min(text.rfind(')') + 1, text.size())));
    for (std::string word; words >> word;) {
      std::uint64_t n = 0;
      std::from_chars(word.data(), word.data() + word.size(), n);
      values_.push_back(static_cast<double>(n));
    }
  }
  bool complete() const noexcept { return values_.size() > rss - first; }

  static constexpr std::size_t first = 3;
  static constexpr std::size_t utime = 14;
  static constexpr std::size_t stime = 15;
  static constexpr std::size_t num_threads = 20;
  static constexpr std::size_t starttime = 22;
  static constexpr std::size_t vsize = 23;
  static constexpr std::size_t rss = 24;
  double operator[](std::size_t field) const { return values_.at(field - first); }

 private:
  std::vector<double> values_;
};

// Seconds from 1970 to the system's start.
std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    if (double seconds = 0; word == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> open_descriptors() {
  std::error_code failed;
  std::filesystem::directory_iterator entries("/proc/self/fd", failed);
  if (failed) return std::nullopt;
  // One of them is the directory's own.
  return static_cast<double>(std::distance(begin(entries), end(entries)) - 1);
}

struct process_gauges {
  explicit process_gauges(const registry& r)
      : cpu(r.counter({.name = "process_cpu_seconds_total",
                       .help = "Total user and system CPU time spent in seconds.",
                       .unit = "seconds"})),
        resident(r.gauge({.name = "process_resident_memory_bytes",
                          .help = "Resident memory size in bytes.",
                          .unit = "bytes"})),
        virtual_size(r.gauge({.name = "process_virtual_memory_bytes",
                              .help = "Virtual memory size in bytes.",
                              .unit = "bytes"})),
        open_fds(r.gauge({.name = "process_open_fds", .help = "Number of open file descriptors."})),
        max_fds(r.gauge(
            {.name = "process_max_fds", .help = "Maximum number of open file descriptors."})),
        threads(r.gauge({.name = "process_threads", .help = "Number of OS threads."})),
        start_time(r.gauge({.name = "process_start_time_seconds",
                            .help = "Start time of the process since unix epoch in seconds.",
                            .unit = "seconds"})) {}

  void update() const {
    if (const auto n = open_descriptors()) open_fds.set(*n);
    if (rlimit limit{}; ::getrlimit(RLIMIT_NOFILE, &limit) == 0)
      max_fds.set(static_cast<double>(limit.rlim_cur));
    const stat_fields stat(read_file("/proc/self/stat"));
    if (!stat.complete()) return;
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    cpu.add((stat[stat_fields::utime] + stat[stat_fields::stime]) / ticks - cpu.value());
    virtual_size.set(stat[stat_fields::vsize]);
    resident.set(stat[stat_fields::rss] * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    threads.set(stat[stat_fields::num_threads]);
    if (booted) start_time.set(*booted + stat[stat_fields::starttime] / ticks);
  }

  counter cpu;
  gauge resident;
  gauge virtual_size;
  gauge open_fds;
  gauge max_fds;
  gauge threads;
  gauge start_time;
  std::optional<double> booted = boot_time();
};

}  // namespace

registration process_metrics(const registry& metrics) {
  return metrics.on_collect([gauges = process_gauges(metrics)] { gauges.update(); });
}

}  // namespace kit::metrics
