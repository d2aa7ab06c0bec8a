// What a typed handler costs above a raw one that does the same by hand: time and allocations of a
// call, without the network. The work is that of stringsvc: {"s":"hello, world"} in capitals.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <kit/codec/json.hpp>
#include <transports/http/handler_of.hpp>
#include <transports/http/hooks.hpp>

#include "bench.hpp"

namespace {

namespace http = kit::http;

constexpr int rounds = 1'000, repeats = 500;  // the best of them counts

struct text_request {
  std::string s;
};
struct text_response {
  std::string v;
};

std::string uppercase(std::string s) {
  for (char& c : s)
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return s;
}

asio::awaitable<kit::result<text_response>> answer(text_request r) {
  co_return text_response{uppercase(std::move(r.s))};
}

http::request make_request() {
  http::request r{.method = http::method::post, .target = "/uppercase"};
  r.headers.reserve(2, 64);
  r.headers.set(http::field::host, "127.0.0.1:8080");
  r.headers.set(http::field::content_type, "application/json");
  std::string body;
  body.reserve(128);
  body = R"({"s":"hello, world"})";
  r.body = http::body(std::move(body));
  return r;
}

asio::awaitable<kit::result<http::response>> fixed(http::request) {
  http::response r;
  r.headers.set(http::field::content_type, "application/json; charset=utf-8");
  r.body = http::body("{\"v\":\"HELLO, WORLD\"}\n");
  co_return r;
}

// One frame for the raw handler, one for the endpoint, as a program without the adapter has it.
asio::awaitable<kit::result<http::response>> by_hand(
    const kit::endpoint<text_request, text_response>& ep, http::request req) {
  auto in = kit::json::decode<text_request>(req.body.storage());
  if (!in) co_return kit::fail(std::move(in).error());
  auto out = co_await ep.try_call(*std::move(in));
  if (!out) co_return kit::fail(std::move(out).error());
  http::response r;
  if (auto done = kit::json::append(r.body.storage(), *out, {.escape_html = true}); !done) {
    co_return kit::fail(std::move(done).error());
  }
  r.body.storage() += '\n';
  r.headers.set(http::field::content_type, "application/json; charset=utf-8");
  co_return r;
}

asio::awaitable<void> call(const char* what, const http::handler& h) {
  for (int i = 0; i < 1000; ++i)
    (void)co_await h.try_call(make_request());
  const auto before = bench::allocations;
  double best = 1e9;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < rounds; ++i) {
      auto req = make_request();
      if (h) {
        auto r = co_await h.try_call(std::move(req));
        if (!r || r->body.empty()) std::abort();
      }
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / rounds);
  }
  std::printf("%-45s %6.0f ns, %5.2f allocations\n", what, best,
              static_cast<double>(bench::allocations - before) / rounds / repeats);
}

asio::awaitable<void> measure() {
  const kit::endpoint<text_request, text_response> ep = answer;
  co_await call("making the request (part of all below)", {});
  co_await call("raw handler, fixed answer", http::handler(fixed));
  co_await call("raw handler, JSON and endpoint by hand",
                http::handler([&](http::request r) { return by_hand(ep, std::move(r)); }));
  co_await call("typed handler", http::handler_of(ep));
  co_await call("typed handler, after hook",
                http::handler_of(ep, {.after = {http::set_response_header("X-Version", "1")}}));
  co_await call(
      "typed handler, finalizer",
      http::handler_of(ep, {.finalizers = {[](const kit::context&, const http::exchange&) {}}}));
  co_await call("typed handler, request in the context",
                http::handler_of(ep, {.before = {http::populate_request_context}}));
}

}  // namespace

int main(int argc, char**) {
  if (argc > 1) {
    std::puts("usage: typed_handler_bench");
    return 0;
  }
  asio::io_context loop(1);
  asio::co_spawn(loop, measure(), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  loop.run();
}
