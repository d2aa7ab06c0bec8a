// What the parts of a call cost: an endpoint, eight fused interceptors, a refusal, a timeout, and a
// request in a context of its own; nanoseconds of this thread's CPU time, and allocations.
//
// Concurrent calls are coroutines that are all inside of a call at once: the handler suspends once.
// What the suspension costs by itself, without any endpoint, is the line `suspension alone`.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/chain.hpp>
#include <kit/job.hpp>
#include <kit/this_context.hpp>

#include "measure.hpp"

using asio::awaitable;
using namespace std::chrono_literals;

namespace {

struct request {
  std::int64_t a = 0, b = 0;
};
struct response {
  std::int64_t v = 0;
};
using sum_endpoint = kit::endpoint<request, response>;

awaitable<response> sum(request r) {
  co_return response{r.a + r.b};
}
awaitable<response> sum_later(request r) {
  co_await asio::post(asio::use_awaitable);
  co_return response{r.a + r.b};
}
awaitable<kit::result<response>> result_sum(request r) {
  co_return response{r.a + r.b};
}

// --- eight interceptors that do what real ones do

struct counting {
  std::uint64_t ok = 0, failed = 0;
  void leave(kit::call& c) noexcept { ++(c.outcome().ok() ? ok : failed); }
};
struct histogram {
  std::array<std::uint64_t, 64> buckets{};
  void leave(kit::call& c) noexcept {
    const auto ns = static_cast<std::uint64_t>(c.elapsed().count());
    ++buckets[static_cast<std::size_t>(std::bit_width(ns))];
  }
};
struct token_bucket {
  double tokens = 1e9, rate = 1e9;
  kit::time_point last{};
  kit::result<void> enter(kit::call& c) {
    const std::chrono::duration<double> passed = c.started() - last;
    last = c.started();
    tokens = std::min(1e9, tokens + passed.count() * rate);
    if (tokens < 1) return kit::fail(kit::errc::resource_exhausted);
    --tokens;
    return {};
  }
};
struct bulkhead {
  int running = 0;
  kit::result<void> enter(kit::call&) {
    if (running == 100'000) return kit::fail(kit::errc::resource_exhausted);
    ++running;
    return {};
  }
  void leave(kit::call&) noexcept { --running; }
};
struct breaker {
  kit::classify classify;
  int in_a_row = 0;
  kit::result<void> enter(kit::call&) {
    if (in_a_row > 5) return kit::fail(kit::errc::unavailable);
    return {};
  }
  void leave(kit::call& c) noexcept { in_a_row = classify(c.outcome()).failure ? in_a_row + 1 : 0; }
};
struct span_times {
  struct state {
    std::uint64_t id = 0;
    kit::time_point began;
  };
  std::uint64_t next = 88172645463325252ULL;
  std::uint64_t total = 0;
  void enter(kit::call& c, state& s) {
    next ^= next << 13, next ^= next >> 7, next ^= next << 17;
    s = {next, c.started()};
  }
  void leave(kit::call& c, state& s) noexcept {
    total += s.id + static_cast<std::uint64_t>((c.ended() - s.began).count());
  }
};
struct deadline_check {
  kit::result<void> enter(kit::call& c) {
    const auto limit = c.context().deadline();
    if (limit && *limit <= c.started()) return kit::fail(kit::errc::deadline_exceeded);
    return {};
  }
};
struct slowest {
  kit::duration longest{};
  std::uint64_t names = 0;
  void leave(kit::call& c) noexcept {
    longest = std::max(longest, c.elapsed());
    names += c.name().size();
  }
};
struct refusing {
  kit::result<void> enter(kit::call&) { return kit::fail(kit::errc::resource_exhausted); }
};

const auto eight = kit::chain(counting{}, histogram{}, token_bucket{}, bulkhead{}, breaker{},
                              span_times{}, deadline_check{}, slowest{});

// --- measuring

int calls_per_round = 200'000;

using bench::figures;
using bench::print;
template <class F>
figures median_of_rounds(F one_round) {
  return bench::median_of_rounds(calls_per_round, std::move(one_round));
}

// `how` is a coroutine function that makes n calls in a row; `concurrent` of them run at once.
template <class How>
figures measure(How how, int concurrent) {
  return median_of_rounds([&](int calls) {
    asio::io_context io(1);
    for (int i = 0; i < concurrent; ++i) {
      asio::co_spawn(io, how(calls / concurrent), [](std::exception_ptr e) {
        if (e) std::rethrow_exception(e);
      });
    }
    io.run();
  });
}

std::int64_t checksum = 0;

awaitable<void> call_plain(awaitable<response> (*f)(request), int n) {
  for (int i = 0; i < n; ++i)
    checksum += (co_await f(request{i, 1})).v;
}
awaitable<void> call_throwing(const sum_endpoint& e, int n) {
  for (int i = 0; i < n; ++i)
    checksum += (co_await e(request{i, 1})).v;
}
awaitable<void> call_result(const sum_endpoint& e, int n) {
  for (int i = 0; i < n; ++i) {
    const auto r = co_await e.try_call(request{i, 1});
    checksum += r ? r->v : 1;
  }
}
awaitable<void> call_result_later(const sum_endpoint& e, int n) {
  for (int i = 0; i < n; ++i) {
    const auto r = co_await e.try_call(request{i, 1});
    checksum += r ? r->v : 1;
    co_await asio::post(asio::use_awaitable);
  }
}
awaitable<void> call_with_timeout(const sum_endpoint& e, int n) {
  for (int i = 0; i < n; ++i) {
    const auto r = co_await kit::with_timeout(1h, e.try_call(request{i, 1}));
    checksum += r ? r->v : 1;
  }
}
awaitable<void> call_with_value(const sum_endpoint& e, int n) {
  const auto ctx = co_await kit::this_context();
  for (int i = 0; i < n; ++i) {
    const auto r = co_await kit::with_context(ctx.with(i), e.try_call(request{i, 1}));
    checksum += r ? r->v : 1;
  }
}

void endpoints(int concurrent) {
  const bool alone = concurrent == 1;
  std::printf("\n%d concurrent call%s\n", concurrent, alone ? "" : "s");
  const auto f = alone ? &sum : &sum_later;
  const auto m = [&](const char* what, auto how) { print(what, measure(how, concurrent)); };

  const sum_endpoint plain = f;
  const sum_endpoint wrapped = eight(plain, "sum");
  const sum_endpoint refused = kit::chain(refusing{})(plain, "sum");
  const sum_endpoint refused_behind = kit::chain(eight, refusing{})(plain, "sum");
  m(alone ? "coroutine alone" : "suspension alone", [&](int n) { return call_plain(f, n); });
  m("endpoint", [&](int n) { return call_throwing(plain, n); });
  m("endpoint, try_call", [&](int n) { return call_result(plain, n); });
  if (alone) {
    const sum_endpoint resulting = result_sum;
    m("endpoint of a handler that yields a result, try_call",
      [&](int n) { return call_result(resulting, n); });
  }
  m("8 fused interceptors, try_call", [&](int n) { return call_result(wrapped, n); });
  if (alone) {
    m("refused by the only interceptor", [&](int n) { return call_result(refused, n); });
    m("refused behind 8 interceptors", [&](int n) { return call_result(refused_behind, n); });
  } else {
    m("refused by the only interceptor, and suspension",
      [&](int n) { return call_result_later(refused, n); });
    m("refused behind 8 interceptors, and suspension",
      [&](int n) { return call_result_later(refused_behind, n); });
  }
}

// --- a request in its own context

struct empty_job final : kit::job {
  awaitable<void> run() override { co_return; }
  void done(std::exception_ptr) noexcept override { ++checksum; }
};
struct calling_job final : kit::job {
  explicit calling_job(const sum_endpoint& e) : endpoint(e) {}
  awaitable<void> run() override { return serve(*this); }
  static awaitable<void> serve(calling_job& self) {
    const auto r = co_await self.endpoint.try_call(request{1, 2});
    checksum += r ? r->v : 1;
  }
  void done(std::exception_ptr) noexcept override {}
  const sum_endpoint& endpoint;
};

// On the loop's thread, without a coroutine, as a server's read handler does it.
template <class F>
figures on_loop(F f) {
  return median_of_rounds([&](int calls) {
    asio::io_context io(1);
    asio::post(io, [&] {
      for (int i = 0; i < calls; ++i)
        f(io);
    });
    io.run();
  });
}

void requests() {
  std::printf("\nstarting a request\n");
  const kit::context base = kit::context().with(request{1, 2});
  const auto deadline = std::chrono::steady_clock::now() + 1h;
  const sum_endpoint plain = sum;
  const sum_endpoint wrapped = eight(plain, "sum");
  empty_job nothing;
  calling_job calling(plain);
  calling_job through(wrapped);

  print("a context to cancel", on_loop([&](auto&) { kit::cancel_source s(base, deadline); }));
  print("launch, shared context",
        on_loop([&](auto& io) { kit::launch(io.get_executor(), base, nothing); }));
  print("launch, own context", on_loop([&](auto& io) {
          kit::cancel_source s(base, deadline);
          kit::launch(io.get_executor(), s.context(), nothing);
        }));
  print("launch, own context, endpoint", on_loop([&](auto& io) {
          kit::cancel_source s(base, deadline);
          kit::launch(io.get_executor(), s.context(), calling);
        }));
  print("launch, own context, 8 interceptors", on_loop([&](auto& io) {
          kit::cancel_source s(base, deadline);
          kit::launch(io.get_executor(), s.context(), through);
        }));
}

void wrapping() {
  std::printf("\ninside a request\n");
  const sum_endpoint plain = sum;
  print("with_context(value), try_call",
        measure([&](int n) { return call_with_value(plain, n); }, 1));
  print("with_timeout, try_call", measure([&](int n) { return call_with_timeout(plain, n); }, 1));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 || (argc == 2 && std::atoi(argv[1]) < 10'240)) {
    std::puts("usage: endpoint_bench [CALLS_PER_ROUND]   (200000; at least 10240)");
    return argc == 2 && std::strcmp(argv[1], "--help") == 0 ? 0 : 2;
  }
  if (argc == 2) calls_per_round = std::atoi(argv[1]);
  std::printf("median of %d rounds of %d calls\n", bench::rounds, calls_per_round);
  for (int concurrent : {1, 64, 1024})
    endpoints(concurrent);
  wrapping();
  requests();
  return checksum == 0;
}
