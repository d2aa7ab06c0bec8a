// Times the router: a lookup alone, and a whole call through a router's handler, among few and many
// routes; and counts the allocations of each.
//   router_bench [--seconds S]
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <transports/http/detail/route_tree.hpp>
#include <transports/http/router.hpp>

#include "bench.hpp"

namespace {

namespace http = kit::http;
using clock_type = std::chrono::steady_clock;

// What must not be optimised away ends up here.
volatile std::size_t sink;

struct cost {
  double nanoseconds = 1e9;
  double allocations = 0;
};

// Of 50 short rounds of calls the best one counts: a shared machine disturbs many.
class rounds {
 public:
  explicit rounds(double seconds) : seconds_(seconds) {}

  // Ends a round and starts the next; false after the last. The first one only warms up.
  bool next() {
    const std::chrono::duration<double, std::nano> took = clock_type::now() - start_;
    if (round_ > 0) {
      const auto each = took.count() / static_cast<double>(calls_);
      if (round_ > 1) best_.nanoseconds = std::min(best_.nanoseconds, each);
      best_.allocations =
          static_cast<double>(bench::allocations - allocations_) / static_cast<double>(calls_);
      calls_ = static_cast<std::size_t>(seconds_ * 1e9 / 50 / each) + 1;
    }
    allocations_ = bench::allocations;
    start_ = clock_type::now();
    return round_++ <= 50;
  }
  std::size_t calls() const { return calls_; }
  const cost& best() const { return best_; }

 private:
  double seconds_;
  int round_ = 0;
  std::size_t calls_ = 1000;
  std::uint64_t allocations_ = 0;
  clock_type::time_point start_;
  cost best_;
};

void print(const std::string& what, const cost& c) {
  std::printf("  %-46s %7.1f ns, %.0f allocations\n", what.c_str(), c.nanoseconds, c.allocations);
}

// What an API of `count` routes looks like: a third each of two texts, of a text and a parameter,
// and of two parameters.
struct route {
  std::string pattern;
  std::string path;
};
std::vector<route> api(std::size_t count) {
  std::vector<route> routes;
  for (std::size_t i = 0; routes.size() < count; ++i) {
    const std::string name = "/resource" + std::to_string(i);
    routes.push_back({name + "/list", name + "/list"});
    routes.push_back({name + "/{id}", name + "/48151"});
    routes.push_back({name + "/{id}/parts/{part}", name + "/48151/parts/62"});
  }
  routes.resize(count);
  return routes;
}

http::detail::route_tree tree_of(const std::vector<route>& routes) {
  std::vector<http::detail::route_key> keys;
  for (const auto& r : routes)
    keys.push_back({http::method::get, http::detail::parse_pattern(r.pattern)});
  return http::detail::route_tree(std::move(keys));
}

void lookup(double seconds, const std::string& what, const http::detail::route_tree& tree,
            std::vector<std::string> paths) {
  // Shuffled: with many routes the table is as cold in the processor's caches as in a server. The
  // paths themselves lie in a row, as a request's path was just read.
  std::shuffle(paths.begin(), paths.end(), std::mt19937(1));
  std::string row;
  for (const auto& p : paths)
    row += p;
  std::size_t next = 0;
  std::size_t at = 0;
  rounds r(seconds);
  while (r.next()) {
    for (std::size_t i = 0; i < r.calls(); ++i) {
      const std::string_view path(row.data() + at, paths[next].size());
      at += path.size();
      if (++next == paths.size()) next = at = 0;
      http::path_params params;
      const auto match = tree.find(http::method::get, path, params);
      if (match.what != http::detail::route_match::outcome::found) std::abort();
      sink = match.route;
    }
  }
  print(what, r.best());
}

void lookups(double seconds, std::size_t count) {
  std::vector<route> routes{{"/users/list", "/users/list"}};
  if (count > 1) routes = api(count);
  const auto tree = tree_of(routes);
  std::printf("lookup among %zu routes\n", count);
  if (count == 1) {
    lookup(seconds, "two texts", tree, {"/users/list"});
    lookup(seconds, "a text, a parameter", tree_of({{"/users/{id}", ""}}), {"/users/48151"});
    lookup(seconds, "two texts, two parameters", tree_of({{"/users/{id}/parts/{part}", ""}}),
           {"/users/48151/parts/62"});
    return;
  }
  const char* names[] = {"two texts", "a text, a parameter", "two texts, two parameters"};
  for (std::size_t kind = 0; kind < 3; ++kind) {
    std::vector<std::string> all;
    for (std::size_t i = kind; i < routes.size(); i += 3)
      all.push_back(routes[i].path);
    lookup(seconds, names[kind] + std::string(", the same path"), tree, {all.back()});
    lookup(seconds, names[kind] + std::string(", all in turn"), tree, all);
  }
}

asio::awaitable<http::response> answer(http::request) {
  co_return http::response{};
}

asio::awaitable<void> call_many(const http::handler& h, std::string target, rounds& r) {
  while (r.next()) {
    for (std::size_t i = 0; i < r.calls(); ++i) {
      http::request req;
      req.target = target;
      sink = static_cast<std::size_t>((co_await h.try_call(std::move(req)))->status);
    }
  }
}

void call(double seconds, const char* what, const http::handler& h, const std::string& target) {
  asio::io_context loop(1);
  rounds r(seconds);
  asio::co_spawn(loop, call_many(h, target, r), [](std::exception_ptr failure) {
    if (failure) std::abort();
  });
  loop.run();
  print(what, r.best());
}

void calls(double seconds) {
  std::puts("call, with making the request and the answer");
  call(seconds, "the handler without a router", &answer, "/users/48151/parts/62");
  http::router router;
  router.get("/users/list", &answer);
  router.get("/users/{id}/parts/{part}", &answer);
  router.mount("/static", &answer);
  call(seconds, "two texts", router, "/users/list");
  call(seconds, "two texts, two parameters", router, "/users/48151/parts/62");
  call(seconds, "a mounted handler", router, "/static/app.css");
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = bench::seconds_option(argc, argv, 0.5);
  for (std::size_t count : {std::size_t{1}, std::size_t{100}, std::size_t{10'000}})
    lookups(seconds, count);
  calls(seconds);
}
