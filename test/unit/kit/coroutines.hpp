#pragma once

#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <kit/error.hpp>
#include <kit/this_context.hpp>

// Coroutines that tests of contexts and jobs share.
namespace coroutines {

struct user {
  int id = 0;
};

/// The id of the user in the context it runs in, -1 without one.
inline asio::awaitable<int> user_id() {
  const kit::context ctx = co_await kit::this_context();
  const auto* u = ctx.get<user>();
  co_return u ? u->id : -1;
}
inline asio::awaitable<int> user_id_after_a_hop() {
  co_await asio::post(asio::use_awaitable);
  co_return co_await user_id();
}

inline asio::awaitable<void> forever() {
  asio::steady_timer t(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  co_await t.async_wait(asio::use_awaitable);
}

/// How the work ends: `ok`, or the code of what it throws.
template <class T>
asio::awaitable<kit::errc> outcome(asio::awaitable<T> work) {
  try {
    co_await std::move(work);
    co_return kit::errc::ok;
  } catch (...) {
    co_return kit::to_error(std::current_exception()).code();
  }
}

/// A completion handler as users write it: what fails leaves the loop's run().
inline void rethrow(std::exception_ptr e) {
  if (e) std::rethrow_exception(e);
}

/// Runs a coroutine to its end on each kind of executor that Cokit is used on.
template <class F>
void on_each_executor(F start) {
  SUBCASE("io_context for one thread") {
    asio::io_context io(1);
    auto done = asio::co_spawn(io, start(), asio::use_future);
    io.run();
    done.get();
  }
  SUBCASE("inside a context of an io_context for one thread") {
    asio::io_context io(1);
    auto done = asio::co_spawn(io, kit::with_context(kit::context(), start()), asio::use_future);
    io.run();
    done.get();
  }
  SUBCASE("io_context") {
    asio::io_context io;
    auto done = asio::co_spawn(io, start(), asio::use_future);
    io.run();
    done.get();
  }
  SUBCASE("strand of an io_context run by several threads") {
    asio::io_context io;
    auto done = asio::co_spawn(asio::make_strand(io), start(), asio::use_future);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i)
      threads.emplace_back([&] { io.run(); });
    threads.clear();
    done.get();
  }
  SUBCASE("strand of a thread pool") {
    asio::thread_pool pool(2);
    auto done = asio::co_spawn(asio::make_strand(pool), start(), asio::use_future);
    done.get();
  }
}

}  // namespace coroutines
