// PCP's memory-mapped values, read back as mmv(5) says.
#include <kit/metrics/pcp.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include <kit/metrics/detail/mmv.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/metrics.hpp>

#include "refusal.hpp"

namespace fs = std::filesystem;
using namespace kit::metrics;
using namespace std::chrono_literals;
using test::refusal;

namespace {

class folder {
 public:
  folder() : path_(fs::temp_directory_path() / ("cokit-pcp." + std::to_string(::getpid()))) {
    fs::create_directory(path_);
  }
  folder(const folder&) = delete;
  ~folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct shown {
  std::int32_t type = 0;
  std::int32_t semantics = 0;
  std::uint32_t item = 0;
  std::uint32_t units = 0;
  std::uint32_t domain = 0;
  std::string help;
  std::map<std::string, double> values;  // by instance; of those without, by ""
};

// What is in a file.
struct mmv {
  explicit mmv(const fs::path& file) {
    std::stringstream all;
    all << std::ifstream(file, std::ios::binary).rdbuf();
    bytes = all.str();
    REQUIRE(bytes.size() >= 40);
    CHECK(bytes.substr(0, 4) == std::string("MMV\0", 4));
    version = number<std::uint32_t>(4);
    generation1 = number<std::uint64_t>(8);
    generation2 = number<std::uint64_t>(16);
    flags = number<std::int32_t>(28);
    process = number<std::int32_t>(32);
    cluster = number<std::uint32_t>(36);
    for (std::int32_t i = 0; i < number<std::int32_t>(24); ++i) {
      const auto at = 40 + 16 * static_cast<std::size_t>(i);
      const auto kind = number<std::int32_t>(at);
      sections[kind] = {number<std::int32_t>(at + 4), number<std::uint64_t>(at + 8)};
    }
    read_values();
  }

  template <class T>
  T number(std::size_t at) const {
    T out;
    REQUIRE(at + sizeof out <= bytes.size());
    std::memcpy(&out, bytes.data() + at, sizeof out);
    return out;
  }
  std::string text(std::size_t at) const { return at == 0 ? "" : bytes.c_str() + at; }
  std::string name(std::size_t at) const {
    return version == 1 ? text(at) : text(number<std::uint64_t>(at));
  }

  void read_values() {
    const auto [count, begin] = sections[4];
    for (int i = 0; i < count; ++i) {
      const auto at = begin + 32 * static_cast<std::size_t>(i);
      const auto m = number<std::uint64_t>(at + 16);
      const auto rest = m + (version == 1 ? 64 : 8);
      const auto instance = number<std::uint64_t>(at + 24);
      auto& s = metrics[name(m)];
      s.item = number<std::uint32_t>(rest);
      s.type = number<std::int32_t>(rest + 4);
      s.semantics = number<std::int32_t>(rest + 8);
      s.units = number<std::uint32_t>(rest + 12);
      s.domain = number<std::uint32_t>(rest + 16);
      s.help = text(number<std::uint64_t>(rest + 24));
      const auto of = instance == 0 ? std::string() : name(instance + 16);
      s.values[of] =
          s.type == 2 ? static_cast<double>(number<std::int64_t>(at)) : number<double>(at);
    }
  }

  std::string bytes;
  std::uint32_t version, cluster;
  std::uint64_t generation1, generation2;
  std::int32_t flags, process;
  std::map<int, std::pair<int, std::uint64_t>> sections;
  std::map<std::string, shown> metrics;
};

struct fixture {
  fixture() = default;
  pcp_exporter& start() {
    exporter.emplace(metrics, pcp_options{.app = "shop", .directory = directory.path() / "mmv"});
    return *exporter;
  }
  mmv file() { return mmv(exporter->path()); }

  folder directory;
  registry metrics{{.now = [] { return wall_time(1'700'000'000s); }}};
  std::optional<pcp_exporter> exporter;
};

}  // namespace

TEST_CASE("pcp_exporter: the header and the contents [metrics/pcp:5]") {
  fixture f;
  f.metrics.counter({.name = "c", .help = "Counts."}).add(3);
  f.start();
  const auto file = f.file();
  CHECK(file.version == 1);
  CHECK(file.generation1 == 1'700'000'000);
  CHECK(file.generation2 == file.generation1);
  CHECK(file.flags == 2);
  CHECK(file.process == ::getpid());
  CHECK(file.cluster == (detail::fnv1a("shop") & 0xfff));
  CHECK(file.sections ==
        std::map<int, std::pair<int, std::uint64_t>>{
            {3, {1, 40 + 3 * 16}}, {4, {1, 40 + 3 * 16 + 104}}, {5, {1, 40 + 3 * 16 + 104 + 32}}});
  CHECK(file.bytes.size() == 40 + 3 * 16 + 104 + 32 + 256);
  const auto& c = file.metrics.at("c");
  CHECK(c.item == (detail::fnv1a("c") & 0x3ff));
  CHECK(c.type == 2);
  CHECK(c.semantics == 1);
  CHECK(c.domain == 0xffffffff);
  CHECK(c.help == "Counts.");
  CHECK(detail::fnv1a("") == 0x811c9dc5);
  CHECK(detail::fnv1a("foobar") == 0xbf9cf968);
}

TEST_CASE("pcp_exporter: counters are whole numbers, gauges doubles [metrics/pcp:1]") {
  fixture f;
  const auto c = f.metrics.counter({.name = "c"});
  const auto g = f.metrics.gauge({.name = "g", .unit = "bytes"});
  f.metrics.up_down_counter({.name = "u", .unit = "seconds"}).add(-1.5);
  auto& pcp = f.start();
  c.add(0.75);
  c.add(0.75);  // the sum is cut off, not the steps
  g.set(2.5);
  pcp.update();
  const auto file = f.file();
  CHECK(file.metrics.at("c").values.at("") == 1);
  CHECK(file.metrics.at("g").values.at("") == 2.5);
  CHECK(file.metrics.at("g").type == 5);
  CHECK(file.metrics.at("g").semantics == 3);
  CHECK(file.metrics.at("g").units == 0x10000000);
  CHECK(file.metrics.at("u").values.at("") == -1.5);
  CHECK(file.metrics.at("u").units == 0x01003000);
  CHECK(file.metrics.at("c").units == 0x00100000);
  CHECK(file.generation1 == 1'700'000'000);  // changed in place

  CHECK(kit::testing::check_counter(f.metrics.counter({.name = "d"}), [&] {
          pcp.update();
          return f.file().metrics.at("d").values.at("");
        }) == "");
  CHECK(kit::testing::check_gauge(g, [&] {
          pcp.update();
          return std::vector<double>{f.file().metrics.at("g").values.at("")};
        }) == "");
  c.add(1e300);
  pcp.update();
  CHECK(f.file().metrics.at("c").values.at("") == static_cast<double>(INT64_MAX));
}

TEST_CASE("pcp_exporter: what a histogram knows, as instances [metrics/pcp:1,2,5]") {
  fixture f;
  const auto h = f.metrics.histogram({.name = "h", .buckets = exponential_buckets{}});
  auto& pcp = f.start();
  kit::random_source random(1);
  kit::testing::fill_histogram(h, random);
  pcp.update();
  const auto file = f.file();
  const auto& v = file.metrics.at("h").values;
  CHECK(v.size() == 5);
  CHECK(v.at("min") == doctest::Approx(*h.data().min));
  CHECK(v.at("max") == doctest::Approx(*h.data().max));
  CHECK(v.at("mean") == doctest::Approx(500).epsilon(0.01));
  CHECK(v.at("standard_deviation") == doctest::Approx(25).epsilon(0.02));
  CHECK(v.at("variance") == doctest::Approx(625).epsilon(0.04));
  CHECK(file.sections.at(1).first == 1);
  CHECK(file.sections.at(2).first == 5);
  CHECK(file.metrics.at("h").domain != 0xffffffff);
  CHECK(kit::testing::wrong_quantiles([&](double q) { return h.data().quantile(q); }, 0.01) == "");
}

TEST_CASE(
    "pcp_exporter: a value out of range is counted, a negative delta ignored [metrics/pcp:3]") {
  fixture f;
  const auto h = f.metrics.histogram({.name = "h", .buckets = explicit_buckets{{1}}});
  const auto c = f.metrics.counter({.name = "c"});
  h.observe(1e12);
  c.add(2);
  c.add(-1);
  f.start();
  CHECK(f.file().metrics.at("h").values.at("max") == 1e12);
  CHECK(f.file().metrics.at("c").values.at("") == 2);
}

TEST_CASE(
    "pcp_exporter: an instance for each series, where Go kit ignored labels [metrics/pcp:4]") {
  fixture f;
  const auto c = f.metrics.counter({.name = "c", .help = std::string(300, 'x')}, {"m", "error"});
  c.with("sum", false).add(1);
  c.with("a b,=%\xc3\xa4", true).add(2);
  f.metrics.histogram({.name = "h"}, {"m"}).with("sum").observe(3);
  f.metrics.histogram({.name = "plain"}).observe(3);
  f.metrics.histogram({.name = "plain2"}).observe(4);
  f.start();
  const auto file = f.file();
  CHECK(file.metrics.at("c").values ==
        std::map<std::string, double>{{"error=false,m=sum", 1},
                                      {"error=true,m=a%20b%2C%3D%25\xc3\xa4", 2}});
  CHECK(file.metrics.at("c").help == std::string(255, 'x'));
  CHECK(file.metrics.at("h").values.at("mean,m=sum") == 3);
  CHECK(file.metrics.at("plain").domain == file.metrics.at("plain2").domain);
  CHECK(file.metrics.at("plain").values.at("mean") == 3);
  CHECK(file.metrics.at("plain2").values.at("mean") == 4);
  CHECK(file.sections.at(1).first == 3);
}

TEST_CASE("pcp_exporter: long names make it version 2 [metrics/pcp:5]") {
  fixture f;
  const std::string name(64, 'n');
  const std::string longer(300, 'l');
  f.metrics.gauge({.name = name, .help = "Help."}).set(1);
  f.metrics.gauge({.name = longer}).set(2);
  f.metrics.gauge({.name = "g"}, {"a"}).with("b").set(3);
  f.metrics.gauge({.name = "_:x"}).set(4);
  f.start();
  const auto file = f.file();
  CHECK(file.version == 2);
  CHECK(file.metrics.at(name).values.at("") == 1);
  CHECK(file.metrics.at(name).help == "Help.");
  CHECK(file.metrics.at("g").values.at("a=b") == 3);
  CHECK(file.metrics.at("m__x").values.at("") == 4);
  const auto number = std::to_string(detail::fnv1a(longer));
  CHECK(file.metrics.at(std::string(254 - number.size(), 'l') + '_' + number).values.at("") == 2);
}

TEST_CASE("pcp_exporter: a new file when series come and go, with numbers that stay") {
  fixture f;
  const auto c = f.metrics.counter({.name = "c"}, {"n"});
  c.with(1).add(1);
  auto& pcp = f.start();
  const auto before = f.file();
  c.with(2).add(2);
  f.metrics.counter({.name = "b"}).add(3);
  pcp.update();
  const auto after = f.file();
  CHECK(after.generation1 == before.generation1 + 1);
  CHECK(after.generation2 == after.generation1);
  CHECK(after.metrics.at("c").item == before.metrics.at("c").item);
  CHECK(after.metrics.at("c").domain == before.metrics.at("c").domain);
  CHECK(after.metrics.at("c").values == std::map<std::string, double>{{"n=1", 1}, {"n=2", 2}});
  c.remove(1);
  pcp.update();
  CHECK(f.file().metrics.at("c").values == std::map<std::string, double>{{"n=2", 2}});
}

TEST_CASE("pcp_exporter: no two metrics have one number") {
  detail::mmv_numbers numbers(8);
  std::map<std::uint32_t, std::string> seen;
  for (const auto* name : {"a", "b", "c", "d", "e", "f", "g", "h"})
    CHECK(seen.emplace(numbers.of(name).value(), name).second);
  CHECK(numbers.of("a") == numbers.of("a"));
  CHECK(!numbers.of("one too many"));

  fixture f;
  f.metrics.counter({.name = "a:b"}).add(1);
  f.metrics.counter({.name = "a_b"}).add(2);
  detail::mmv_ids ids;
  CHECK(detail::mmv_layout(f.metrics.collect(), ids).left_out() == 1);
  f.start();
  CHECK(f.file().metrics.at("a_b").values.at("") == 1);
}

TEST_CASE("pcp_exporter: the file goes with the exporter, if it is still its own") {
  fixture f;
  const auto path = f.start().path();
  CHECK(path == f.directory.path() / "mmv" / "shop");
  CHECK(f.file().metrics.empty());  // there is nothing yet
  f.exporter.reset();
  CHECK(!fs::exists(path));
  CHECK(fs::is_empty(f.directory.path() / "mmv"));

  f.start();
  const pcp_exporter next(f.metrics, {.app = "shop", .directory = path.parent_path()});
  f.exporter.reset();
  CHECK(fs::exists(path));
}

TEST_CASE("pcp_exporter: a file that others have removed, replaced or cut is made anew") {
  fixture f;
  const auto path = f.start().path();
  const auto c = f.metrics.counter({.name = "c"});
  const auto found = [&] {
    c.add(1);
    f.exporter->update();
    return f.file().metrics.at("c").values.at("");
  };
  CHECK(found() == 1);
  fs::remove(path);
  CHECK(found() == 2);
  std::ofstream(path.string() + ".other") << "x";
  fs::rename(path.string() + ".other", path);
  CHECK(found() == 3);
  fs::resize_file(path, 0);
  CHECK(found() == 4);
  fs::resize_file(path, 0);
  f.exporter.reset();
}

TEST_CASE("pcp_exporter: runs by the interval, and a last time when stopped") {
  fixture f;
  const auto c = f.metrics.counter({.name = "c"});
  auto& pcp = f.start();
  kit::testing::loop loop;
  auto running = loop.start(pcp.run());
  const auto value = [&] { return f.file().metrics.at("c").values.at(""); };
  c.add(1);
  CHECK(value() == 0);
  loop.advance(1s);
  CHECK(value() == 1);
  c.add(1);
  running.cancel();
  loop.run();
  CHECK(running.done());
  CHECK(value() == 2);
}

TEST_CASE("pcp_exporter: tells what goes wrong when it runs") {
  fixture f;
  std::vector<std::string> errors;
  pcp_exporter pcp(f.metrics,
                   {.app = "shop",
                    .directory = f.directory.path() / "mmv",
                    .on_error = [&](const kit::error& e) { errors.push_back(e.what()); }});
  kit::testing::loop loop;
  auto running = loop.start(pcp.run());
  fs::remove_all(f.directory.path() / "mmv");
  f.metrics.counter({.name = "c"}).add(1);
  loop.advance(1s);
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].ends_with(": No such file or directory"));
  fs::create_directory(f.directory.path() / "mmv");
  loop.advance(1s);
  CHECK(errors.size() == 1);
  CHECK(mmv(pcp.path()).metrics.at("c").values.at("") == 1);
  running.cancel();
  loop.run();
}

TEST_CASE("pcp_exporter: refuses what cannot be") {
  const folder directory;
  const auto made = [&](pcp_options o) {
    return refusal([&] { pcp_exporter(registry(), std::move(o)); });
  };
  const std::string app =
      "invalid_argument: pcp_options::app: must be letters, digits and underlines, a letter first";
  CHECK(made({.app = ""}) == app);
  CHECK(made({.app = "../x"}) == app);
  CHECK(made({.app = "1x"}) == app);
  CHECK(made({.app = std::string(64, 'x')}) == app);
  CHECK(made({.app = "x", .interval = 0s}) ==
        "invalid_argument: pcp_options::interval: must be positive");
  const auto missing = directory.path() / "no" / "such";
  CHECK(made({.app = "x", .directory = missing}) ==
        "unavailable: " + (missing / (".x." + std::to_string(::getpid()))).string() +
            ": No such file or directory");
}

TEST_CASE("pcp_directory: where the environment says [metrics/pcp:5]") {
  ::setenv("PCP_TMP_DIR", "/somewhere", 1);
  CHECK(pcp_directory() == "/somewhere/mmv");
  ::unsetenv("PCP_TMP_DIR");
  CHECK(pcp_directory().filename() == "mmv");
}
