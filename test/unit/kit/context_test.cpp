#include <kit/context.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <kit/detail/cancellation.hpp>

using kit::cancel_source;
using kit::context;
using kit::errc;
using namespace std::chrono_literals;

namespace {

struct user {
  int id = 0;
};
struct tenant {
  std::string name;
};

// Counts the values that are alive.
struct counted {
  explicit counted(int& n) : count(&n) { ++n; }
  counted(counted&& other) noexcept : count(std::exchange(other.count, nullptr)) {}
  ~counted() {
    if (count) --*count;
  }
  int* count;
};

// Records that it was called.
struct probe : kit::detail::cancel_hook {
  probe() noexcept : cancel_hook(&call) {}
  static void call(cancel_hook& self) noexcept { ++static_cast<probe&>(self).calls; }
  std::atomic<int> calls = 0;
};

const auto start = kit::time_point{} + 24h;

}  // namespace

TEST_CASE("context: the background has no deadline, no values, and is never cancelled") {
  const context none;
  CHECK_FALSE(none.deadline());
  CHECK_FALSE(none.cancelled());
  CHECK(none.cause() == errc::ok);
  CHECK(none.get<user>() == nullptr);
  CHECK(none.metadata().empty());
  CHECK_FALSE(none.stop_token().stop_possible());
  CHECK(none == context());
}

TEST_CASE("context: values are found by type, the nearest one, and the parent stays as it is") {
  const context none;
  const auto one = none.with(user{1});
  const auto two = one.with(tenant{"a"}).with(user{2});
  CHECK(none.get<user>() == nullptr);
  CHECK(one.get<user>()->id == 1);
  CHECK(one.get<tenant>() == nullptr);
  CHECK(two.get<user>()->id == 2);
  CHECK(two.get<tenant>()->name == "a");
  CHECK(two != one);
  CHECK(context(two) == two);
}

TEST_CASE("context: holds values that can only be moved, and frees each once") {
  int alive = 0;
  {
    context ctx = context().with(counted(alive)).with(std::make_unique<int>(3));
    CHECK(alive == 1);
    CHECK(**ctx.get<std::unique_ptr<int>>() == 3);
    const context copy = ctx;
    ctx = ctx.with(counted(alive));
    CHECK(alive == 2);
    ctx = copy;
    CHECK(alive == 1);
    auto& same = ctx;
    ctx = std::move(same);
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("context: a very long chain is freed without recursion") {
  context ctx;
  for (int i = 0; i < 1'000'000; ++i)
    ctx = ctx.with(i);
  CHECK(*ctx.get<int>() == 999'999);
  ctx = {};
}

TEST_CASE("cancel_source: the first cause counts, for all contexts below") {
  const cancel_source outer(context().with(user{1}));
  const cancel_source inner(outer.context().with(tenant{"a"}));
  const auto leaf = inner.context().with(2);
  CHECK_FALSE(leaf.cancelled());
  CHECK(leaf.get<user>()->id == 1);

  inner.cancel(errc::deadline_exceeded);
  CHECK(leaf.cause() == errc::deadline_exceeded);
  CHECK(outer.context().cause() == errc::ok);
  outer.cancel();
  CHECK(outer.context().cause() == errc::canceled);
  CHECK(leaf.cause() == errc::deadline_exceeded);
}

TEST_CASE("cancel_source: cancelling reaches what is below, with its cause") {
  const cancel_source outer;
  const cancel_source inner(outer.context());
  outer.cancel(errc::deadline_exceeded);
  CHECK(inner.context().cause() == errc::deadline_exceeded);
  const cancel_source late(outer.context());
  CHECK(late.context().cause() == errc::deadline_exceeded);
}

TEST_CASE("cancel_source: cancels at the latest when it is destroyed") {
  context ctx;
  {
    const cancel_source source;
    ctx = source.context();
    CHECK_FALSE(ctx.cancelled());
  }
  CHECK(ctx.cause() == errc::canceled);
}

TEST_CASE("cancel_source: a deadline is never loosened") {
  const cancel_source outer({}, start + 10s);
  const cancel_source looser(outer.context(), start + 20s);
  const cancel_source tighter(outer.context(), start + 5s);
  CHECK(outer.context().deadline() == start + 10s);
  CHECK(looser.context().deadline() == start + 10s);
  CHECK(tighter.context().deadline() == start + 5s);
  CHECK(tighter.context().with(user{1}).deadline() == start + 5s);
  const cancel_source unlimited;
  CHECK_FALSE(unlimited.context().deadline());
}

TEST_CASE("context: without_cancel keeps the values alone") {
  const cancel_source source(context().with(user{1}), start);
  const auto kept = source.context().with(tenant{"a"}).without_cancel();
  source.cancel();
  CHECK_FALSE(kept.cancelled());
  CHECK_FALSE(kept.deadline());
  CHECK(kept.get<user>()->id == 1);
  CHECK(kept.get<tenant>()->name == "a");
  CHECK_FALSE(kept.stop_token().stop_possible());
  const auto values = context().with(user{2});
  CHECK(values.without_cancel() == values);
  CHECK(context().without_cancel() == context());
}

TEST_CASE("stop_token: is signalled once, whether asked for before or after") {
  const cancel_source source;
  const auto token = source.context().stop_token();
  CHECK(token.stop_possible());
  CHECK_FALSE(token.stop_requested());
  int calls = 0;
  const std::stop_callback before(token, [&] { ++calls; });
  source.cancel();
  source.cancel();
  CHECK(calls == 1);
  CHECK(token.stop_requested());
  const std::stop_callback after(source.context().stop_token(), [&] { ++calls; });
  CHECK(calls == 2);
  const cancel_source below(source.context());
  CHECK(below.context().stop_token().stop_requested());
}

TEST_CASE("stop_token: outlives its context, and hears of its end") {
  std::stop_token token;
  {
    const cancel_source source;
    token = source.context().stop_token();
  }
  CHECK(token.stop_requested());
}

TEST_CASE("stop_token: the callback sees the cause") {
  const cancel_source source;
  errc seen = errc::ok;
  const std::stop_callback callback(source.context().stop_token(),
                                    [&] { seen = source.context().cause(); });
  source.cancel(errc::deadline_exceeded);
  CHECK(seen == errc::deadline_exceeded);
}

TEST_CASE("cancel_source: a callback may destroy the source and drop the last handle") {
  auto source = std::make_unique<cancel_source>();
  auto below = std::make_unique<cancel_source>(source->context());
  int calls = 0;
  std::optional<std::stop_callback<std::function<void()>>> callback;
  callback.emplace(below->context().stop_token(), [&] {
    ++calls;
    below.reset();
    source.reset();
  });
  source->cancel();
  CHECK(calls == 1);
}

TEST_CASE("cancel_hook: is called once, from cancel or from attach") {
  const cancel_source source;
  probe before, after, detached;
  before.attach(source.context());
  detached.attach(source.context().with(user{1}));
  detached.detach();
  source.cancel();
  CHECK(before.calls == 1);
  CHECK(detached.calls == 0);
  after.attach(source.context());
  CHECK(after.calls == 1);
  after.attach(source.context());
  CHECK(after.calls == 2);
  const cancel_source other;
  after.attach(other.context());
  after.attach(context());
  other.cancel();
  CHECK(after.calls == 2);
}

TEST_CASE("cancel_hook: any of several can be detached") {
  for (std::size_t gone = 0; gone < 3; ++gone) {
    CAPTURE(gone);
    const cancel_source source;
    std::vector<std::unique_ptr<probe>> hooks;
    for (int i = 0; i < 3; ++i) {
      hooks.push_back(std::make_unique<probe>());
      hooks.back()->attach(source.context());
    }
    hooks[gone]->detach();
    source.cancel();
    for (std::size_t i = 0; i < 3; ++i)
      CHECK(hooks[i]->calls == (i == gone ? 0 : 1));
  }
}

TEST_CASE("cancel_hook: may detach itself and others from inside its function") {
  struct chain : kit::detail::cancel_hook {
    explicit chain(std::unique_ptr<chain> n) : cancel_hook(&call), next(std::move(n)) {}
    static void call(cancel_hook& self) noexcept {
      static_cast<chain&>(self).next.reset();
      self.detach();
    }
    std::unique_ptr<chain> next;
  };
  const cancel_source source;
  auto last = std::make_unique<chain>(nullptr);
  last->attach(source.context());
  chain first(std::move(last));
  first.attach(source.context());
  source.cancel();
  CHECK_FALSE(first.next);
}
