// CloudWatch's data: what is sent of a registry's metrics, and its form.
#include <kit/metrics/cloudwatch.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kit/http/query.hpp>
#include <kit/metrics/detail/window.hpp>
#include <kit/testing/metrics.hpp>

#include "refusal.hpp"

using namespace kit::metrics;
using test::refusal;

namespace {

constexpr auto statistic_sets = cloudwatch_style::statistics;

double gauges(std::string_view, metric_kind kind) {
  return kind == metric_kind::gauge ? 1 : 0;
}

struct fixture {
  std::vector<cloudwatch_datum> data(const cloudwatch_format& format = {}) {
    const auto values = reader.take();
    return cloudwatch_data(window.next(), values, format);
  }

  registry metrics;
  sample_reader reader = metrics.read_samples({.rate = gauges});
  detail::window window{metrics};
};

const cloudwatch_datum* find(const std::vector<cloudwatch_datum>& data, std::string_view name) {
  const auto found = std::ranges::find(data, name, &cloudwatch_datum::name);
  return found != data.end() ? &*found : nullptr;
}
double value_of(const cloudwatch_datum& d) {
  return std::get<double>(d.value);
}
cloudwatch_statistics set_of(const cloudwatch_datum& d) {
  return std::get<cloudwatch_statistics>(d.value);
}

}  // namespace

TEST_CASE("cloudwatch_data: a counter is one value, what it grew by [metrics/cloudwatch:2]") {
  fixture f;
  const auto c = f.metrics.counter({.name = "c"});
  kit::random_source random(1);
  CHECK(kit::testing::check_counter(c, [&] { return value_of(f.data().at(0)); }) == "");
  const double second = kit::testing::fill_counter(c, random);
  const auto data = f.data();
  CHECK(value_of(data.at(0)) == second);
  CHECK(data.at(0).unit == "Count");
  CHECK(f.data().empty());
}

TEST_CASE(
    "cloudwatch_data: labels are dimensions, in the order of their names "
    "[metrics/cloudwatch:1] [metrics/cloudwatch2:3]") {
  for (const auto style : {cloudwatch_style::values, statistic_sets}) {
    fixture f;
    f.metrics.counter({.name = "c"}, {"z", "a", "empty"}).with("1", "b c", "").add(1);
    f.metrics.gauge({.name = "g"}, {"method"}).with("sum").set(1);
    const auto data = f.data({.style = style});
    CHECK(find(data, "c")->dimensions == std::vector<label>{{"a", "b c"}, {"z", "1"}});
    CHECK(find(data, "g")->dimensions == std::vector<label>{{"method", "sum"}});
  }
}

TEST_CASE(
    "cloudwatch_data: a gauge is all values that it had, with how often [metrics/cloudwatch:3]") {
  fixture f;
  const auto g = f.metrics.gauge({.name = "g", .unit = "bytes"});
  for (const double v : {3.0, 1.0, 3.0, 2.0})
    g.set(v);
  const auto data = f.data();
  REQUIRE(data.size() == 1);
  CHECK(data[0].unit == "Bytes");
  CHECK(std::get<cloudwatch_values>(data[0].value) ==
        cloudwatch_values{.values = {1, 2, 3}, .counts = {1, 1, 2}});
  CHECK(kit::testing::check_gauge(g, [&] {
          std::vector<double> all;
          for (const auto& d : f.data()) {
            const auto& v = std::get<cloudwatch_values>(d.value);
            CHECK(v.values.size() <= 150);
            for (std::size_t i = 0; i < v.values.size(); ++i)
              all.insert(all.end(), v.counts[i], v.values[i]);
          }
          return all;
        }) == "");
}

TEST_CASE(
    "cloudwatch_data: more than 150 values make a further datum, and none is left out "
    "[metrics/cloudwatch:3]") {
  fixture f;
  const auto g = f.metrics.gauge({.name = "g"});
  for (int i = 0; i < 301; ++i)
    g.set(i);
  const auto data = f.data();
  REQUIRE(data.size() == 3);
  CHECK(std::get<cloudwatch_values>(data[0].value).values.size() == 150);
  CHECK(std::get<cloudwatch_values>(data[1].value).values.front() == 150);
  CHECK(std::get<cloudwatch_values>(data[2].value).values == std::vector<double>{300});
}

TEST_CASE("cloudwatch_data: what has a value and no single ones is sent with that") {
  fixture f;
  const auto keep = f.metrics.observe_gauge({.name = "observed"}, [] { return 7.0; });
  f.metrics.up_down_counter({.name = "under_way"}).add(2);
  const auto data = f.data();
  CHECK(value_of(*find(data, "observed")) == 7);
  CHECK(value_of(*find(data, "under_way")) == 2);
  CHECK(find(data, "under_way")->unit == "");
}

TEST_CASE("cloudwatch_data: a metric for each percentile of a histogram [metrics/cloudwatch:4]") {
  fixture f;
  const auto h = f.metrics.histogram(
      {.name = "def", .unit = "seconds", .buckets = exponential_buckets{}}, {"a"});
  const cloudwatch_format format{.percentiles = {0.5, 0.57, 0.99, 0.999, 1}};
  h.with("b").observe(3);
  std::vector<std::string> names;
  for (const auto& d : f.data(format)) {
    names.push_back(d.name);
    CHECK(value_of(d) == 3);
    CHECK(d.unit == "Seconds");
    CHECK(d.dimensions == std::vector<label>{{"a", "b"}});
  }
  CHECK(names == std::vector<std::string>{"def_50", "def_57", "def_99", "def_99.9", "def_100"});
  CHECK(kit::testing::check_histogram(
            h.with("c"), [&, all = std::vector<cloudwatch_datum>()](double q) mutable {
              if (all.empty()) all = f.data();
              return value_of(*find(all, "def_" + std::to_string(static_cast<int>(q * 100 + 0.5))));
            }) == "");
  CHECK(refusal([&] { f.data({.percentiles = {0.5, 1.01}}); }) ==
        "invalid_argument: cloudwatch_format::percentiles: one is not from 0 to 1");
}

TEST_CASE("cloudwatch_data: every kind as a statistic set [metrics/cloudwatch2:1]") {
  fixture f;
  const auto c = f.metrics.counter({.name = "c"});
  const auto g = f.metrics.gauge({.name = "g"});
  const auto h = f.metrics.histogram({.name = "h", .buckets = explicit_buckets{{4, 5, 6}}});
  for (const double v : {4.0, 5.0, 6.0}) {
    c.add(v);
    g.set(v);
    h.observe(v);
  }
  const auto data = f.data({.style = statistic_sets});
  REQUIRE(data.size() == 3);
  const cloudwatch_statistics all{.minimum = 4, .maximum = 6, .sum = 15, .count = 3};
  CHECK(set_of(*find(data, "g")) == all);
  CHECK(find(data, "h") != nullptr);
  CHECK(set_of(*find(data, "h")).sum == 15);
  CHECK(set_of(*find(data, "h")).count == 3);
  CHECK(set_of(*find(data, "h")).maximum == 6);
  // A counter knows its sum, not the steps: one sample.
  CHECK(set_of(*find(data, "c")) ==
        cloudwatch_statistics{.minimum = 15, .maximum = 15, .sum = 15, .count = 1});
}

TEST_CASE("cloudwatch_data: statistic sets of one value, and of none [metrics/cloudwatch2:2]") {
  fixture f;
  f.metrics.gauge({.name = "g"}).set(-3);
  CHECK(set_of(f.data({.style = statistic_sets}).at(0)) ==
        cloudwatch_statistics{.minimum = -3, .maximum = -3, .sum = -3, .count = 1});
  CHECK(cloudwatch_statistics() ==
        cloudwatch_statistics{.minimum = 0, .maximum = 0, .sum = 0, .count = 0});
  CHECK(f.data({.style = statistic_sets}).empty());  // nor is one sent
}

TEST_CASE(
    "cloudwatch_data: adding to a gauge records its value, not the step "
    "[metrics/cloudwatch2:4]") {
  fixture f;
  const auto g = f.metrics.gauge({.name = "g"});
  g.set(10);
  g.add(5);
  CHECK(set_of(f.data({.style = statistic_sets}).at(0)) ==
        cloudwatch_statistics{.minimum = 10, .maximum = 15, .sum = 25, .count = 2});
}

TEST_CASE("cloudwatch_data: nothing that CloudWatch would refuse the whole request for") {
  fixture f;
  const auto g = f.metrics.gauge({.name = "g"});
  g.set(std::numeric_limits<double>::quiet_NaN());
  g.set(std::numeric_limits<double>::infinity());
  f.metrics.up_down_counter({.name = "large"}).add(1e300);
  CHECK(f.data().empty());
  g.set(1e-300);
  CHECK(std::get<cloudwatch_values>(f.data().at(0).value).values == std::vector<double>{0});

  const auto c = f.metrics.counter({.name = "c", .unit = "furlongs"}, {"l"});
  c.with("\xc3\xa4\n" + std::string(2'000, 'x')).add(1);
  c.with("  ").add(1);
  const auto data = f.data();
  REQUIRE(data.size() == 2);
  CHECK(data[0].dimensions.empty());
  CHECK(data[1].dimensions.at(0).value == "???" + std::string(1'021, 'x'));
  CHECK(data[0].unit == "");
}

TEST_CASE("put_metric_data: the form of the Query API [metrics/cloudwatch:1]") {
  const std::vector<cloudwatch_datum> data{
      {.name = "c", .dimensions = {{"a", "b c"}, {"d", "&"}}, .unit = "Count", .value = 3.5},
      {.name = "g",
       .dimensions = {},
       .value = cloudwatch_values{.values = {1, 2}, .counts = {5, 6}}},
      {.name = "h",
       .dimensions = {},
       .value = cloudwatch_statistics{.minimum = 1, .maximum = 9, .sum = 10, .count = 2}}};
  const auto text =
      put_metric_data("my space", data, wall_time(std::chrono::seconds(1'440'938'160)), true);
  std::map<std::string, std::string> form;
  const auto params = kit::http::parse_query(text).value();
  for (const auto& p : params)
    CHECK(form.emplace(p.name, p.value).second);
  const std::string stamp = "2015-08-30T12:36:00Z";
  const std::string m = "MetricData.member.";
  CHECK(form == std::map<std::string, std::string>{
                    {"Action", "PutMetricData"},
                    {"Version", "2010-08-01"},
                    {"Namespace", "my space"},
                    {m + "1.MetricName", "c"},
                    {m + "1.Dimensions.member.1.Name", "a"},
                    {m + "1.Dimensions.member.1.Value", "b c"},
                    {m + "1.Dimensions.member.2.Name", "d"},
                    {m + "1.Dimensions.member.2.Value", "&"},
                    {m + "1.Unit", "Count"},
                    {m + "1.Value", "3.5"},
                    {m + "1.Timestamp", stamp},
                    {m + "1.StorageResolution", "1"},
                    {m + "2.MetricName", "g"},
                    {m + "2.Values.member.1", "1"},
                    {m + "2.Counts.member.1", "5"},
                    {m + "2.Values.member.2", "2"},
                    {m + "2.Counts.member.2", "6"},
                    {m + "2.Timestamp", stamp},
                    {m + "2.StorageResolution", "1"},
                    {m + "3.MetricName", "h"},
                    {m + "3.StatisticValues.Minimum", "1"},
                    {m + "3.StatisticValues.Maximum", "9"},
                    {m + "3.StatisticValues.Sum", "10"},
                    {m + "3.StatisticValues.SampleCount", "2"},
                    {m + "3.Timestamp", stamp},
                    {m + "3.StorageResolution", "1"},
                });
  CHECK(put_metric_data("n", data, {}, false).find("StorageResolution") == std::string::npos);
}
