#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <kit/chain.hpp>
#include <kit/codec/query.hpp>
#include <kit/http/method.hpp>
#include <kit/service.hpp>
#include <transports/http/detail/route_types.hpp>
#include <transports/http/handler_of.hpp>
#include <transports/http/server.hpp>
#include <transports/http/streaming.hpp>

namespace kit::http {

struct openapi_options;

/// Sends each request to the handler of the route that matches its method and path.
///
///     kit::http::router router;
///     router.use(log, recover);
///     router.get("/users/{id}", show_user);
///     auto admin = router.group("/admin", authenticate);
///     admin.del("/users/{id}", delete_user);
///     kit::http::server server(ex, router, {.port = 8080});
///
/// Patterns: segments after slashes, each a text, a parameter `{id}`, which takes one non-empty
/// segment, or at the end `{rest...}`, which takes what is left of the path, if only the empty
/// text. Parameters are in `request::params`, percent-decoded. Path and texts are compared decoded
/// and with case; an encoded slash separates nothing. A slash at the end counts: `/a` and `/a/` are
/// two paths. `.` and `..` mean nothing special here: they match parameters, and are left in the
/// value of `{rest...}`; see `remove_dot_segments`.
///
/// Priority: from left to right, a text is preferred to a parameter, and that to `{rest...}`; where
/// the preferred way finds no route for the method, the next is tried. At one pattern a route for
/// the method is preferred to one for `any`. The order of registration does not matter.
///
/// What it answers by itself: HEAD by the route for GET (the server drops the content); OPTIONS,
/// and `OPTIONS *`, by 204 with `Allow`; 404 when no route matches the path; 405 with `Allow` when
/// some do, but none for the method; 400 when a `%` in the path is not followed by two hexadecimal
/// digits.
///
/// Middlewares are put around the handlers once, when the router becomes a `handler`. They are told
/// the method and pattern as the endpoint's name, e.g. `GET /users/{id}`; the pattern alone for
/// `any`, `/static/{...}` for a handler mounted at `/static`, and nothing for what the router
/// answers by itself. `request::route` is the pattern; with 405 and OPTIONS, that of the best
/// match.
///
/// A builder: it becomes a `handler` by conversion, which is what serves. That has its own
/// immutable table, so what is added to the router afterwards doesn't affect it; its calls add no
/// coroutine frame to that of the route's handler, and a lookup takes the same time among few
/// routes and many.
///
/// Errors:   `errc::invalid_argument`, naming the pattern, for a malformed pattern, a parameter
///           name twice in a pattern, and an empty handler. Registering throws what can be seen
///           there; conversion throws what shows only in the whole: a pattern put together of
///           prefixes, and two routes for the same requests, i.e. of one method whose patterns
///           differ at most in the names of parameters (both are named).
/// Lifetime: copies, groups and mounted routers share what they build. Hold the handler until its
///           awaitable has completed; `request::route` is valid as long.
/// Threads:  build on one thread; a handler made from it may be called from any.
class router {
 public:
  router();

  /// Routes requests with that method and path to `h`.
  router& handle(const method& m, std::string_view pattern, handler h);
  /// The same whatever the method is, OPTIONS and HEAD included.
  router& any(std::string_view pattern, handler h);

  router& get(std::string_view pattern, handler h) {
    return handle(method::get, pattern, std::move(h));
  }
  router& head(std::string_view pattern, handler h) {
    return handle(method::head, pattern, std::move(h));
  }
  router& post(std::string_view pattern, handler h) {
    return handle(method::post, pattern, std::move(h));
  }
  router& put(std::string_view pattern, handler h) {
    return handle(method::put, pattern, std::move(h));
  }
  router& patch(std::string_view pattern, handler h) {
    return handle(method::patch, pattern, std::move(h));
  }
  router& del(std::string_view pattern, handler h) {
    return handle(method::del, pattern, std::move(h));
  }
  router& options(std::string_view pattern, handler h) {
    return handle(method::options, pattern, std::move(h));
  }

  /// The same of a handler that reads its request's body piece by piece, see `streaming`. The other
  /// routes get it as bytes, up to the server's `limits.max_body_bytes`; more is answered by 413.
  router& handle(const method& m, std::string_view pattern, streaming_handler h);
  router& any(std::string_view pattern, streaming_handler h);
  router& post(std::string_view pattern, streaming_handler h) {
    return handle(method::post, pattern, std::move(h));
  }
  router& put(std::string_view pattern, streaming_handler h) {
    return handle(method::put, pattern, std::move(h));
  }
  router& patch(std::string_view pattern, streaming_handler h) {
    return handle(method::patch, pattern, std::move(h));
  }

  /// Serve a typed endpoint, see `handler_of`: `router.post("/sum", add.sum)`. The pattern's
  /// parameters fill the fields of those names. How strictly content is read is an option:
  /// `router.post("/sum", add.sum, {.decode = {.refuse_unknown = true}, .check_type = true})`.
  /// Errors: `errc::invalid_argument` also for a parameter that the request has no field for.
  template <class Req, class Resp>
  router& handle(const method& m, std::string_view pattern, endpoint<Req, Resp> ep,
                 handler_options hooks = {}) {
    check_parameters<Req>(pattern);
    const bool own_errors = bool(hooks.error_encoder);
    handle(m, pattern, handler_of(std::move(ep), std::move(hooks)));
    return describe({&detail::route_types_of<Req, Resp>, own_errors});
  }
  template <class Req, class Resp>
  router& any(std::string_view pattern, endpoint<Req, Resp> ep, handler_options hooks = {}) {
    check_parameters<Req>(pattern);
    const bool own_errors = bool(hooks.error_encoder);
    any(pattern, handler_of(std::move(ep), std::move(hooks)));
    return describe({&detail::route_types_of<Req, Resp>, own_errors});
  }
  template <class Req, class Resp>
  router& get(std::string_view pattern, endpoint<Req, Resp> ep, handler_options hooks = {}) {
    static_assert(query::parameters<Req> || std::same_as<Req, request>,
                  "a request read from path and query must be a struct whose fields are scalars, "
                  "optionals or vectors of scalars; see <kit/codec/query.hpp>, or give a decoder: "
                  "router.get(pattern, handler_of(ep, decode, encode))");
    return handle(method::get, pattern, std::move(ep), std::move(hooks));
  }
  template <class Req, class Resp>
  router& post(std::string_view pattern, endpoint<Req, Resp> ep, handler_options hooks = {}) {
    return handle(method::post, pattern, std::move(ep), std::move(hooks));
  }
  template <class Req, class Resp>
  router& put(std::string_view pattern, endpoint<Req, Resp> ep, handler_options hooks = {}) {
    return handle(method::put, pattern, std::move(ep), std::move(hooks));
  }
  template <class Req, class Resp>
  router& patch(std::string_view pattern, endpoint<Req, Resp> ep, handler_options hooks = {}) {
    return handle(method::patch, pattern, std::move(ep), std::move(hooks));
  }
  template <class Req, class Resp>
  router& del(std::string_view pattern, endpoint<Req, Resp> ep, handler_options hooks = {}) {
    return handle(method::del, pattern, std::move(ep), std::move(hooks));
  }

  /// Puts middlewares around all handlers of this router, its groups and what is mounted in it,
  /// those added already, too, and around what it answers by itself; the first is outermost, and
  /// those of an earlier call are outside those of a later one. Each handler gets a copy: one with
  /// state of its own counts per route, and for all together is put around the whole:
  /// `kit::chain(count)(kit::http::handler(router))`. Cokit's own limits are shared by their
  /// copies.
  ///
  /// With `server_options::stream_request_bodies` they see content that hasn't arrived yet as a
  /// stream, also where the route gets bytes: what a limit refuses isn't read.
  template <class... M>
  router& use(M... middlewares) {
    return add_layer([all = chain(std::move(middlewares)...)](handler next, std::string_view name) {
      return all(std::move(next), name);
    });
  }

  /// A router whose routes lie below `prefix` of this one and get further middlewares. In it the
  /// pattern "" stands for the prefix itself.
  template <class... M>
  router group(std::string_view prefix, M... middlewares) {
    router inner;
    if constexpr (sizeof...(M) > 0) inner.use(std::move(middlewares)...);
    mount(prefix, inner);
    return inner;
  }

  /// Puts the routes of `inner` below a prefix, which is a pattern without `{rest...}` and without
  /// a slash at its end; `/` or nothing for no prefix. The routes keep the middlewares of `inner`,
  /// and are matched with those of this router in one step.
  /// Errors: `errc::invalid_argument` also when `inner` holds this router.
  router& mount(std::string_view prefix, const router& inner);

  /// Sends all requests at and below a prefix to `h`, which sees what is left of the path: of
  /// `/static/a.css?v=1` below `/static`, `request::target` is `/a.css?v=1`; `/` at the prefix
  /// itself. `request::original_target` is the whole.
  router& mount(std::string_view prefix, handler h);
  router& mount(std::string_view prefix, streaming_handler h);

  /// Serves each endpoint of a service below a prefix, by its name: POST /sum, POST /concat, JSON
  /// both ways. The options are those of all its endpoints.
  template <service S>
  router& mount(std::string_view prefix, const S& s, const handler_options& hooks = {}) {
    router inner;
    reflect::for_each_field(s, [&](auto field, const auto& ep) {
      inner.post('/' + std::string(field.name()), ep, hooks);
      inner.describe_method(field.info, reflect::document_name<S>(), reflect::comment<S>());
    });
    return mount(prefix, inner);
  }

  /// Answers when no route matches, instead of 404. Set in a group or a mounted router, for the
  /// paths at and below its prefix; set twice, the last one counts.
  router& not_found(handler h);
  /// Answers when routes match the path but not the method, instead of 405, for this router and
  /// what lies in it. `Allow` is added to its answer if that is a 405 without one.
  router& method_not_allowed(handler h);

  /// Answers GET at that pattern by the OpenAPI document of the typed routes and services of this
  /// router, its groups and what is mounted in it, whenever they are added; see
  /// <transports/http/openapi.hpp>, which is to be included.
  router& openapi(std::string_view pattern, const openapi_options& options);
  /// That document's text.
  std::string openapi_document(const openapi_options& options) const;

  /// What serves. Where that is wrapped in another handler, a server can't see that there are
  /// streaming routes: set `server_options::stream_request_bodies`.
  /// Errors: see above.
  operator handler() const;
  /// Whether there is a streaming route.
  bool has_streaming() const noexcept;

 private:
  using layer = std::function<handler(handler, std::string_view)>;
  struct scope;
  class freezer;

  // Requests that have no fields at all are read by hooks, or not.
  template <class Req>
  static void check_parameters(std::string_view pattern) {
    if constexpr (reflect::aggregate<Req> && !std::same_as<Req, request> &&
                  !std::same_as<Req, empty>) {
      check_parameters(pattern, &query::has_parameter<Req>);
    }
  }
  static void check_parameters(std::string_view pattern, bool (*has)(std::string_view) noexcept);
  router& add_layer(layer l);
  // Of the route added last.
  router& describe(const detail::route_description& what);
  router& describe_method(const reflect::field_info& method, std::string_view service,
                          std::string_view comment);

  std::shared_ptr<scope> scope_;
};

}  // namespace kit::http
