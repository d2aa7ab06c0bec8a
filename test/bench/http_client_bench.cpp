// Keeps requests in flight on one loop, and says how many were answered and how fast:
//
//     http_client_bench --port 8080 --conns 64 --seconds 5
//
// It posts the request of stringsvc's /uppercase, for a warm-up of 0.2 s and then for that long.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <transports/http/client.hpp>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

struct report {
  clock_type::time_point begin;  // after the warm-up
  clock_type::time_point end;
  std::size_t total = 0;
  std::size_t errors = 0;
  std::vector<clock_type::duration> times;
};

asio::awaitable<void> keep_one_in_flight(kit::http::client client, const std::string& url,
                                         report& r) {
  const kit::http::request request{.method = kit::http::method::post,
                                   .target = url,
                                   .headers = {{"Content-Type", "application/json"}},
                                   .body = R"({"s":"hello, world"})"};
  for (auto now = clock_type::now(); now < r.end;) {
    const auto answer = co_await client.try_call(request);
    const auto before = std::exchange(now, clock_type::now());
    ++r.total;
    if (!answer || answer->status != kit::http::status::ok || answer->body.bytes().size() < 20) {
      if (r.errors++ == 0 && !answer) std::fprintf(stderr, "%s\n", answer.error().what());
    } else if (before >= r.begin) {
      r.times.push_back(now - before);
    }
  }
}

std::string argument(int count, char** values, std::string_view name, std::string_view usual) {
  for (int i = 1; i + 1 < count; ++i) {
    if (values[i] == "--" + std::string(name)) return values[i + 1];
  }
  return std::string(usual);
}

}  // namespace

int main(int argc, char** argv) {
  const auto url = "http://127.0.0.1:" + argument(argc, argv, "port", "8080") + "/uppercase";
  const int conns = std::atoi(argument(argc, argv, "conns", "1").c_str());
  const double seconds = std::atof(argument(argc, argv, "seconds", "1").c_str());
  const int threads = std::atoi(argument(argc, argv, "hint", "1").c_str());

  asio::io_context io(threads);  // 2 has it take the way of a loop run by several threads
  const kit::http::client client({.protocol = kit::http::client_protocol::http_1_1});
  report r;
  r.begin = clock_type::now() + 200ms;
  r.end = r.begin +
          std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(seconds));
  for (int i = 0; i < conns; ++i) {
    asio::co_spawn(io, keep_one_in_flight(client, url, r), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
  }
  io.run();

  std::sort(r.times.begin(), r.times.end());
  const auto at = [&](double part) {
    if (r.times.empty()) return 0.0;
    const auto index = static_cast<std::size_t>(part * static_cast<double>(r.times.size() - 1));
    return std::chrono::duration<double, std::micro>(r.times[index]).count();
  };
  std::printf("RESULT requests=%zu total=%zu rps=%.0f p50_us=%.1f p99_us=%.1f errors=%zu\n",
              r.times.size(), r.total, static_cast<double>(r.times.size()) / seconds, at(0.5),
              at(0.99), r.errors);
  return r.errors == 0 ? 0 : 1;
}
