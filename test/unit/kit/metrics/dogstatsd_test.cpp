#include <kit/metrics/dogstatsd.hpp>

#include <chrono>
#include <string>

#include <doctest/doctest.h>

#include <kit/testing/metrics.hpp>

#include "pushing.hpp"
#include "refusal.hpp"

using namespace std::chrono_literals;
using kit::metrics::dogstatsd_alert;
using kit::metrics::dogstatsd_priority;
using kit::metrics::dogstatsd_status;
using kit::metrics::dogstatsd_text;
using kit::metrics::statsd_dialect;
using kit::metrics::statsd_values;
using kit::testing::check_histogram;
using kit::testing::quantile_of_lines;
using kit::testing::sum_lines;
using test::statsd;
using test::statsd_of;

namespace {

constexpr auto dog = statsd_dialect::dogstatsd;
constexpr auto influx = statsd_dialect::influxstatsd;

}  // namespace

TEST_CASE("dogstatsd: rate, then tags, the global ones first [metrics/dogstatsd:1]") {
  statsd s(statsd_of({.dialect = dog, .prefix = "abc.", .tags = {{"hostname", "foohost"}}}, 0.5));
  s.metrics.counter({.name = "def"}, {"label"}).with("value").add(15);
  s.metrics.gauge({.name = "jkl"}, {"xyz", "abc"}).with("abc", "first").set(4);
  const auto h = s.metrics.histogram({.name = "h"}, {"foo"}).with("bar");
  for (int i = 0; i < 20; ++i)
    h.observe(500);
  const auto text = s.flush();
  CHECK(
      text.starts_with("abc.def:15.000000|c|#hostname:foohost,label:value\n"
                       "abc.jkl:4.000000|g|#hostname:foohost,abc:first,xyz:abc\n"
                       "abc.h:500.000000|h|@0.500000|#hostname:foohost,foo:bar\n"));
}

TEST_CASE("dogstatsd: no tags, no part for them [metrics/dogstatsd:2]") {
  statsd s(statsd_of({.dialect = dog}));
  s.metrics.counter({.name = "c"}).add(1);
  s.metrics.counter({.name = "d"}, {"empty"}).with("").add(1);
  CHECK(s.flush() == "c:1.000000|c\nd:1.000000|c\n");
}

TEST_CASE("dogstatsd: global pairs are whole, else they are refused [metrics/dogstatsd:3]") {
  CHECK(test::refusal([] { statsd s(statsd_of({.dialect = dog, .tags = {{"odd", ""}}})); }) ==
        "invalid_argument: statsd_format::tags: has an empty name or value");
}

TEST_CASE("dogstatsd: a label takes the place of the global pair of its name") {
  statsd s(statsd_of({.dialect = dog, .tags = {{"env", "test"}, {"zone", "a"}}}));
  s.metrics.counter({.name = "c"}, {"env"}).with("prod").add(1);
  s.metrics.histogram({.name = "h"}, {"env"}).with("prod").observe(1);
  CHECK(s.flush() == "c:1.000000|c|#zone:a,env:prod\nh:1.000000|h|#zone:a,env:prod\n");
}

TEST_CASE("dogstatsd: a part of the values still has their quantiles [metrics/dogstatsd:4]") {
  statsd s(statsd_of({.dialect = dog}, 0.5));
  std::string text;
  CHECK(check_histogram(
            s.metrics.histogram({.name = "h"}),
            [&](double q) {
              text += s.flush();
              return quantile_of_lines(text, R"(h:(\d+\.\d{6})\|h\|@0\.500000)", q);
            },
            0.02) == "");
  const auto lines = kit::testing::numbers_in_lines(text, "h:(.*)\\|h\\|@.*").size();
  CHECK(static_cast<double>(lines) / 0.5 == doctest::Approx(12'345).epsilon(0.05));
}

TEST_CASE("dogstatsd: a gauge is sent when touched, and keeps its value [metrics/dogstatsd:5]") {
  statsd s(statsd_of({.dialect = dog}));
  const auto g = s.metrics.gauge({.name = "g"});
  g.set(5);
  CHECK(s.flush() == "g:5.000000|g\n");
  CHECK(s.flush() == "");
  g.add(1);
  CHECK(s.flush() == "g:6.000000|g\n");
  g.set(-6);
  CHECK(s.flush() == "g:-6.000000|g\n");  // no server of this dialect subtracts
}

TEST_CASE("dogstatsd: same name, same gauge; in whatever order labels are [metrics/dogstatsd:6]") {
  statsd s(statsd_of({.dialect = dog}));
  s.metrics.gauge({.name = "g"}).set(5);
  s.metrics.gauge({.name = "g"}).add(1);
  s.metrics.counter({.name = "c"}, {"a", "b"}).with(1, 2).add(1);
  s.metrics.counter({.name = "c"}, {"b", "a"}).with(2, 1).add(1);
  CHECK(s.flush() == "c:2.000000|c|#a:1,b:2\ng:6.000000|g\n");
}

TEST_CASE("dogstatsd: a new series of a gauge starts from zero, as any [metrics/dogstatsd:7]") {
  statsd s(statsd_of({.dialect = dog}));
  const auto g = s.metrics.gauge({.name = "g"}, {"l"});
  g.with("a").set(5);
  g.with("b").add(1);
  CHECK(s.flush() == "g:5.000000|g|#l:a\ng:1.000000|g|#l:b\n");
}

TEST_CASE("dogstatsd: a series lives until it is removed") {
  statsd s(statsd_of({.dialect = dog}));
  const auto g = s.metrics.gauge({.name = "g"}, {"l"});
  const auto old = g.with("a");
  old.set(5);
  CHECK(s.flush() == "g:5.000000|g|#l:a\n");
  CHECK(g.remove("a"));
  old.set(6);
  CHECK(s.flush() == "");
  CHECK(s.metrics.collect().families.empty());
  g.with("a").set(5);
  CHECK(s.flush() == "g:5.000000|g|#l:a\n");
}

TEST_CASE("dogstatsd: counters, gauges, timings, histograms [metrics/dogstatsd:8]") {
  statsd s(statsd_of({.dialect = dog}));
  s.metrics.histogram({.name = "a_bytes", .unit = "bytes"}).observe(512);
  s.metrics.histogram({.name = "b_seconds", .unit = "seconds"}).observe(0.012);
  s.metrics.gauge({.name = "c"}).set(1);
  s.metrics.counter({.name = "d"}).add(1);
  CHECK(s.flush() == "d:1.000000|c\nc:1.000000|g\nb_seconds:12.000000|ms\na_bytes:512.000000|h\n");
}

TEST_CASE("dogstatsd: values are what one wants them to be") {
  const auto sent_as = [](statsd_values v) {
    statsd s(statsd_of({.dialect = dog, .values = v}));
    s.metrics.histogram({.name = "b", .unit = "bytes"}).observe(512);
    s.metrics.histogram({.name = "s", .unit = "seconds"}).observe(0.5);
    return s.flush();
  };
  CHECK(sent_as(statsd_values::timing) == "b:512.000000|ms\ns:500.000000|ms\n");
  CHECK(sent_as(statsd_values::histogram) == "b:512.000000|h\ns:0.500000|h\n");
  CHECK(sent_as(statsd_values::distribution) == "b:512.000000|d\ns:0.500000|d\n");
}

TEST_CASE("dogstatsd: no tag forges another") {
  statsd s(statsd_of({.dialect = dog, .tags = {{"a:b|c", "1,d:2|#e\nf:1|c"}}}));
  s.metrics.counter({.name = "c"}, {"at"}).with("10.0.0.1:80").add(1);
  CHECK(s.flush() == "c:1.000000|c|#a_b_c:1_d:2__e_f:1_c,at:10.0.0.1:80\n");
}

TEST_CASE("influxstatsd: tags behind the name, the global ones first [metrics/influxstatsd:1]") {
  statsd s(statsd_of({.dialect = influx, .tags = {{"hostname", "foohost"}}}, 0.5));
  s.metrics.gauge({.name = "jkl"}, {"xyz"}).with("abc").set(4);
  const auto h = s.metrics.histogram({.name = "h"}, {"foo"}).with("bar");
  for (int i = 0; i < 20; ++i)
    h.observe(500);
  CHECK(
      s.flush().starts_with("jkl,hostname=foohost,xyz=abc:4.000000|g\n"
                            "h,hostname=foohost,foo=bar:500.000000|h|@0.500000\n"));
  statsd bare(statsd_of({.dialect = influx, .prefix = "p."}));
  bare.metrics.counter({.name = "c"}).add(15);
  CHECK(bare.flush() == "p.c:15.000000|c\n");
}

TEST_CASE("influxstatsd: the same kinds in the same order [metrics/influxstatsd:2]") {
  statsd s(statsd_of({.dialect = influx}));
  s.metrics.histogram({.name = "a"}, {"l"}).with(1).observe(512);
  s.metrics.histogram({.name = "b", .unit = "seconds"}).observe(0.012);
  const auto g = s.metrics.gauge({.name = "c"});
  g.set(5);
  s.metrics.counter({.name = "d"}).add(1);
  CHECK(s.flush() == "d:1.000000|c\nc:5.000000|g\nb:12.000000|ms\na,l=1:512.000000|h\n");
  CHECK(s.flush() == "");
  g.subtract(6);
  CHECK(s.flush() == "c:0.000000|g\nc:-1.000000|g\n");
}

TEST_CASE("influxstatsd: all is sent without a rate; with one, a part [metrics/influxstatsd:3]") {
  for (const double rate : {1.0, 0.1}) {
    statsd s(statsd_of({.dialect = influx}, rate));
    const auto h = s.metrics.histogram({.name = "h"});
    for (int i = 0; i < 10'000; ++i)
      h.observe(1);
    const auto count = sum_lines(s.flush(), R"(h:(1\.0+)\|h(?:\|@0\.100000)?)");
    CHECK(count / rate == doctest::Approx(10'000).epsilon(0.1));  // what the server makes of it
    CHECK((rate == 1.0) == (count == 10'000));
  }
}

TEST_CASE("influxstatsd: no tag forges another") {
  statsd s(statsd_of({.dialect = influx, .tags = {{"a=b c", "1,d=2:1|c\n"}}}));
  s.metrics.counter({.name = "c"}).add(1);
  CHECK(s.flush() == "c,a_b_c=1_d_2_1_c_:1.000000|c\n");
}

TEST_CASE("dogstatsd: events") {
  CHECK(dogstatsd_text({.title = "deployed"}) == "_e{8,0}:deployed|\n");
  CHECK(dogstatsd_text({.title = "an|event",
                        .text = "two\nlines \xC3\xA9",
                        .time = kit::metrics::wall_time{1'700'000'000s},
                        .host = "h|1",
                        .aggregation_key = "k",
                        .source_type = "cokit",
                        .priority = dogstatsd_priority::low,
                        .alert = dogstatsd_alert::warning,
                        .tags = {{"env", "prod"}, {"a", "b,c"}}}) ==
        "_e{8,13}:an|event|two\\nlines \xC3\xA9|d:1700000000|h:h_1|k:k|p:low|s:cokit|t:warning"
        "|#env:prod,a:b_c\n");
  CHECK(dogstatsd_text({.title = "t", .alert = dogstatsd_alert::error}) == "_e{1,0}:t||t:error\n");
  CHECK(dogstatsd_text({.title = "t", .alert = dogstatsd_alert::success}) ==
        "_e{1,0}:t||t:success\n");
  CHECK(test::refusal([] { dogstatsd_text(kit::metrics::dogstatsd_event{}); }) ==
        "invalid_argument: dogstatsd_event::title: is empty");
  CHECK(test::refusal([] { dogstatsd_text({.title = "t", .tags = {{"", ""}}}); }) ==
        "invalid_argument: dogstatsd_event::tags: has an empty name or value");
}

TEST_CASE("dogstatsd: service checks") {
  CHECK(dogstatsd_text({.name = "db", .status = dogstatsd_status::ok}) == "_sc|db|0\n");
  CHECK(dogstatsd_text({.name = "db|x",
                        .status = dogstatsd_status::critical,
                        .time = kit::metrics::wall_time{1'700'000'000s},
                        .host = "h",
                        .message = "down|\nm:m:x",
                        .tags = {{"env", "prod"}}}) ==
        "_sc|db_x|2|d:1700000000|h:h|#env:prod|m:down_\\nm\\:m\\:x\n");
  CHECK(test::refusal([] { dogstatsd_text({.name = "", .status = dogstatsd_status::ok}); }) ==
        "invalid_argument: dogstatsd_check::name: is empty");
}
