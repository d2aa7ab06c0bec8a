#include <kit/endpoint.hpp>

#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>
#include <asio/experimental/awaitable_operators.hpp>

#include <kit/monitor.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/mock_endpoint.hpp>
#include <kit/this_context.hpp>

using asio::awaitable;
using kit::endpoint;
using kit::errc;
using kit::error;
using kit::result;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

namespace {

awaitable<int> twice(int n) {
  co_return n * 2;
}
awaitable<result<int>> half(int n) {
  if (n % 2 != 0) co_return kit::fail(errc::invalid_argument, "odd");
  co_return n / 2;
}
awaitable<int> not_there(int) {
  throw error(errc::not_found, "nobody").with(std::string("detail"));
  co_return 0;
}
awaitable<int> broken(int) {
  throw std::runtime_error("disk on fire");
  co_return 0;
}
awaitable<int> hangs(int n) {
  co_await kit::sleep_for(1h);
  co_return n;
}

// What the library's own layers are made of.
struct layer {
  awaitable<result<int>> try_call(int n) const { return half(n); }
};

// Counts how often it was copied and moved.
struct traced {
  traced() = default;
  traced(const traced& o) : copies(o.copies + 1), moves(o.moves) {}
  traced(traced&& o) noexcept : copies(o.copies), moves(o.moves + 1) {}
  traced& operator=(const traced&) = default;
  traced& operator=(traced&&) = default;
  int copies = 0, moves = 0;
};

struct move_only {
  explicit move_only(int v) : value(std::make_unique<int>(v)) {}
  std::unique_ptr<int> value;
};

struct nothing {};

template <class T>
T value_of(awaitable<T> work) {
  kit::testing::loop loop;
  return loop.start(std::move(work)).value();
}
template <class T>
error error_of(awaitable<T> work) {
  kit::testing::loop loop;
  return loop.start(std::move(work)).error();
}

}  // namespace

TEST_CASE("endpoint: is made of a function, a lambda, an object, a result handler, a layer") {
  struct object {
    int factor;
    awaitable<int> operator()(int n) const { return times(factor, n); }
    static awaitable<int> times(int f, int n) { co_return f* n; }
  };
  CHECK(value_of(endpoint<int, int>(twice)(4)) == 8);
  CHECK(value_of(endpoint<int, int>(&twice)(4)) == 8);
  CHECK(value_of(endpoint<int, int>([](int n) { return twice(n + 1); })(4)) == 10);
  const endpoint<int, int> from_object = object{3};
  CHECK(value_of(from_object(4)) == 12);
  CHECK(value_of(from_object.try_call(4)) == 12);
  for (const endpoint<int, int>& e : {endpoint<int, int>(half), endpoint<int, int>(layer{})}) {
    CHECK(value_of(e(8)) == 4);
    CHECK(value_of(e.try_call(8)) == 4);
    CHECK(error_of(e(7)) == error(errc::invalid_argument, "odd"));
    CHECK(error_of(e.try_call(7)) == error(errc::invalid_argument, "odd"));
  }
}

TEST_CASE("endpoint: the throwing face throws what the handler threw, the other never throws") {
  kit::testing::loop loop;
  const endpoint<int, int> absent = not_there;
  const auto thrown = loop.start(absent(1));
  CHECK_THROWS_AS(thrown.value(), error);
  CHECK(*thrown.error().get<std::string>() == "detail");
  const auto returned = loop.start(absent.try_call(1));
  REQUIRE_FALSE(returned.failed());
  CHECK(returned.error() == error(errc::not_found, "nobody"));
  CHECK(*returned.error().get<std::string>() == "detail");

  const endpoint<int, int> fire = broken;
  CHECK_THROWS_AS(loop.start(fire(1)).value(), std::runtime_error);
  CHECK(error_of(fire.try_call(1)) == error(errc::unknown, "disk on fire"));
}

TEST_CASE("endpoint: a callable that throws before there is a coroutine fails the call alike") {
  const endpoint<int, int> e = [](int n) {
    if (n < 0) throw std::invalid_argument("negative");
    return twice(n);
  };
  CHECK(error_of(e.try_call(-1)) == error(errc::unknown, "negative"));
  CHECK(value_of(e.try_call(1)) == 2);
}

TEST_CASE("endpoint: an empty one is unimplemented on both faces") {
  const endpoint<int, int> e;
  CHECK_FALSE(e);
  CHECK_FALSE(e.bare());
  CHECK(error_of(e(1)) == errc::unimplemented);
  CHECK(error_of(e.try_call(1)) == errc::unimplemented);
  CHECK(endpoint<int, int>(twice));
}

TEST_CASE("endpoint: a null function is an empty endpoint") {
  awaitable<int> (*none)(int) = nullptr;
  CHECK_FALSE(endpoint<int, int>(none));
  const std::function<awaitable<int>(int)> nothing_in_it;
  CHECK_FALSE(endpoint<int, int>(nothing_in_it));
  CHECK(endpoint<int, int>(std::function<awaitable<int>(int)>(twice)));
}

TEST_CASE("endpoint: says whether its callable is a bare handler") {
  CHECK(endpoint<int, int>(twice).bare());
  CHECK_FALSE(endpoint<int, int>(half).bare());
  CHECK_FALSE(endpoint<int, int>(layer{}).bare());
}

TEST_CASE("endpoint: copies share the callable, which dies with the last one") {
  auto owned = std::make_shared<int>(5);
  const std::weak_ptr<int> watch = owned;
  endpoint<int, int> a = [o = std::move(owned)](int n) { return twice(*o + n); };
  endpoint<int, int> b = a;
  endpoint<int, int> c = std::move(a);
  CHECK_FALSE(a);  // NOLINT(bugprone-use-after-move): what moving leaves is tested
  b = c;
  auto& alias = b;
  b = alias;
  c = {};
  CHECK(value_of(b(1)) == 12);
  b = endpoint<int, int>(twice);
  CHECK(watch.expired());
}

TEST_CASE("endpoint: a call keeps the callable, whatever happens to the endpoint meanwhile") {
  kit::testing::loop loop;
  auto owned = std::make_shared<int>(5);
  const std::weak_ptr<int> watch = owned;
  endpoint<int, int> e = [o = std::move(owned)](int n) -> awaitable<result<int>> {
    return [](const int* p, int m) -> awaitable<result<int>> {
      co_await kit::sleep_for(1s);
      co_return *p + m;
    }(o.get(), n);
  };
  const auto call = loop.start(e.try_call(1));
  e = {};
  CHECK_FALSE(watch.expired());
  loop.advance(1s);
  CHECK(call.value() == 6);
  CHECK(watch.expired());
}

TEST_CASE("endpoint: a handler that only refers to its request has it as long as it runs") {
  struct slowly {
    static awaitable<std::string> by_reference(const std::string& s) {
      co_await kit::sleep_for(1s);
      co_return s + "!";
    }
    static awaitable<result<std::string>> by_rvalue(std::string&& s) {
      co_await kit::sleep_for(1s);
      co_return s + "!";
    }
    awaitable<std::string> operator()(const std::string& s) const { return by_reference(s); }
  };
  const std::string text(100, 'x');
  for (const endpoint<std::string, std::string>& e :
       {endpoint<std::string, std::string>(slowly::by_reference),
        endpoint<std::string, std::string>(slowly::by_rvalue),
        endpoint<std::string, std::string>(slowly{})}) {
    kit::testing::loop loop;
    const auto thrown = loop.start(e(std::string(text)));
    const auto returned = loop.start(e.try_call(std::string(text)));
    const auto copied = loop.start(e(text));
    loop.advance(1s);
    CHECK(thrown.value() == text + "!");
    CHECK(*returned.value() == text + "!");
    CHECK(copied.value() == text + "!");
  }
}

TEST_CASE("endpoint: its types follow from those of a function") {
  static_assert(std::is_same_v<decltype(endpoint(twice)), endpoint<int, int>>);
  static_assert(std::is_same_v<decltype(endpoint(half)), endpoint<int, int>>);
  CHECK(value_of(endpoint(twice)(4)) == 8);
}

TEST_CASE("endpoint: calls overlap") {
  kit::testing::loop loop;
  auto [inner, handle] = kit::testing::mock_endpoint<int, int>();
  const auto first = loop.start(inner(1));
  const auto second = loop.start(inner(2));
  const auto one = handle.next();
  handle.next().answer(20);
  loop.run();
  CHECK(first.pending());
  CHECK(second.value() == 20);
  one.answer(10);
  loop.run();
  CHECK(first.value() == 10);
}

TEST_CASE("endpoint: requests and responses that can only be moved, have no default, are empty") {
  const endpoint<move_only, move_only> moves = [](move_only m) -> awaitable<move_only> {
    co_return move_only(*m.value + 1);
  };
  CHECK(*value_of(moves(move_only(1))).value == 2);
  CHECK(*value_of(moves.try_call(move_only(1)))->value == 2);
  const endpoint<move_only, nothing> empties = [](move_only) -> awaitable<nothing> {
    co_return nothing{};
  };
  CHECK(value_of(empties.try_call(move_only(1))));
  const endpoint<nothing, kit::empty> both = kit::nop<nothing>();
  CHECK(value_of(both({})) == kit::empty{});
}

TEST_CASE("endpoint: a request is never copied on its way, and seldom moved") {
  const endpoint<traced, traced> bare = [](traced t) -> awaitable<traced> { co_return t; };
  const endpoint<traced, traced> resulting = [](traced t) -> awaitable<result<traced>> {
    co_return t;
  };
  for (const auto& e : {bare, resulting}) {
    kit::testing::loop loop;
    const auto call = loop.start(e.try_call(traced()));
    CHECK(call.value()->copies == 0);
    CHECK(call.value()->moves <= 16);
  }
}

TEST_CASE("nop: yields an empty value for every request, and no error [endpoint:3]") {
  CHECK(value_of(kit::nop<int>()(7)) == kit::empty{});
  CHECK(value_of(kit::nop<std::optional<std::string>>().try_call(std::nullopt)) == kit::empty{});
}

TEST_CASE("endpoint: an error is decisive, there is no response beside it [endpoint:5]") {
  // Go kit's endpoints may return both, and every layer then goes by the error. A result holds one
  // of the two, so that nothing is left to decide.
  kit::testing::loop loop;
  const endpoint<int, int> e = half;
  const auto call = loop.start(e.try_call(7));
  CHECK_FALSE(call.value().has_value());
  CHECK(call.error() == errc::invalid_argument);
}

TEST_CASE("endpoint: cancelling the call cancels the handler, on both faces") {
  for (const bool throwing : {true, false}) {
    kit::testing::loop loop;
    const endpoint<int, int> e = hangs;
    if (throwing) {
      auto call = loop.start(e(1));
      call.cancel();
      loop.run();
      CHECK(call.error() == errc::canceled);
    } else {
      auto call = loop.start(e.try_call(1));
      call.cancel();
      loop.run();
      CHECK_FALSE(call.failed());
      CHECK(call.error() == errc::canceled);
    }
  }
}

TEST_CASE("endpoint: what its context's deadline aborted is deadline_exceeded, else canceled") {
  const auto try_in = [](errc why, endpoint<int, int> e) {
    kit::testing::loop loop;
    const kit::cancel_source source;
    const auto call = loop.start(kit::with_context(source.context(), e.try_call(1)));
    CHECK(call.pending());
    source.cancel(why);
    loop.run();
    CHECK_FALSE(call.failed());
    return call.error().code();
  };
  const endpoint<int, int> bare = hangs;
  const endpoint<int, int> resulting = [](int n) -> awaitable<result<int>> {
    try {
      co_return co_await hangs(n);
    } catch (...) {
      co_return kit::fail(kit::to_error(std::current_exception()));
    }
  };
  const endpoint<int, int> both = [](int n) -> awaitable<int> {
    const auto [a, b] = co_await (hangs(n) && hangs(n));
    co_return a + b;
  };
  for (const auto& e : {bare, resulting, both}) {
    CHECK(try_in(errc::deadline_exceeded, e) == errc::deadline_exceeded);
    CHECK(try_in(errc::canceled, e) == errc::canceled);
  }
}

TEST_CASE("endpoint: a side of an && that fails isn't mistaken for a cancellation") {
  const endpoint<int, int> e = [](int n) -> awaitable<int> {
    const auto [a, b] = co_await (hangs(n) && not_there(n));
    co_return a + b;
  };
  CHECK(error_of(e.try_call(1)) == errc::unknown);
}

TEST_CASE("endpoint: a loop can be destroyed while calls hang in it") {
  bool gone = false;
  struct on_exit {
    bool* flag;
    ~on_exit() { *flag = true; }
  };
  const endpoint<int, int> e = [&gone](int n) {
    return [](bool* flag, int m) -> awaitable<int> {
      const on_exit guard{flag};
      co_return co_await hangs(m);
    }(&gone, n);
  };
  {
    kit::testing::loop loop;
    const auto call = loop.start(e.try_call(1));
    const auto other = loop.start(e(1));
    CHECK(call.pending());
    CHECK_FALSE(gone);
  }
  CHECK(gone);
}

// --- what does not compile

static_assert(kit::endpoint_callable<decltype(twice), int, int>);
static_assert(std::is_convertible_v<decltype(&twice), endpoint<int, int>>);
static_assert(std::is_convertible_v<layer, endpoint<int, int>>);
// Another response, no awaitable, another request, a request by reference to what isn't const.
static_assert(!std::is_constructible_v<endpoint<int, std::string>, decltype(&twice)>);
static_assert(!std::is_constructible_v<endpoint<int, long>, decltype(&twice)>);
static_assert(!std::is_constructible_v<endpoint<int, int>, int (*)(int)>);
static_assert(!std::is_constructible_v<endpoint<std::string, int>, decltype(&twice)>);
static_assert(!std::is_constructible_v<endpoint<int, int>, awaitable<int> (*)(int&)>);
static_assert(!std::is_constructible_v<endpoint<int, int>, awaitable<int> (*)(int, int)>);
static_assert(!std::is_constructible_v<endpoint<int, int>, int>);
// What refers to somebody else's object is no request and no response.
static_assert(kit::detail::refers<const std::string&>);
static_assert(kit::detail::refers<std::string&&>);
static_assert(kit::detail::refers<std::string_view>);
static_assert(kit::detail::refers<std::span<const char>>);
static_assert(kit::detail::refers<const char*>);
static_assert(kit::detail::refers<std::reference_wrapper<int>>);
static_assert(!kit::detail::refers<std::string> && !kit::detail::refers<std::vector<int>>);
static_assert(!kit::detail::refers<std::unique_ptr<int>>);

static_assert(kit::is_endpoint<endpoint<int, int>> && !kit::is_endpoint<int>);
static_assert(std::is_nothrow_move_constructible_v<endpoint<int, int>>);
static_assert(std::is_nothrow_copy_constructible_v<endpoint<int, int>>);
static_assert(sizeof(endpoint<int, int>) == sizeof(void*));
