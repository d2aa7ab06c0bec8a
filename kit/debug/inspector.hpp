#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/chain.hpp>
#include <kit/classify.hpp>
#include <kit/debug/detail/watched.hpp>
#include <kit/decision_recorder.hpp>
#include <kit/endpoint.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/log/levels.hpp>
#include <kit/service.hpp>
#include <kit/tracing/trace_ring.hpp>

namespace kit::debug {

namespace detail {
struct core;
}

/// Settings of an `inspector`. Plain data; checked when it is made.
struct inspector_options {
  /// What the page is headed with: the service's name.
  std::string name = "cokit";
  /// What else is to be known of the program, such as its version and commit: name and value.
  std::vector<std::pair<std::string, std::string>> build = {};
  /// Where the tracer keeps its traces. Null: there are none to be seen, nor what calls wait for.
  std::shared_ptr<tracing::trace_ring> traces = {};
  /// What policies decided about calls, see `middleware::explaining`. One made without settings: it
  /// isn't shown.
  decision_recorder decisions = {};
  /// The table of the loggers' levels. Nothing: it isn't shown.
  std::optional<log::levels> levels = {};
  /// Whether levels may be changed by whoever can reach the page.
  bool allow_writes = false;
  /// Which calls count as errors.
  kit::classify classify = {};
  /// How many calls under way are shown, the oldest first. At least 1.
  std::size_t max_requests = 100;
  /// How many traces are shown in each list. At least 1.
  std::size_t max_traces = 50;
  /// What people read as the time, called on any thread; must not throw. Empty: the system's.
  std::function<tracing::wall_time()> wall_now = {};
};

/// Shows what a service does, to people with a browser and to programs: endpoints with rates,
/// errors and latencies, the calls under way, traces, the layers around each endpoint, log levels,
/// and figures of the process.
///
///     const auto traces = std::make_shared<kit::tracing::trace_ring>();
///     const kit::tracing::tracer tracer({.processors = {traces}});
///     const kit::debug::inspector inspect({.name = "shop", .traces = traces});
///     const auto shop = inspect.watch(kit::wrap(make_shop(), kit::middleware::tracing(tracer)));
///     router.mount("/debug", inspect.handler());
///
/// Nobody sees anything unless the handler is mounted. Who does sees much: names, attributes and
/// errors of other people's requests. So mount it on a port of its own, or behind a middleware that
/// asks who it is.
///
/// A call that is watched costs 0.1 to 0.2 us and no allocation; an endpoint takes 20 kB of memory,
/// and for each thread that calls it what its histogram does.
///
/// A small handle: copies are the same. Endpoints and handlers may outlive it. Threads: any.
class inspector {
 public:
  /// Errors: throws `errc::invalid_argument` naming the option that is out of range.
  explicit inspector(inspector_options options = {});

  /// The endpoint, with what counts its calls outermost. It is listed by that name, with the layers
  /// that it has now; so this comes last, around all others. Endpoints of one name count together.
  ///
  /// A call's trace, and what it waits for, is known where a span is current around it: a server's.
  ///
  /// Each route of a router, by method and pattern:
  ///
  ///     router.use([inspect](auto route, std::string_view name) {
  ///       return inspect.watch(std::move(route), name);
  ///     });
  template <class Req, class Resp>
  endpoint<Req, Resp> watch(endpoint<Req, Resp> ep, std::string_view name) const {
    if (!ep) return ep;
    const auto layers = ep.layers();
    return chain(watcher_of(name, {layers.begin(), layers.end()}))(std::move(ep), name);
  }
  /// Each endpoint of a service, by `prefix` and its own name: with the prefix `shop.` as
  /// `shop.buy`.
  template <service S>
  S watch(S s, std::string_view prefix = {}) const {
    for_each_endpoint(s, [&](std::string_view name, auto& ep) {
      ep = watch(std::move(ep), std::string(prefix).append(name));
    });
    return s;
  }

  /// The pages, below whatever path it is mounted at:
  ///
  ///  - the path itself: endpoints, and the worst of the next two
  ///  - `requests`: calls under way, the oldest first
  ///  - `traces`: those that failed, the slowest and the latest; `?endpoint=` picks the root
  ///  - `traces/{id}`: one of them, span by span
  ///  - `endpoints/{name}`: one endpoint, with its layers and what they decided
  ///  - `decisions`: what policies decided, in words
  ///  - `levels`: of the loggers
  ///  - `build`: the program and its process
  ///
  /// As HTML, which needs nothing from elsewhere and keeps itself up to date, or as JSON where
  /// `Accept` prefers that, or for `?format=json`. In JSON times are seconds.
  ///
  /// POST `levels` with `{"name": "http", "level": "debug"}` changes a level, if `allow_writes`; to
  /// `none`, and to `inherit`, too. So that no other site can have a browser do that, the request
  /// needs `Sec-Fetch-Site: same-origin`, which browsers send, or else a field `X-Requested-With`:
  ///
  ///     curl -H 'Content-Type: application/json' -H 'X-Requested-With: curl' \
  ///          -d '{"name": "http", "level": "debug"}' http://127.0.0.1:8080/debug/levels
  endpoint<http::request, http::response> handler() const;

 private:
  detail::watcher watcher_of(std::string_view name, std::vector<std::string> layers) const;

  std::shared_ptr<detail::core> core_;
};

}  // namespace kit::debug
