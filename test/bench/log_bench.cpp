// What a record costs the thread that logs it.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <kit/log/async.hpp>
#include <kit/log/computed.hpp>
#include <kit/log/fields.hpp>
#include <kit/log/json.hpp>
#include <kit/log/logger.hpp>
#include <kit/log/sinks.hpp>
#include <kit/tracing/span_context.hpp>

namespace {

using namespace std::chrono_literals;
using kit::log::logger;
using steady = std::chrono::steady_clock;

std::atomic<std::uint64_t> bytes = 0;

/// Takes a look at each record, so that it isn't optimised away.
class null_sink final : public kit::log::sink {
 public:
  void write(const kit::log::record& r) override {
    bytes.fetch_add(r.line.size(), std::memory_order_relaxed);
  }
};

void access(const logger& log, int i) {
  log.info("request", "method", "GET", "path", "/api/v1/users/42", "status", 200, "bytes", i,
           "took", 1234us);
}

/// Nanoseconds per call of `f(i)`, by rounds.
struct figures {
  double median;
  double best;  // what it costs where nobody else uses the machine
};

figures of(std::vector<double> rounds) {
  std::ranges::sort(rounds);
  return {rounds[rounds.size() / 2], rounds.front()};
}

template <class F>
figures measure(int calls, F f) {
  std::vector<double> rounds;
  for (int round = 0; round < 9; ++round) {
    const auto start = steady::now();
    for (int i = 0; i < calls; ++i)
      f(i);
    const std::chrono::duration<double, std::nano> took = steady::now() - start;
    rounds.push_back(took.count() / calls);
  }
  return of(std::move(rounds));
}

void print(const char* what, figures f) {
  std::printf("  %-58s %8.1f ns, best round %8.1f ns\n", what, f.median, f.best);
}

void filtered() {
  std::puts("not let through");
  const logger log({.sink = std::make_shared<null_sink>()});
  const logger none;
  print("debug, of a logger at info", measure(10'000'000, [&](int i) {
          log.debug("request", "method", "GET", "path", "/api/v1/users/42", "bytes", i);
        }));
  print("info, of a logger that discards", measure(10'000'000, [&](int i) {
          none.info("request", "method", "GET", "path", "/api/v1/users/42", "bytes", i);
        }));
}

void synchronous(const char* name, const kit::log::encoder& encoder) {
  std::printf("%s, to a sink that does nothing\n", name);
  const logger log({.sink = std::make_shared<null_sink>(), .encoder = encoder});
  const auto full = log.with("ts", kit::log::timestamp_utc, "svc", "addsvc");
  const auto ctx = kit::log::with_fields(
      kit::tracing::with_span_context({}, {.trace_id = {1, 2}, .span_id = {3}}), "user", 7);
  const auto bound = full.in(ctx);
  print("message and 5 pairs", measure(500'000, [&](int i) { access(log, i); }));
  print("with ts and svc", measure(500'000, [&](int i) { access(full, i); }));
  print("with ts and svc, and a span and a field of the context",
        measure(500'000, [&](int i) { access(bound, i); }));
  print("binding to a context, and the same",
        measure(500'000, [&](int i) { access(full.in(ctx), i); }));
}

/// Records as fast as they come, from some threads. `lost` tells whether the sink kept up.
void asynchronous(const char* name, const kit::log::encoder& encoder, int threads) {
  constexpr int calls = 4'000;
  const auto behind = std::make_shared<kit::log::async_sink>(
      std::make_shared<null_sink>(), kit::log::async_options{.capacity = std::size_t{8} << 20});
  const auto log = logger({.sink = behind, .encoder = encoder})
                       .with("ts", kit::log::timestamp_utc, "svc", "addsvc");
  std::vector<std::vector<double>> all(static_cast<std::size_t>(threads));
  {
    std::vector<std::jthread> running;
    for (auto& rounds : all) {
      running.emplace_back([&log, &rounds] {
        for (int round = 0; round < 101; ++round) {
          const auto start = steady::now();
          for (int i = 0; i < calls; ++i)
            access(log, i);
          const std::chrono::duration<double, std::nano> took = steady::now() - start;
          rounds.push_back(took.count() / calls);
        }
      });
    }
  }
  std::vector<double> rounds;
  for (const auto& of_thread : all)
    rounds.insert(rounds.end(), of_thread.begin(), of_thread.end());
  behind->flush();
  const auto what = std::string(name) + ", threads: " + std::to_string(threads) +
                    ", lost: " + std::to_string(behind->dropped());
  print(what.c_str(), of(std::move(rounds)));
}

}  // namespace

int main(int argc, char**) {
  if (argc > 1) {
    std::puts("usage: log_bench");
    return 2;
  }
  filtered();
  synchronous("logfmt", kit::log::logfmt);
  synchronous("JSON", kit::log::json);
  std::puts("asynchronous, message, ts, svc and 5 pairs: what the caller waits");
  for (const int threads : {1, 2}) {
    asynchronous("logfmt", kit::log::logfmt, threads);
    asynchronous("JSON", kit::log::json, threads);
  }
  std::printf("%llu bytes\n", static_cast<unsigned long long>(bytes.load()));
  return 0;
}
