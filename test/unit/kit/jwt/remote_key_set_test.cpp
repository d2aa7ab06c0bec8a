#include <kit/jwt/remote_key_set.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/any_io_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/io_context.hpp>
#include <asio/require.hpp>
#include <asio/use_future.hpp>

#include <kit/jwt/failure.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/mock_endpoint.hpp>
#include <kit/this_context.hpp>

#include "keys.hpp"

namespace http = kit::http;

using kit::errc;
using kit::jwt::failure;
using kit::jwt::remote_key_set;
using kit::jwt::remote_key_set_options;
using keys_ptr = remote_key_set::keys_ptr;
using test::failure_of;
using test::refusal_of;
using namespace std::chrono_literals;

namespace {

const std::string url = "https://issuer.example/jwks.json";

std::string document(const std::vector<std::string>& ids) {
  std::string out;
  for (const auto& id : ids) {
    std::string one(test::ed25519_public);
    one.pop_back();
    out += (out.empty() ? "" : ",") + one + R"(,"kid":")" + id + "\"}";
  }
  return R"({"keys":[)" + out + "]}";
}

http::response answer(const std::string& text, std::string_view cache_control = {}) {
  auto r = http::response::json(http::status::ok, text);
  if (!cache_control.empty()) r.headers.set(http::field::cache_control, cache_control);
  return r;
}

asio::awaitable<http::response> publish(http::request) {
  co_return answer(document({"a"}));
}

struct endless : http::body_source {
  asio::awaitable<std::optional<std::string>> read() override { co_return std::string(1000, ' '); }
};
struct silent : http::body_source {
  asio::awaitable<std::optional<std::string>> read() override {
    co_await kit::wait_until(kit::time_point::max());
    co_return std::nullopt;
  }
};

struct fixture {
  explicit fixture(remote_key_set_options o = {}) {
    o.url = url;
    o.on_error = [this](const kit::error& e) { errors.emplace_back(e.what()); };
    keys.emplace(loop.get_executor(), mock.endpoint, std::move(o));
  }

  auto get() { return loop.start(keys->get()); }
  auto newer_than(keys_ptr seen) { return loop.start(keys->newer_than(std::move(seen))); }

  void give(http::response r) {
    mock.handle.next().answer(std::move(r));
    loop.run();
  }
  void give_error(kit::error e) {
    mock.handle.next().fail(std::move(e));
    loop.run();
  }
  /// Keys of that document.
  keys_ptr filled(const std::vector<std::string>& ids, std::string_view cache_control = {}) {
    const auto call = get();
    give(answer(document(ids), cache_control));
    return call.value().value();
  }
  std::size_t fetches() const { return mock.handle.calls(); }

  std::vector<std::string> errors;
  kit::testing::loop loop;
  decltype(kit::testing::mock_endpoint<http::request, http::response>()) mock =
      kit::testing::mock_endpoint<http::request, http::response>();
  std::optional<remote_key_set> keys;
};

std::string id_of(const keys_ptr& keys) {
  return keys->keys().front().id();
}
std::string cause_of(const kit::error& e) {
  return e.cause() ? kit::to_error(e.cause()).what() : "";
}

}  // namespace

TEST_CASE("jwt::remote_key_set: where the issuer hangs, old keys serve after a second") {
  fixture f;
  const auto old = f.filled({"a"}, "max-age=60");
  f.loop.advance(2h);
  CHECK(f.keys->current() == nullptr);
  const auto first = f.get();
  f.loop.advance(999ms);
  CHECK(first.pending());
  f.loop.advance(1ms);
  CHECK(first.value().value() == old);
  CHECK(f.fetches() == 2);
  CHECK(f.get().value().value() == old);
  f.loop.advance(9s);  // the fetch is given up
  CHECK(f.errors.size() == 1);
  CHECK(f.get().value().value() == old);
  CHECK(f.fetches() == 3);
  // Others than those still have to be fetched.
  const auto other = f.newer_than(old);
  f.loop.advance(2s);
  CHECK(other.pending());
  (void)f.mock.handle.next();
  f.give(answer(document({"b"})));
  CHECK(id_of(other.value().value()) == "b");
  f.loop.advance(27h);
  const auto none = f.get();
  f.loop.advance(9s);
  CHECK(none.pending());
  f.loop.advance(1s);
  CHECK(none.value().error() == errc::unavailable);
}

TEST_CASE("jwt::remote_key_set: fetched when first asked for, and kept") {
  fixture f;
  CHECK(f.keys->current() == nullptr);
  CHECK(f.fetches() == 0);
  const auto call = f.get();
  CHECK(call.pending());
  const auto received = f.mock.handle.next();
  CHECK(received.request().method == http::method::get);
  CHECK(received.request().target == url);
  CHECK(received.request().headers.get(http::field::accept) ==
        "application/jwk-set+json, application/json");
  received.answer(answer(document({"a"})));
  f.loop.run();
  CHECK(id_of(call.value().value()) == "a");
  CHECK(f.keys->current() == call.value().value());
  CHECK(f.get().value().value() == call.value().value());
  CHECK(f.fetches() == 1);
  CHECK(f.errors.empty());
}

TEST_CASE("jwt::remote_key_set: all who wait share one fetch") {
  fixture f;
  std::vector<decltype(f.get())> calls;
  for (int i = 0; i < 100; ++i)
    calls.push_back(f.get());
  CHECK(f.fetches() == 1);
  f.give(answer(document({"a"})));
  for (const auto& c : calls)
    CHECK(id_of(c.value().value()) == "a");
}

TEST_CASE("jwt::remote_key_set: there is one fetch at a time, also where it takes long") {
  fixture f({.min_interval = 1s});
  const auto first = f.get();
  f.loop.advance(5s);
  const auto second = f.get();
  CHECK(f.fetches() == 1);
  f.give(answer(document({"a"})));
  CHECK(first.value());
  CHECK(second.value());
}

TEST_CASE("jwt::remote_key_set: fetched anew behind the back of callers when its time is over") {
  fixture f;
  const auto old = f.filled({"a"});
  f.loop.advance(10min - 1ms);
  CHECK(f.keys->current() == old);
  f.loop.run();
  CHECK(f.fetches() == 1);
  f.loop.advance(1ms);
  CHECK(f.get().value().value() == old);  // at once
  CHECK(f.fetches() == 2);
  CHECK(f.get().value().value() == old);
  CHECK(f.fetches() == 2);
  f.give(answer(document({"b"})));
  CHECK(id_of(f.keys->current()) == "b");
}

TEST_CASE("jwt::remote_key_set: keys that are much too old are waited for") {
  fixture f;
  const auto old = f.filled({"a"});
  f.loop.advance(10min + 1h);
  CHECK(f.keys->current() == nullptr);
  const auto call = f.get();
  CHECK(call.pending());
  f.give(answer(document({"b"})));
  CHECK(id_of(call.value().value()) == "b");
  // Where the fetch fails they are better than none.
  f.loop.advance(10min + 1h);
  const auto failing = f.get();
  f.give_error(errc::unavailable);
  CHECK(id_of(failing.value().value()) == "b");
}

TEST_CASE("jwt::remote_key_set: Cache-Control, within bounds") {
  const auto fetched_after = [](std::string_view cache_control, std::string_view age,
                                kit::duration wait) {
    fixture f;
    auto call = f.get();
    auto r = answer(document({"a"}), cache_control);
    if (!age.empty()) r.headers.set("Age", age);
    f.give(std::move(r));
    f.loop.advance(wait - 1ms);
    (void)f.keys->current();
    f.loop.run();
    const bool early = f.fetches() > 1;
    f.loop.advance(1ms);
    (void)f.keys->current();
    f.loop.run();
    return !early && f.fetches() == 2;
  };
  CHECK(fetched_after("public, max-age=120", "", 120s));
  CHECK(fetched_after("Max-Age=\"120\"", "", 120s));
  CHECK(fetched_after("max-age=120", "30", 90s));
  CHECK(fetched_after("max-age=120", "500", 1min));
  CHECK(fetched_after("max-age=5", "", 1min));
  CHECK(fetched_after("max-age=0", "", 1min));
  CHECK(fetched_after("no-store", "", 1min));
  CHECK(fetched_after("max-age=99999999999999999999999", "", 24h));
  CHECK(fetched_after("max-age=", "", 1min));
  CHECK(fetched_after("max-age=x", "", 1min));
  CHECK(fetched_after("private", "", 10min));
  CHECK(fetched_after("", "", 10min));
}

TEST_CASE("jwt::remote_key_set: a failed fetch says what went wrong, and is tried again later") {
  fixture f;
  auto call = f.get();
  f.give_error(kit::error(errc::unavailable, "connection refused"));
  CHECK(call.value().error() == errc::unavailable);
  CHECK(call.value().error().message() == "the keys that JWTs are verified with are not available");
  CHECK(failure_of(call.value().error()) == failure::keys_unavailable);
  const auto why = "remote_key_set: " + url + ": connection refused";
  CHECK(cause_of(call.value().error()) == why);
  CHECK(f.errors == std::vector{why});
  // For a while nobody tries.
  CHECK(cause_of(f.get().value().error()) == why);
  f.loop.advance(10s - 1ms);
  CHECK(cause_of(f.get().value().error()) == why);
  CHECK(f.fetches() == 1);
  f.loop.advance(1ms);
  call = f.get();
  CHECK(call.pending());
  f.give(answer(document({"a"})));
  CHECK(call.value());
}

TEST_CASE("jwt::remote_key_set: answers that can't be used") {
  const auto why = [](http::response r, remote_key_set_options o = {}) {
    fixture f(std::move(o));
    const auto call = f.get();
    f.give(std::move(r));
    f.loop.run();
    REQUIRE(call.done());
    REQUIRE_FALSE(call.value());
    const auto text = cause_of(call.value().error());
    const auto prefix = "remote_key_set: " + url + ": ";
    CHECK(text.starts_with(prefix));
    return text.substr(prefix.size());
  };
  CHECK(why(http::response::text(http::status::not_found, "nothing")) == "404 nothing");
  CHECK(why(http::response::text(http::status::internal_server_error, "")) != "");
  CHECK(why(http::response::redirect(http::status::found, "/x")) != "");
  CHECK(why(answer("")) != "");
  CHECK(why(answer("<html>")) != "");
  CHECK(why(answer(R"({"keys":[]})")) == "jwt: the key set can't be used: it has no keys");
  CHECK(why(answer(document({"a", "a"}))) ==
        "jwt: the key set can't be used: two keys have the same kid");
  // What is published can be no secret.
  CHECK(why(answer(R"({"keys":[{"kty":"oct","alg":"HS256","k":"AAAA"}]})"))
            .find("it should be public") != std::string::npos);
  CHECK(why(answer(std::string(600'000, ' '))) != "");
  http::response huge;
  huge.body = http::body(std::make_shared<endless>());
  CHECK(why(std::move(huge)) != "");
  CHECK(why(answer(document({"a"})), {.keys = {.max_bytes = 20, .only_public = true}}) != "");
}

TEST_CASE("jwt::remote_key_set: a fetch takes no longer than its limit") {
  fixture f;
  const auto call = f.get();
  f.loop.advance(10s - 1ms);
  CHECK(call.pending());
  f.loop.advance(1ms);
  REQUIRE(call.done());
  CHECK(f.mock.handle.next().cancelled());
  CHECK(kit::to_error(call.value().error().cause()) == errc::deadline_exceeded);
  // Nor does one whose content doesn't come.
  const auto second = f.get();
  http::response r;
  r.body = http::body(std::make_shared<silent>());
  f.give(std::move(r));
  CHECK(second.pending());
  f.loop.advance(10s);
  CHECK_FALSE(second.value());
}

TEST_CASE("jwt::remote_key_set: rotation: a key that isn't known has the keys fetched anew") {
  fixture f;
  const auto old = f.filled({"a"});
  f.loop.advance(10s);
  const auto one = f.newer_than(old);
  const auto two = f.newer_than(old);
  CHECK(f.fetches() == 2);
  CHECK(f.keys->current() == old);
  f.give(answer(document({"b", "a"})));
  CHECK(id_of(one.value().value()) == "b");
  CHECK(two.value().value() == one.value().value());
  // Who comes later with the old ones gets what was fetched meanwhile.
  f.loop.advance(10s);
  CHECK(f.newer_than(old).value().value() == one.value().value());
  CHECK(f.fetches() == 2);
}

TEST_CASE("jwt::remote_key_set: no more than a fetch per interval, whoever asks") {
  fixture f;
  const auto keys = f.filled({"a"});
  for (int i = 0; i < 50; ++i)
    CHECK(f.newer_than(keys).value().value() == keys);
  CHECK(f.fetches() == 1);
  f.loop.advance(10s);
  const auto call = f.newer_than(keys);
  f.give(answer(document({"a"})));
  const auto same = call.value().value();
  for (int i = 0; i < 50; ++i)
    CHECK(f.newer_than(same).value().value() == same);
  CHECK(f.fetches() == 2);
}

TEST_CASE("jwt::remote_key_set: old keys stay while fetches fail") {
  fixture f;
  const auto keys = f.filled({"a"});
  f.loop.advance(10s);
  const auto call = f.newer_than(keys);
  f.give_error(errc::unavailable);
  CHECK(failure_of(call.value().error()) == failure::keys_unavailable);
  CHECK(f.keys->current() == keys);
  CHECK(f.newer_than(keys).value().value() == keys);
  f.loop.advance(10min);
  CHECK(f.keys->current() == keys);
  f.loop.run();
  f.give(answer("rubbish"));
  CHECK(f.keys->current() == keys);
  CHECK(f.get().value().value() == keys);
  CHECK(f.errors.size() == 2);
}

TEST_CASE("jwt::remote_key_set: but not for ever: the issuer may have taken one back") {
  fixture f;
  const auto keys = f.filled({"a"});
  f.loop.advance(10min + 1h + 24h - 11s);
  auto call = f.get();
  f.give_error(errc::unavailable);
  CHECK(call.value().value() == keys);
  f.loop.advance(11s);
  CHECK_FALSE(f.keys->current());
  call = f.get();
  f.give_error(errc::unavailable);
  CHECK(failure_of(call.value().error()) == failure::keys_unavailable);
  CHECK(failure_of(f.get().value().error()) == failure::keys_unavailable);
}

TEST_CASE("jwt::remote_key_set: the fetch goes on when a caller gives up") {
  fixture f;
  auto first = f.get();
  const auto second = f.get();
  first.cancel();
  f.loop.run();
  CHECK(first.error() == errc::canceled);
  CHECK(second.pending());
  f.give(answer(document({"a"})));
  CHECK(second.value());
  CHECK(f.fetches() == 1);
}

TEST_CASE("jwt::remote_key_set: a caller's deadline is his own") {
  fixture f;
  const auto hasty = f.loop.start(kit::with_timeout(50ms, f.keys->get()));
  f.loop.advance(50ms);
  CHECK(hasty.error() == errc::deadline_exceeded);
  f.give(answer(document({"a"})));
  CHECK(f.keys->current());
}

TEST_CASE("jwt::remote_key_set: with the last handle a fetch ends") {
  fixture f;
  auto call = f.get();
  const auto fetch = f.mock.handle.next();
  f.keys.reset();
  f.loop.run();
  CHECK(fetch.pending());  // somebody waits
  call.cancel();
  f.loop.run();
  CHECK(fetch.cancelled());
  CHECK(call.error() == errc::canceled);
  CHECK(f.errors.empty());
}

TEST_CASE("jwt::remote_key_set: a loop that ends under a fetch") {
  auto f = std::make_unique<fixture>();
  const auto call = f->get();
  CHECK(call.pending());
  f.reset();
}

TEST_CASE("jwt::remote_key_set: callers on other loops than that of the fetch") {
  asio::io_context home(1);
  std::vector<std::unique_ptr<asio::io_context>> others;
  std::vector<std::future<kit::result<keys_ptr>>> answers;
  {
    const remote_key_set keys(home.get_executor(),
                              kit::endpoint<http::request, http::response>(publish), {.url = url});
    for (int i = 0; i < 4; ++i) {
      auto& loop = *others.emplace_back(std::make_unique<asio::io_context>(1));
      for (int j = 0; j < 10; ++j) {
        const asio::any_io_executor ex = loop.get_executor();
        answers.push_back(asio::co_spawn(ex, keys.get(), asio::use_future));
      }
    }
    std::vector<std::thread> threads;
    for (auto& loop : others)
      threads.emplace_back([&] { loop->run(); });
    const auto work = asio::require(home.get_executor(), asio::execution::outstanding_work.tracked);
    std::thread at_home([&] { home.run(); });
    for (auto& a : answers)
      CHECK(id_of(a.get().value()) == "a");
    home.stop();
    at_home.join();
    for (auto& t : threads)
      t.join();
  }
}

TEST_CASE("jwt::remote_key_set: options out of range") {
  const auto refused = [](remote_key_set_options o) {
    kit::testing::loop loop;
    return refusal_of([&] { remote_key_set(loop.get_executor(), {}, std::move(o)); });
  };
  for (const char* text : {"", "not a url", "/keys", "ftp://localhost/keys"})
    CHECK(refused({.url = text}) == "remote_key_set: url must be absolute, of https or http");
  CHECK(refused({.url = url, .ttl = 0s}) == "remote_key_set: ttl and min_ttl must be positive");
  CHECK(refused({.url = url, .max_ttl = 1s}) ==
        "remote_key_set: max_ttl must not be below min_ttl");
  CHECK(refused({.url = url, .stale_for = -1s}) ==
        "remote_key_set: stale_for must not be negative");
  CHECK(refused({.url = url, .outage_for = -1s}) ==
        "remote_key_set: outage_for must not be negative");
  CHECK(refused({.url = url, .min_interval = 0s}) ==
        "remote_key_set: min_interval and timeout must be positive");
  CHECK(refused({.url = url}) == "");
}
