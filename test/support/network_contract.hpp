#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/this_coro.hpp>

#include <kit/network.hpp>

// What every kit::network has to do. Run on the in-memory network and on loopback TCP: each script
// is a coroutine for `run`, which returns when it has ended.

namespace network_contract {

using kit::connect_result;
using kit::io_result;
using kit::network;
using kit::stream;
using asio::experimental::awaitable_operators::operator&&;

struct both_ends {
  std::unique_ptr<stream> client, server;
};

inline asio::awaitable<both_ends> connect_both(network& from, kit::acceptor& to) {
  auto [c, s] = co_await (from.connect(to.local_address()) && to.accept());
  REQUIRE_MESSAGE(!c.error, c.error.message());
  REQUIRE_MESSAGE(!s.error, s.error.message());
  co_return both_ends{std::move(c.stream), std::move(s.stream)};
}

inline asio::awaitable<std::string> read_exactly(stream& from, std::size_t size) {
  std::string all(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const auto r = co_await from.read_some(asio::buffer(all.data() + got, size - got));
    REQUIRE_MESSAGE(!r.error, r.error.message());
    REQUIRE(r.size > 0);
    got += r.size;
  }
  co_return all;
}

inline asio::awaitable<void> read_into(stream& from, std::size_t size, std::string& into) {
  into = co_await read_exactly(from, size);
}

inline asio::awaitable<io_result> read_one(stream& from) {
  char c;
  co_return co_await from.read_some(asio::buffer(&c, 1));
}

inline asio::awaitable<void> write_all(stream& to, std::string text) {
  const auto r = co_await kit::write(to, asio::buffer(text));
  CHECK_MESSAGE(!r.error, r.error.message());
  CHECK(r.size == text.size());
}

inline std::string pattern(std::size_t size) {
  std::string s(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    s[i] = static_cast<char>('a' + i * i % 26);
  return s;
}

// Starts the operation, cancels it when it waits, and gives its result.
template <class T>
asio::awaitable<T> cancelled(asio::awaitable<T> work) {
  asio::cancellation_signal signal;
  T result{};
  bool done = false;
  struct helper {
    static asio::awaitable<void> run(asio::awaitable<T> w, T& into) {
      into = co_await std::move(w);
    }
  };
  const auto ex = co_await asio::this_coro::executor;
  asio::co_spawn(ex, helper::run(std::move(work), result),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) {
                   done = true;
                   CHECK(e == nullptr);
                 }));
  co_await asio::post(ex, asio::use_awaitable);
  CHECK_FALSE(done);
  signal.emit(asio::cancellation_type::terminal);
  while (!done)
    co_await asio::post(ex, asio::use_awaitable);
  co_return result;
}

inline asio::awaitable<void> bytes_arrive_in_order(network& from, network& at,
                                                   std::string address) {
  const auto a = at.listen(address);
  auto ends = co_await connect_both(from, *a);
  const std::string big = pattern(300'000);
  co_await write_all(*ends.client, "hello");
  CHECK(co_await read_exactly(*ends.server, 5) == "hello");
  std::string there, back;
  co_await (read_into(*ends.server, big.size(), there) &&
            read_into(*ends.client, big.size(), back) && write_all(*ends.client, big) &&
            write_all(*ends.server, big));
  CHECK(there == big);
  CHECK(back == big);
}

inline asio::awaitable<void> gathers_buffers(network& from, network& at, std::string address) {
  const auto a = at.listen(address);
  auto ends = co_await connect_both(from, *a);
  const std::array<asio::const_buffer, 3> parts{asio::buffer("GET ", 4), asio::buffer("", 0),
                                                asio::buffer("/ HTTP", 6)};
  const auto r = co_await ends.client->write(parts);
  CHECK(r == io_result{{}, 10});
  CHECK(co_await read_exactly(*ends.server, 10) == "GET / HTTP");
}

inline asio::awaitable<void> try_write_takes_what_fits(network& from, network& at,
                                                       std::string address) {
  const auto a = at.listen(address);
  auto ends = co_await connect_both(from, *a);
  const std::string big = pattern(1 << 20);
  std::size_t sent = 0;
  for (;;) {
    const asio::const_buffer piece(big.data() + sent % big.size(), big.size() - sent % big.size());
    const auto r = ends.client->try_write(std::span(&piece, 1));
    CHECK_FALSE(r.error);
    if (r.size == 0) break;
    sent += r.size;
  }
  CHECK(sent > 0);
  const auto got = co_await read_exactly(*ends.server, sent);
  CHECK(got.substr(0, 1000) == big.substr(0, 1000));
}

inline asio::awaitable<void> an_end_is_orderly(network& from, network& at, std::string address) {
  const auto a = at.listen(address);
  auto ends = co_await connect_both(from, *a);
  co_await write_all(*ends.client, "last words");
  CHECK_FALSE(ends.client->shutdown_send());
  CHECK(co_await read_exactly(*ends.server, 10) == "last words");
  CHECK((co_await read_one(*ends.server)).error == asio::error::eof);
  CHECK((co_await read_one(*ends.server)).error == asio::error::eof);
  co_await write_all(*ends.server, "answer");  // the other direction still works
  CHECK(co_await read_exactly(*ends.client, 6) == "answer");
  ends.server.reset();
  CHECK((co_await read_one(*ends.client)).error == asio::error::eof);
  const auto late = co_await kit::write(*ends.client, asio::buffer("x", 1));
  CHECK(late.error == asio::error::broken_pipe);
}

inline asio::awaitable<void> close_ends_what_is_under_way(network& from, network& at,
                                                          std::string address) {
  const auto a = at.listen(address);
  auto ends = co_await connect_both(from, *a);
  struct helper {
    static asio::awaitable<void> close(stream& s) {
      s.close();
      s.close();
      co_return;
    }
  };
  CHECK(ends.client->is_open());
  const auto r = co_await (read_one(*ends.client) && helper::close(*ends.client));
  CHECK(r.error == asio::error::operation_aborted);
  CHECK_FALSE(ends.client->is_open());
  CHECK((co_await read_one(*ends.client)).error == asio::error::bad_descriptor);
  CHECK((co_await kit::write(*ends.client, asio::buffer("x", 1))).error ==
        asio::error::bad_descriptor);
  CHECK(ends.client->shutdown_send());
  CHECK((co_await read_one(*ends.server)).error == asio::error::eof);
}

inline asio::awaitable<void> a_cancelled_read_loses_nothing(network& from, network& at,
                                                            std::string address) {
  const auto a = at.listen(address);
  auto ends = co_await connect_both(from, *a);
  const auto r = co_await cancelled(read_one(*ends.server));
  CHECK(r.error == asio::error::operation_aborted);
  co_await write_all(*ends.client, "still here");
  CHECK(co_await read_exactly(*ends.server, 10) == "still here");
}

inline asio::awaitable<void> nobody_listens(network& from, network& at, std::string address) {
  std::string gone;
  {
    const auto a = at.listen(address);
    gone = a->local_address();
  }
  const auto r = co_await from.connect(gone);
  CHECK(r.error == asio::error::connection_refused);
  CHECK_FALSE(r);
  CHECK((co_await from.connect("no port")).error == kit::errc::invalid_argument);
  CHECK((co_await from.connect(":80")).error == kit::errc::invalid_argument);
}

inline asio::awaitable<void> accepting_is_cancelled_and_closed(network& from, network& at,
                                                               std::string address) {
  const auto a = at.listen(address);
  struct helper {
    static asio::awaitable<connect_result> accept(kit::acceptor& from_here) {
      co_return co_await from_here.accept();
    }
    static asio::awaitable<void> close(kit::acceptor& it) {
      it.close();
      co_return;
    }
  };
  const auto aborted = co_await cancelled(helper::accept(*a));
  CHECK(aborted.error == asio::error::operation_aborted);
  auto ends = co_await connect_both(from, *a);  // and goes on
  CHECK(ends.client->remote_address() == a->local_address());
  CHECK(ends.server->local_address() == a->local_address());
  CHECK(ends.client->local_address() == ends.server->remote_address());
  CHECK_THROWS_AS(at.listen(a->local_address()), std::system_error);
  const auto closed = co_await (a->accept() && helper::close(*a));
  CHECK(closed.error == asio::error::operation_aborted);
  CHECK((co_await a->accept()).error == asio::error::bad_descriptor);
}

/// `run(script)` calls `script(client's network, server's network, address to listen on)` and
/// completes it.
template <class Run>
void check(Run run) {
  SUBCASE("bytes arrive in order") {
    run(&bytes_arrive_in_order);
  }
  SUBCASE("several buffers go out as one") {
    run(&gathers_buffers);
  }
  SUBCASE("try_write takes what fits") {
    run(&try_write_takes_what_fits);
  }
  SUBCASE("an end is orderly") {
    run(&an_end_is_orderly);
  }
  SUBCASE("close ends what is under way") {
    run(&close_ends_what_is_under_way);
  }
  SUBCASE("a cancelled read loses nothing") {
    run(&a_cancelled_read_loses_nothing);
  }
  SUBCASE("nobody listens") {
    run(&nobody_listens);
  }
  SUBCASE("accepting is cancelled and closed") {
    run(&accepting_is_cancelled_and_closed);
  }
}

}  // namespace network_contract
