#include <kit/jwt/remote_key_set.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include <kit/http/cache_control.hpp>
#include <kit/http/check_status.hpp>
#include <kit/http/url.hpp>
#include <kit/jwt/failure.hpp>
#include <kit/monitor.hpp>
#include <kit/task_set.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

namespace kit::jwt {
namespace {

struct document {
  std::string text;
  std::optional<std::chrono::seconds> max_age;
};

// Longer than that nobody waits for new keys where old ones can serve.
constexpr std::chrono::seconds patience{1};

// Nothing where it says nothing. 0 where it must not be kept.
std::optional<std::chrono::seconds> good_for(const http::cache_control& said) {
  if (said.no_store || said.no_cache) return std::chrono::seconds(0);
  const auto fresh = said.fresh_for(false);
  if (!fresh) return std::nullopt;
  return std::max(std::chrono::seconds(0), *fresh - said.age);
}

asio::awaitable<document> download(endpoint<http::request, http::response> client, std::string url,
                                   std::size_t max_bytes) {
  http::request req{.target = std::move(url)};
  req.headers.set(http::field::accept, "application/jwk-set+json, application/json");
  auto answer = co_await client(std::move(req));
  if (auto good = http::check_status(answer); !good) throw std::move(good).error();
  co_await answer.body.buffer(max_bytes);
  const auto max_age = good_for(http::cache_control::of(answer.headers));
  co_return document{answer.body.take(), max_age};
}

void check(const remote_key_set_options& o) {
  const auto require = [](bool good, const char* what) {
    if (!good) throw error(errc::invalid_argument, std::string("remote_key_set: ") + what);
  };
  constexpr auto zero = duration::zero();
  require(http::is_http_url(o.url), "url must be absolute, of https or http");
  require(o.ttl > zero && o.min_ttl > zero, "ttl and min_ttl must be positive");
  require(o.max_ttl >= o.min_ttl, "max_ttl must not be below min_ttl");
  require(o.stale_for >= zero, "stale_for must not be negative");
  require(o.outage_for >= zero, "outage_for must not be negative");
  require(o.min_interval > zero && o.timeout > zero, "min_interval and timeout must be positive");
}

}  // namespace

struct remote_key_set::core {
  core(timer_wheel& w, endpoint<http::request, http::response> c, remote_key_set_options o)
      : wheel(w), client(std::move(c)), options(std::move(o)) {}

  timer_wheel& wheel;
  const endpoint<http::request, http::response> client;
  const remote_key_set_options options;

  // All below: with the lock of `changed`.
  monitor changed;  // a fetch has ended
  keys_ptr keys;
  time_point fresh_until = time_point::min();
  time_point next_fetch = time_point::min();
  time_point began = time_point::min();  // the last fetch
  bool fetching = false;
  std::uint64_t ended = 0;          // fetches
  std::optional<error> last_error;  // of the last one

  bool serves() const {
    return keys && wheel.now() < saturating_add(fresh_until, options.stale_for);
  }
  // Where they can't be had anew.
  keys_ptr last_resort() const {
    const auto until =
        saturating_add(saturating_add(fresh_until, options.stale_for), options.outage_for);
    return wheel.now() < until ? keys : nullptr;
  }
  bool may_fetch() const { return !fetching && wheel.now() >= next_fetch; }

  error unavailable() const {
    auto e = make_error(failure::keys_unavailable);
    return last_error ? e.with_cause(std::make_exception_ptr(*last_error)) : e;
  }

  void store(key_set fetched, std::optional<std::chrono::seconds> max_age) {
    const auto ttl =
        max_age ? std::clamp<duration>(*max_age, options.min_ttl, options.max_ttl) : options.ttl;
    const auto lock = changed.lock();
    keys = std::make_shared<const key_set>(std::move(fetched));
    fresh_until = saturating_add(wheel.now(), ttl);
    last_error.reset();
  }

  void store(const error& e) {
    const error whole = error(e.code(), "remote_key_set: " + options.url + ": " + e.what())
                            .with_cause(std::make_exception_ptr(e));
    {
      const auto lock = changed.lock();
      last_error = whole;
    }
    if (options.on_error) options.on_error(whole);
  }

  // Ends with the coroutine, however that ends, also with its loop.
  struct round {
    explicit round(std::shared_ptr<core> c) noexcept : of(std::move(c)) {}
    round(const round&) = delete;
    round& operator=(const round&) = delete;
    ~round() {
      const auto lock = of->changed.lock();
      of->fetching = false;
      ++of->ended;
      of->changed.notify_all();
    }
    const std::shared_ptr<core> of;
  };

  static asio::awaitable<void> fetch(std::shared_ptr<round> r) {
    auto& c = *r->of;
    const auto& o = c.options;
    std::optional<error> failed;
    try {
      auto got = co_await with_timeout(o.timeout, download(c.client, o.url, o.keys.max_bytes));
      c.store(key_set::parse(got.text, o.keys), got.max_age);
    } catch (...) {
      failed = to_error(std::current_exception());
    }
    // Cancelled by the end of the handles, maybe also that of what `on_error` refers to.
    if (failed && !(co_await this_context()).cancelled()) c.store(*failed);
  }
};

struct remote_key_set::owner {
  owner(const asio::any_io_executor& ex, std::shared_ptr<remote_key_set::core> c)
      : core(std::move(c)), tasks(ex) {}

  // With the lock, which it gives away, as the task may begin inside the call.
  void start(std::unique_lock<std::mutex> lock) {
    auto round = std::make_shared<remote_key_set::core::round>(core);
    core->fetching = true;
    core->began = core->wheel.now();
    core->next_fetch = saturating_add(core->began, core->options.min_interval);
    lock.unlock();
    (void)tasks.try_spawn("jwks", remote_key_set::core::fetch(std::move(round)));
  }

  keys_ptr current() {
    auto lock = core->changed.lock();
    auto keys = core->serves() ? core->keys : nullptr;
    const bool due = keys && core->wheel.now() >= core->fresh_until && core->may_fetch();
    if (due) start(std::move(lock));
    return keys;
  }

  static asio::awaitable<result<keys_ptr>> wait(std::shared_ptr<owner> self, keys_ptr seen) {
    if (!seen) {
      if (auto keys = self->current()) co_return keys;
    }
    auto& c = *self->core;
    auto lock = c.changed.lock();
    if (seen && c.keys != seen) co_return c.keys;
    const auto before = c.ended;
    if (c.may_fetch()) {
      self->start(std::move(lock));
      lock = c.changed.lock();
    } else if (!c.fetching) {
      if (auto keys = c.last_resort()) co_return keys;
      co_return fail(c.unavailable());
    }
    // Where fetches fail, or hang, old keys serve meanwhile.
    const bool old_ones = !seen && c.last_resort() != nullptr;
    if (old_ones && c.last_error) co_return c.keys;
    const auto limit = old_ones ? saturating_add(c.began, patience) : time_point::max();
    while (c.ended == before) {
      const auto woken = co_await c.changed.wait(std::move(lock), limit);
      if (woken == wake::cancelled) co_return fail(errc::canceled);
      lock = c.changed.lock();
      if (woken == wake::timed_out) break;
    }
    if (auto keys = c.last_resort(); keys && keys != seen) co_return keys;
    co_return fail(c.unavailable());
  }

  const std::shared_ptr<remote_key_set::core> core;
  task_set tasks;
};

remote_key_set::remote_key_set(const asio::any_io_executor& ex,
                               endpoint<http::request, http::response> client,
                               remote_key_set_options options) {
  check(options);
  owner_ = std::make_shared<owner>(
      ex, std::make_shared<core>(timer_wheel::of(ex), std::move(client), std::move(options)));
}

remote_key_set::keys_ptr remote_key_set::current() const {
  return owner_->current();
}

asio::awaitable<result<remote_key_set::keys_ptr>> remote_key_set::get() const {
  return owner::wait(owner_, nullptr);
}

asio::awaitable<result<remote_key_set::keys_ptr>> remote_key_set::newer_than(keys_ptr seen) const {
  return owner::wait(owner_, std::move(seen));
}

}  // namespace kit::jwt
