#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/result.hpp>
#include <transports/http/handler.hpp>

namespace kit::http {

class router;

/// Who asks. May be put together: `probe::live | probe::ready`.
enum class probe : std::uint8_t {
  live = 1,     ///< Whether to start the service anew.
  ready = 2,    ///< Whether to send it requests.
  startup = 4,  ///< Whether it has come up, and the other two may be asked.
};
constexpr probe operator|(probe a, probe b) noexcept {
  return static_cast<probe>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

/// How a check is run.
struct check_options {
  /// Who asks for it. One for `startup` alone is asked until it has passed once; until then the
  /// service isn't ready.
  probe probes = probe::ready;
  /// Whether its failure is the service's. Otherwise it is told and no more.
  bool critical = true;
  /// How long it may take; then it is cancelled and has failed. More than 0.
  std::chrono::milliseconds timeout{1'000};
  /// How long its outcome is given again before it is run anew. 0: each probe runs it.
  std::chrono::milliseconds keep{1'000};
};

/// Whether a service is well, for Kubernetes and load balancers.
///
///     http::health health;
///     health.add("db", [pool] { return pool->ping(); });
///     health.mount(router);
///     http::serve(rt, router, {.on_drain = health.on_drain(), .drain_delay = 5s});
///
/// The answer is 200 `ok`, or 503 and each check with its outcome, which `?verbose` shows in any
/// case, as Kubernetes' own components do. `?exclude=db` leaves a check out. `Accept:
/// application/health+json` (draft-inadarei-api-health-check) or `application/json` gets JSON. Of a
/// failure its message is shown, of foreign exceptions only that they happened: what is in messages
/// should be fit for whoever can reach these routes.
///
/// A check is an `asio::awaitable<void>()` that throws, or an `awaitable<result<void>>()`. It runs
/// on the loop of the probe that asks first, apart from that request, and others wait for the same
/// run. One that ignores being cancelled has failed, and isn't started again before it returns.
///
/// A handle; copies share the checks.
///
/// Lifetime: the checks are cancelled when the last copy, handler and hook has gone.
/// Threads:  any, so the servers of several loops share one.
/// Source:   Kubernetes, API health endpoints.
class health {
 public:
  health();

  /// Errors: `errc::invalid_argument` for a name that is no token, `ready` or there already, and
  /// for options out of range.
  template <class F>
    requires std::same_as<std::invoke_result_t<F&>, asio::awaitable<void>> ||
             std::same_as<std::invoke_result_t<F&>, asio::awaitable<result<void>>>
  health& add(std::string name, F check, check_options options = {}) {
    return add_check(std::move(name), [check] { return call(check); }, options);
  }

  /// Whether it wants requests; another answer than that of the checks. True at first. `why` is
  /// shown.
  void set_ready(bool ready, std::string_view why = "not ready");

  /// For `server_options::on_drain`: not ready from then on.
  std::function<void()> on_drain() const;

  /// Adds GET `/livez`, `/readyz` and `/startupz`.
  void mount(router& r) const;
  /// What answers a probe, to be put elsewhere.
  handler answer_to(probe who) const;

 private:
  class state;
  class answerer;
  using function = std::function<asio::awaitable<result<void>>()>;

  template <class F>
  static asio::awaitable<result<void>> call(F f) {
    if constexpr (std::same_as<std::invoke_result_t<F&>, asio::awaitable<void>>) {
      co_await f();
      co_return result<void>();
    } else {
      co_return co_await f();
    }
  }
  health& add_check(std::string name, function f, const check_options& options);

  std::shared_ptr<state> state_;
};

}  // namespace kit::http
