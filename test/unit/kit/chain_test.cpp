#include <kit/chain.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <kit/testing/loop.hpp>
#include <kit/testing/mock_endpoint.hpp>
#include <kit/testing/recording_log.hpp>

using asio::awaitable;
using kit::chain;
using kit::endpoint;
using kit::errc;
using kit::result;
using kit::testing::mock_endpoint;
using kit::testing::recording_log;
using lines = std::vector<std::string>;

namespace {

// An ordinary middleware.
struct annotate {
  recording_log log;
  std::string name;

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next) const {
    log.add("made " + name);
    return [log = log, name = name, next = std::move(next)](Req req) {
      return call(log, name, next, std::move(req));
    };
  }
  template <class Req, class Resp>
  static awaitable<result<Resp>> call(recording_log log, std::string name, endpoint<Req, Resp> next,
                                      Req req) {
    log.add(name + " before");
    auto r = co_await next.try_call(std::move(req));
    log.add(name + " after");
    co_return r;
  }
};

// The same as an interceptor.
struct intercept {
  recording_log log;
  std::string name;
  void enter(kit::call&) { log.add(name + " before"); }
  void leave(kit::call&) noexcept { log.add(name + " after"); }
};

// A middleware that wants to know whom it is put around.
struct named {
  recording_log log;
  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name) const {
    log.add("around " + std::string(name));
    return next;
  }
};

endpoint<int, int> recording_handler(const recording_log& log) {
  return [log](int n) -> awaitable<result<int>> {
    log.add("handler");
    return [](int m) -> awaitable<result<int>> { co_return m; }(n);
  };
}

}  // namespace

TEST_CASE("chain: the first is outermost [endpoint:1]") {
  kit::testing::loop loop;
  const recording_log log;
  const lines expected{"a before", "b before", "c before", "handler",
                       "c after",  "b after",  "a after"};
  SUBCASE("middlewares") {
    const auto e =
        chain(annotate{log, "a"}, annotate{log, "b"}, annotate{log, "c"})(recording_handler(log));
    log.take();
    CHECK(loop.start(e(7)).value() == 7);
    CHECK(log.take() == expected);
  }
  SUBCASE("interceptors") {
    const auto e = chain(intercept{log, "a"}, intercept{log, "b"},
                         intercept{log, "c"})(recording_handler(log));
    CHECK(loop.start(e(7)).value() == 7);
    CHECK(log.take() == expected);
  }
  SUBCASE("mixed") {
    const auto e =
        chain(intercept{log, "a"}, annotate{log, "b"}, intercept{log, "c"})(recording_handler(log));
    log.take();
    CHECK(loop.start(e(7)).value() == 7);
    CHECK(log.take() == expected);
  }
}

TEST_CASE("chain: of one is that one, and there must be one [endpoint:2]") {
  kit::testing::loop loop;
  const recording_log log;
  const auto alone = annotate{log, "a"}(recording_handler(log));
  const auto chained = chain(annotate{log, "a"})(recording_handler(log));
  log.take();
  loop.start(alone(1));
  const auto expected = log.take();
  loop.start(chained(1));
  CHECK(log.take() == expected);
  CHECK(expected == lines{"a before", "handler", "a after"});
  const auto can_be_empty = [](auto... none) { return requires { chain(none...); }; };
  CHECK_FALSE(can_be_empty());
}

TEST_CASE("chain: a chain inside a chain is laid out flat, and interceptors fuse across its ends") {
  kit::testing::loop loop;
  const recording_log log;
  const auto inner = chain(intercept{log, "b"}, intercept{log, "c"});
  const auto all = chain(intercept{log, "a"}, inner, intercept{log, "d"});
  static_assert(std::tuple_size_v<std::remove_cvref_t<decltype(all.layers())>> == 4);
  const auto e = all(recording_handler(log));
  loop.start(e(1));
  CHECK(log.take() == lines{"a before", "b before", "c before", "d before", "handler", "d after",
                            "c after", "b after", "a after"});
}

TEST_CASE("chain: a middleware wraps once, when it is put together [endpoint:6]") {
  kit::testing::loop loop;
  const recording_log log;
  auto [inner, handle] = mock_endpoint<int, int>();
  const auto e = chain(annotate{log, "a"}, intercept{log, "i"})(inner);
  CHECK(log.take() == lines{"made a"});
  // And bears calls that overlap.
  const auto first = loop.start(e(1));
  const auto second = loop.start(e(2));
  const auto held = handle.next();
  handle.next().answer(20);
  loop.run();
  CHECK(second.value() == 20);
  CHECK(first.pending());
  held.answer(10);
  loop.run();
  CHECK(first.value() == 10);
  CHECK(log.count("made a") == 0);
  CHECK(log.count("a after") == 2);
  CHECK(log.count("i after") == 2);
}

TEST_CASE("chain: middlewares and interceptors are told the endpoint's name") {
  struct naming {
    recording_log log;
    void enter(kit::call& c) { log.add("call of " + std::string(c.name())); }
  };
  kit::testing::loop loop;
  const recording_log log;
  std::string name = "concat";
  const auto e = chain(named{log}, naming{log}, named{log})(recording_handler(log), name);
  name = "changed";  // it was copied
  CHECK(log.take() == lines{"around concat", "around concat"});
  loop.start(e(1));
  CHECK(log.take() == lines{"call of concat", "handler"});
  chain(named{log})(recording_handler(log));
  CHECK(log.take() == lines{"around "});
}

TEST_CASE("chain: one chain serves endpoints of all types") {
  struct move_only {
    explicit move_only(int v) : value(std::make_unique<int>(v)) {}
    std::unique_ptr<int> value;
  };
  struct nothing {};
  kit::testing::loop loop;
  const recording_log log;
  const auto layers = chain(intercept{log, "a"}, annotate{log, "b"}, intercept{log, "c"});
  const auto moves = layers(endpoint<move_only, move_only>(
      [](move_only m) -> awaitable<move_only> { co_return move_only(*m.value + 1); }));
  const auto empties = layers(
      endpoint<nothing, nothing>([](nothing) -> awaitable<nothing> { co_return nothing{}; }));
  CHECK(*loop.start(moves(move_only(4))).value().value == 5);
  CHECK(loop.start(empties.try_call({})).value());
}

TEST_CASE("chain: a call keeps the whole chain, whatever happens to the endpoint meanwhile") {
  kit::testing::loop loop;
  const recording_log log;
  auto [inner, handle] = mock_endpoint<int, int>();
  auto e = chain(intercept{log, "a"}, annotate{log, "b"}, intercept{log, "c"})(inner);
  const auto call = loop.start(e.try_call(1));
  inner = {};
  e = {};
  handle.next().answer(5);
  loop.run();
  CHECK(call.value() == 5);
  CHECK(log.lines().back() == "a after");
}

TEST_CASE("chain: an empty endpoint inside is unimplemented") {
  kit::testing::loop loop;
  const recording_log log;
  const auto e = chain(intercept{log, "a"})(endpoint<int, int>());
  CHECK(loop.start(e.try_call(1)).error() == errc::unimplemented);
  CHECK(log.take() == lines{"a before", "a after"});
}

TEST_CASE("middleware_for: what may stand in a chain") {
  static_assert(kit::middleware_for<annotate, int, int>);
  static_assert(kit::middleware_for<named, int, int>);
  static_assert(kit::middleware_for<decltype(chain(annotate{}, intercept{})), int, int>);
  static_assert(!kit::middleware_for<intercept, int, int>);
  const auto wrong = [](endpoint<int, int>) { return 1; };
  static_assert(!kit::middleware_for<decltype(wrong), int, int>);
  const auto other = [](endpoint<int, int> e) { return endpoint<int, int>(e); };
  static_assert(kit::middleware_for<decltype(other), int, int>);
  static_assert(!kit::middleware_for<decltype(other), int, long>);
}

namespace {

struct quiet_interceptor {
  static void enter(kit::call&) {}
};
struct named_interceptor {
  static constexpr std::string_view layer_name = "limit";
  static void enter(kit::call&) {}
};
struct doing_nothing {
  template <class Req, class Resp>
  kit::endpoint<Req, Resp> operator()(kit::endpoint<Req, Resp> next) const {
    return next;
  }
};
struct chaining {
  template <class Req, class Resp>
  kit::endpoint<Req, Resp> operator()(kit::endpoint<Req, Resp> next) const {
    return kit::chain(named_interceptor())(std::move(next));
  }
};
template <class T>
struct copying {
  template <class Req, class Resp>
  kit::endpoint<Req, Resp> operator()(kit::endpoint<Req, Resp> next) const {
    return [next](Req r) { return next(std::move(r)); };
  }
};

}  // namespace

TEST_CASE("chain: an endpoint knows the layers around it, from the outermost inwards") {
  const kit::endpoint<int, int> plain = [](int i) -> asio::awaitable<int> { co_return i; };
  CHECK(plain.layers().empty());
  CHECK(kit::endpoint<int, int>().layers().empty());
  const auto function = [](kit::endpoint<int, int> next) -> kit::endpoint<int, int> {
    return [next](int i) { return next(i); };
  };
  const auto inner = kit::chain(quiet_interceptor(), function)(plain);
  const auto all = kit::chain(copying<int>(), named_interceptor(), doing_nothing(),
                              quiet_interceptor(), chaining())(inner);
  const std::vector<std::string> names(all.layers().begin(), all.layers().end());
  CHECK(names == std::vector<std::string>{"copying", "limit", "quiet_interceptor", "limit",
                                          "quiet_interceptor", "function"});
  CHECK(inner.layers().size() == 2);
  CHECK(plain.layers().empty());
}

TEST_CASE(
    "chain: what an interceptor refuses is marked as refused, what a handler fails with is not") {
  struct limit {
    static kit::result<void> enter(kit::call&) { return kit::fail(errc::resource_exhausted); }
  };
  kit::testing::loop loop;
  const endpoint<int, int> plain = [](int i) -> awaitable<int> { co_return i; };
  const auto limited = chain(limit())(plain);
  CHECK(loop.start(limited.try_call(1)).value().error().refused());
  // Through further layers, also those that aren't fused.
  const auto around = chain(copying<int>(), quiet_interceptor())(limited);
  CHECK(loop.start(around.try_call(1)).value().error().refused());
  // A handler whose own call is refused has begun.
  const endpoint<int, int> calling = [limited](int i) { return limited(i); };
  const auto outer = chain(quiet_interceptor())(calling);
  const auto failed = loop.start(outer.try_call(1)).value();
  CHECK(failed.error() == errc::resource_exhausted);
  CHECK_FALSE(failed.error().refused());
}

TEST_CASE("chain: an interceptor may prepare itself for each endpoint") {
  struct named {
    std::string name;
    std::vector<std::string>* log;
    named for_endpoint(std::string_view n) const { return {std::string(n), log}; }
    void enter(kit::call&) const { log->push_back(name); }
  };
  kit::testing::loop loop;
  std::vector<std::string> log;
  const endpoint<int, int> plain = [](int i) -> awaitable<int> { co_return i; };
  const auto layers = chain(named{"none", &log});
  (void)loop.start(layers(plain, "a").try_call(1));
  (void)loop.start(layers(plain, "b").try_call(1));
  CHECK(log == std::vector<std::string>{"a", "b"});
}
