// Interceptors and ordinary middlewares mixed in every order, with actions drawn at random: fused
// or each alone, the same things must happen in the same order. A model says what.
#include <array>
#include <functional>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/mock_endpoint.hpp>
#include <kit/testing/recording_log.hpp>
#include <kit/this_context.hpp>

using asio::awaitable;
using kit::endpoint;
using kit::errc;
using kit::error;
using kit::result;
using kit::testing::recording_log;
using namespace std::chrono_literals;

namespace {

enum class action : std::uint8_t { pass, pass_later, set_context, refuse, throws };
enum class ending : std::uint8_t {
  value,
  later_value,
  failure,
  exception,
  cancelled_by_caller,
  cancelled_context,
  deadline,
  cancelled_before,
  loop_destroyed,
};
constexpr auto endings = static_cast<int>(ending::loop_destroyed) + 1;

struct value_in_context {
  int value = -1;
};
std::string seen(const kit::context& ctx) {
  const auto* v = ctx.get<value_in_context>();
  return " in " + std::to_string(v ? v->value : -1);
}
std::string code(const kit::error* e) {
  return " " + std::string(kit::name(e ? e->code() : errc::ok));
}
template <class T>
std::string code(const result<T>& r) {
  return code(r ? nullptr : &r.error());
}

struct plan {
  int number = 0;
  action what = action::pass;
  recording_log log;
  std::string named(std::string_view event) const {
    return std::string(event) + " " + std::to_string(number);
  }
};

struct interceptor {
  plan p;
  struct state {
    int entered = -1;
  };
  result<void> enter(kit::call& c, state& s) {
    p.log.add(p.named("enter") + seen(c.context()));
    s.entered = p.number;
    if (p.what == action::refuse) return kit::fail(errc::resource_exhausted, p.named("refused by"));
    if (p.what == action::throws) throw std::runtime_error(p.named("thrown by"));
    if (p.what == action::set_context) {
      c.set_context(c.context().with(value_in_context{-5}));
      c.set_context(c.context().with(value_in_context{p.number}));
    }
    return {};
  }
  void leave(kit::call& c, state& s) noexcept {
    p.log.add(p.named("leave") + seen(c.context()) + code(c.outcome().error()) +
              (s.entered == p.number ? "" : " with a foreign state"));
  }
};

struct middleware {
  plan p;
  endpoint<int, int> operator()(endpoint<int, int> next) const {
    return [p = p, next = std::move(next)](int n) { return call(p, next, n); };
  }
  static awaitable<result<int>> call(plan p, endpoint<int, int> next, int n) {
    const auto ctx = co_await kit::this_context();
    p.log.add(p.named("before") + seen(ctx));
    if (p.what == action::refuse) {
      co_return kit::fail(errc::resource_exhausted, p.named("refused by"));
    }
    if (p.what == action::throws) throw std::runtime_error(p.named("thrown by"));
    if (p.what == action::pass_later) co_await kit::sleep_for(0s);
    auto inner = next.try_call(n);
    if (p.what == action::set_context) {
      inner = kit::with_context(ctx.with(value_in_context{p.number}), std::move(inner));
    }
    const auto r = co_await std::move(inner);
    p.log.add(p.named("after") + code(r));
    co_return r;
  }
};

struct scenario {
  std::vector<plan> layers{};
  ending how = ending::value;
};

// What must happen.
struct model {
  const scenario& s;
  std::uint64_t intercepts;  // bit i: layer i is an interceptor
  std::vector<std::string> events{};
  std::string outcome{};

  void run() {
    // A coroutine cancelled before doesn't start any call.
    const auto r =
        s.how == ending::cancelled_before ? result<int>(kit::fail(errc::canceled)) : layer(0, -1);
    outcome = r ? std::to_string(*r) : std::string(kit::name(r.error().code()));
  }

  result<int> layer(std::size_t i, int value) {
    const auto in = [](int v) { return " in " + std::to_string(v); };
    if (i == s.layers.size()) {
      events.push_back("handler" + in(value));
      return handler();
    }
    const plan& p = s.layers[i];
    const bool intercepting = intercepts >> i & 1;
    events.push_back(p.named(intercepting ? "enter" : "before") + in(value));
    if (p.what == action::refuse) return kit::fail(errc::resource_exhausted);
    if (p.what == action::throws) return kit::fail(errc::unknown);
    if (p.what == action::set_context) value = p.number;
    auto r = layer(i + 1, value);
    if (intercepting) {
      events.push_back(p.named("leave") + in(value) + code(r));
    } else if (s.how != ending::loop_destroyed || !hung) {
      events.push_back(p.named("after") + code(r));
    }
    return r;
  }

  result<int> handler() {
    switch (s.how) {
      case ending::value:
      case ending::later_value:
        return 7;
      case ending::failure:
        return kit::fail(errc::not_found);
      case ending::exception:
        return kit::fail(errc::unknown);
      case ending::deadline:
        return kit::fail(errc::deadline_exceeded);
      default:
        hung = true;
        return kit::fail(errc::canceled);
    }
  }
  bool hung = false;
};

awaitable<int> handler(recording_log log, endpoint<int, int> inner, ending how, int n) {
  log.add("handler" + seen(co_await kit::this_context()));
  if (how == ending::value) co_return n;
  if (how == ending::failure) throw error(errc::not_found, "nobody");
  if (how == ending::exception) throw std::runtime_error("boom");
  co_return co_await inner(n);
}

// Calls it in the way that the scenario says; returns how it ended.
std::string play(const scenario& s,
                 const std::function<endpoint<int, int>(endpoint<int, int>)>& wrap,
                 const recording_log& log) {
  auto [innermost, handle] = kit::testing::mock_endpoint<int, int>();
  auto loop = std::make_unique<kit::testing::loop>();
  const kit::cancel_source source;
  if (s.how == ending::cancelled_before) source.cancel();
  const auto e =
      wrap([log, inner = innermost, how = s.how](int n) { return handler(log, inner, how, n); });
  auto work = e.try_call(7);
  if (s.how == ending::deadline) work = kit::with_timeout(1h, std::move(work));
  auto call = loop->start(kit::with_context(source.context(), std::move(work)));
  if (call.pending()) {
    if (s.how == ending::later_value) handle.next().answer(7);
    if (s.how == ending::cancelled_by_caller) call.cancel();
    if (s.how == ending::cancelled_context) source.cancel();
    if (s.how == ending::deadline) loop->advance(1h);
    if (s.how == ending::loop_destroyed) {
      loop.reset();
      return "canceled";
    }
    loop->run();
  }
  if (call.pending()) return "pending";
  if (call.failed() || !call.value()) return std::string(kit::name(call.error().code()));
  return std::to_string(*call.value());
}

using maker = endpoint<int, int> (*)(const std::vector<plan>&, endpoint<int, int>);

template <bool Intercepts>
auto make_layer(const plan& p) {
  if constexpr (Intercepts) {
    return interceptor{p};
  } else {
    return middleware{p};
  }
}

// All layers in one chain. `Intercepts`: bit i says whether layer i is an interceptor.
template <std::uint64_t Intercepts, std::size_t... I>
endpoint<int, int> fused(const std::vector<plan>& layers, endpoint<int, int> inner) {
  return kit::chain(make_layer < (Intercepts >> I & 1) != 0 > (layers[I])...)(std::move(inner));
}

// Each layer by itself.
endpoint<int, int> alone(const std::vector<plan>& layers, std::uint64_t intercepts,
                         endpoint<int, int> inner) {
  for (std::size_t i = layers.size(); i-- > 0;) {
    inner = intercepts >> i & 1 ? kit::chain(interceptor{layers[i]})(std::move(inner))
                                : kit::chain(middleware{layers[i]})(std::move(inner));
  }
  return inner;
}

// The makers of all mixes of that many layers.
template <std::size_t... I, std::uint64_t... Pattern>
constexpr auto all_fused(std::index_sequence<I...>,
                         std::integer_sequence<std::uint64_t, Pattern...>) {
  return std::array{maker(&fused<Pattern, I...>)...};
}
template <std::size_t Size>
constexpr auto all_fused() {
  constexpr auto patterns = std::uint64_t{1} << Size;
  return all_fused(std::make_index_sequence<Size>(),
                   std::make_integer_sequence<std::uint64_t, patterns>());
}

scenario draw(std::mt19937& random, std::size_t size, const recording_log& log) {
  const auto below = [&](int n) { return std::uniform_int_distribution(0, n - 1)(random); };
  scenario s{.how = static_cast<ending>(below(endings))};
  for (std::size_t i = 0; i < size; ++i) {
    // Mostly on: refusals end the way of a call.
    const int dice = below(10);
    const auto what = dice < 4   ? action::pass
                      : dice < 6 ? action::pass_later
                      : dice < 8 ? action::set_context
                      : dice < 9 ? action::refuse
                                 : action::throws;
    s.layers.push_back({static_cast<int>(i), what, log});
  }
  return s;
}

void check(const scenario& s, std::uint64_t intercepts, maker fuse, const recording_log& log) {
  model expected{.s = s, .intercepts = intercepts};
  expected.run();
  CAPTURE(intercepts);
  CAPTURE(static_cast<int>(s.how));
  const auto together =
      play(s, [&](endpoint<int, int> inner) { return fuse(s.layers, std::move(inner)); }, log);
  CHECK(log.take() == expected.events);
  CHECK(together == expected.outcome);
  const auto apart = play(
      s, [&](endpoint<int, int> inner) { return alone(s.layers, intercepts, std::move(inner)); },
      log);
  CHECK(log.take() == expected.events);
  CHECK(apart == expected.outcome);
}

template <std::size_t Size>
void check_all() {
  const recording_log log;
  for (unsigned seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::uint64_t pattern = 0;
    for (const auto fuse : all_fused<Size>())
      check(draw(random, Size, log), pattern++, fuse, log);
  }
}

}  // namespace

TEST_CASE("chain: fused or each alone, every mix of layers behaves the same") {
  check_all<1>();
  check_all<2>();
  check_all<3>();
  check_all<4>();
  check_all<5>();
}
