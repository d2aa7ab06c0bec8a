#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/jwt/key_set.hpp>
#include <kit/result.hpp>

namespace kit::jwt {

/// Settings of a `remote_key_set`. Spans of time are positive.
struct remote_key_set_options {
  /// Where the JWK set is: an absolute URL, `https` or, where the way is safe, `http`.
  std::string url = {};
  /// How long keys are good before they are fetched anew, where the answer doesn't say it.
  duration ttl = std::chrono::minutes{10};
  /// Bounds of that where the answer does (`Cache-Control: max-age`, less its `Age`).
  duration min_ttl = std::chrono::minutes{1};
  duration max_ttl = std::chrono::hours{24};
  /// For how long after that they serve while they are fetched anew; later, calls wait for the
  /// fetch, a second at most where they could serve by `outage_for`. 0 or more.
  duration stale_for = std::chrono::hours{1};
  /// For how long after that they serve where fetches fail or hang: until then at most are tokens
  /// accepted whose key the issuer has taken back, if somebody keeps the URL from being read. 0 or
  /// more.
  duration outage_for = std::chrono::hours{24};
  /// From one fetch to the next at least, whatever tokens ask for and whether it fails.
  duration min_interval = std::chrono::seconds{10};
  /// How long one fetch may take.
  duration timeout = std::chrono::seconds{10};
  /// What the document may be. `max_bytes` also ends the reading of what is longer.
  key_set_options keys{.only_public = true};
  /// Is told of each fetch that fails, on the executor. Must not throw.
  std::function<void(const error&)> on_error = nullptr;
};

/// The keys that an issuer publishes (RFC 7517 5): fetched when they are first asked for, and anew
/// when their time is over or a token names a key that isn't among them. Callers share one fetch,
/// and it goes on when they give up.
///
/// Fetches run on the executor that is handed over, in the context that it carries; time is that of
/// its loop (`timer_wheel`).
///
/// Errors:   throws `errc::invalid_argument` for options out of range.
/// Lifetime: a handle; copies share. With the last one, and those who wait, a fetch that is under
///           way ends, too. None is used when the executor's loop has gone.
/// Threads:  any, at the same time. Library: `cokit-jwt`.
class remote_key_set {
 public:
  using keys_ptr = std::shared_ptr<const key_set>;

  remote_key_set(const asio::any_io_executor& ex, endpoint<http::request, http::response> client,
                 remote_key_set_options options);

  /// The keys, if there are some that serve; else null, and `get` is what fetches some. Doesn't
  /// wait. Starts a fetch when those that serve are to be renewed.
  keys_ptr current() const;

  /// The keys, after waiting for a fetch where there are none that serve. To have them at hand,
  /// call it when the program starts.
  /// Errors: `errc::unavailable` with `failure::keys_unavailable`; its cause is what went wrong.
  ///         Soon after a fetch that has failed it is that one's error, at once.
  /// Cancellation: any type, as `errc::canceled`; a coroutine cancelled before throws.
  asio::awaitable<result<keys_ptr>> get() const;

  /// The same for a token whose key isn't among `seen`: other keys, if somebody has fetched some
  /// since, or after a fetch. `seen` itself when it isn't time for one.
  asio::awaitable<result<keys_ptr>> newer_than(keys_ptr seen) const;

 private:
  struct core;
  struct owner;

  std::shared_ptr<owner> owner_;
};

}  // namespace kit::jwt
