// Many threads at once: run these with -Db_sanitize=thread.
#include <algorithm>
#include <atomic>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <kit/metrics/cloudwatch.hpp>
#include <kit/metrics/registry.hpp>

#include "on_threads.hpp"

using kit::metrics::registry;
using test::on_threads;

namespace {

asio::awaitable<kit::http::response> taken(kit::http::request req, std::atomic<int>& data) {
  co_await asio::post(asio::use_awaitable);
  for (std::string_view rest = req.body.text(); !rest.empty();) {
    const auto end = std::min(rest.find('&'), rest.size());
    if (rest.substr(0, end).find("MetricName=c") != rest.npos) ++data;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  co_return kit::http::response();
}

asio::awaitable<bool> flush_often(kit::metrics::cloudwatch_exporter& exporter,
                                  const kit::metrics::counter_family<1>& c) {
  bool all = true;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 50; ++i)
      c.with(i).add(1);
    all = (co_await exporter.flush()).has_value() && all;
  }
  co_return all;
}

}  // namespace

TEST_CASE(
    "cloudwatch_exporter: threads, with requests at once, on a loop that several threads run") {
  const registry r;
  const auto c = r.counter({.name = "c"}, {"n"});
  const auto g = r.gauge({.name = "g"});
  std::atomic<int> data{0};
  kit::metrics::cloudwatch_exporter exporter(
      r, [&data](kit::http::request req) { return taken(std::move(req), data); },
      {.name_space = "n",
       .region = "r",
       .credentials = kit::http::aws_credentials{"id", "key"},
       .max_batch = 5,
       .concurrency = 4});
  asio::io_context loop;
  auto done = asio::co_spawn(asio::make_strand(loop), flush_often(exporter, c), asio::use_future);
  on_threads(4, [&](std::size_t i) {
    if (i < 3) {
      loop.run();
      return;
    }
    for (int n = 0; n < 1'000; ++n) {
      g.set(n);
      CHECK(exporter.stats().values_lost == 0);
    }
  });
  CHECK(done.get());
  CHECK(data == 20 * 50);
  CHECK(exporter.stats().values_sent >= 20 * 50);
}
