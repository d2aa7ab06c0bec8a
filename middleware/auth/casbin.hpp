#pragma once

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <kit/context.hpp>
#include <kit/endpoint.hpp>
#include <kit/interceptor.hpp>
#include <kit/result.hpp>
#include <kit/this_context.hpp>
#include <middleware/auth/casbin/enforcer.hpp>
#include <middleware/auth/order.hpp>

namespace kit::middleware::auth {

/// The enforcer that has let a call through: a value in the context of what comes next.
struct casbin_enforcer {
  std::shared_ptr<const kit::casbin::enforcer> used;
};

/// An enforcer of the model and the policy in a context, both put there as values. As Go kit does,
/// but once, when the service is put together, rather than for each request.
/// Errors: throws `errc::invalid_argument`, `CasbinModel is required in context` or `CasbinPolicy
/// is required in context` where one isn't there; else as the enforcer's constructor.
std::shared_ptr<kit::casbin::enforcer> make_casbin_enforcer(
    const kit::context& with, kit::casbin::enforcer_options options = {});

/// The subject of the `identity` in a context.
/// Errors: `errc::unauthenticated` where there is none.
result<kit::casbin::value> casbin_subject(const kit::context& ctx);

/// One value of what an enforcer is asked: fixed, or taken from the call. Called at once on several
/// threads.
class casbin_value {
 public:
  using source = std::function<result<kit::casbin::value>(const call&)>;

  /// The same for all calls: a text, a number, a struct ...
  template <class T>
    requires(std::convertible_to<const T&, kit::casbin::value> && !std::invocable<T&, const call&>)
  casbin_value(const T& fixed)
      : source_([v = kit::casbin::value(fixed)](const call&) -> result<kit::casbin::value> {
          return v;
        }) {}
  /// A function of the call, that returns the value, or a `result` of it.
  template <class F>
    requires std::invocable<F&, const call&>
  casbin_value(F f) : source_(std::move(f)) {}

  /// Who is asking: `casbin_subject`.
  static casbin_value subject();
  /// The `identity`'s tenant, for models with domains; empty where it has none. Errors: as
  /// `casbin_subject`.
  static casbin_value tenant();
  /// The endpoint's name.
  static casbin_value endpoint();

  result<kit::casbin::value> of(const call& c) const { return source_(c); }

 private:
  source source_;
};

/// Settings of `casbin`.
struct casbin_options {
  /// What the enforcer is asked, in the order of the model's definition of requests.
  std::vector<casbin_value> ask = {casbin_value::subject(), casbin_value::endpoint(), "call"};
  /// Which definitions of the model it decides by. They must outlive the endpoints.
  kit::casbin::definitions by = {};
};

/// Lets a call through where an enforcer allows it; whatever is asked comes from the context or is
/// fixed. The enforcer is in the context of what comes next, as `casbin_enforcer`.
///
///     auto enforcer = std::make_shared<kit::casbin::enforcer>(model, policy);
///     auto api = kit::wrap(service, auth::jwt_verifier(...), auth::casbin(enforcer));
///     auto read = kit::chain(auth::casbin(
///         enforcer, {.ask = {auth::casbin_value::subject(), "data1", "read"}}))(endpoint);
///
/// Refuses with `errc::permission_denied`, `Unauthorized Access`, what isn't allowed: the error has
/// the `casbin::decision` as a detail, for those who log. With `errc::unauthenticated` where nobody
/// has found out who is asking. What the enforcer fails with is returned as it is.
///
/// An interceptor: fuses with its neighbours. The policy may be changed at any time, by
/// `enforcer::set_policy`. Threads: any.
/// Source: Go kit's package auth/casbin, whose enforcer is built for each request and asked the
/// same of all.
class casbin {
 public:
  static constexpr bool timed = false;
  static constexpr std::string_view layer_name = "casbin";
  static constexpr bool decides = true;
  template <class Outer>
  static consteval void check_inside() {
    check_authorization_order<Outer>();
  }

  /// Errors: throws `errc::invalid_argument` where there is no enforcer.
  explicit casbin(std::shared_ptr<const kit::casbin::enforcer> enforcer,
                  casbin_options options = {});

  result<void> enter(call& c) const;

 private:
  struct shared;
  std::shared_ptr<const shared> shared_;
};

namespace detail {

/// The context for what comes next, with the enforcer in it.
/// Errors: as `casbin` refuses.
result<kit::context> casbin_admit(const std::shared_ptr<const kit::casbin::enforcer>& enforcer,
                                  const std::vector<kit::casbin::value>& asked,
                                  const kit::casbin::definitions& by, const kit::context& ctx,
                                  std::string_view name);
void casbin_require(const std::shared_ptr<const kit::casbin::enforcer>& enforcer);

}  // namespace detail

/// What an enforcer is asked, value by value, in the order of the model's definition of requests.
/// An error among them refuses the call.
using casbin_question = std::vector<result<kit::casbin::value>>;

/// The same for what depends on the request: `Ask` is a function of request and context.
///
///     auto orders = kit::chain(auth::casbin_by_request(
///         enforcer, [](const order_request& r, const kit::context& ctx) {
///           return auth::casbin_question{auth::casbin_subject(ctx), "/orders/" + r.id, "read"};
///         }))(endpoint);
///
/// What it throws refuses the call, too. A middleware of its own, which costs a coroutine frame.
/// Threads: any, also for `Ask`.
template <class Ask>
class casbin_by_request {
 public:
  static constexpr std::string_view layer_name = "casbin";
  static constexpr bool decides = true;
  template <class Outer>
  static consteval void check_inside() {
    check_authorization_order<Outer>();
  }

  /// Errors: throws `errc::invalid_argument` where there is no enforcer.
  casbin_by_request(std::shared_ptr<const kit::casbin::enforcer> enforcer, Ask ask,
                    kit::casbin::definitions by = {})
      : shared_(std::make_shared<const shared>(shared{std::move(enforcer), std::move(ask), by})) {
    detail::casbin_require(shared_->enforcer);
  }

  template <class Req, class Resp>
    requires std::invocable<const Ask&, const Req&, const kit::context&>
  kit::endpoint<Req, Resp> operator()(kit::endpoint<Req, Resp> next,
                                      std::string_view name = {}) const {
    return layer<Req, Resp>{shared_, std::move(next), std::string(name)};
  }

 private:
  struct shared {
    std::shared_ptr<const kit::casbin::enforcer> enforcer;
    Ask ask;
    kit::casbin::definitions by;
  };

  template <class Req, class Resp>
  struct layer {
    std::shared_ptr<const shared> state;
    kit::endpoint<Req, Resp> next;
    std::string name;

    asio::awaitable<result<Resp>> try_call(Req&& req) const {
      return run(state, next, name, std::move(req));
    }

    static asio::awaitable<result<Resp>> run(std::shared_ptr<const shared> s,
                                             kit::endpoint<Req, Resp> then, std::string name,
                                             Req req) {
      auto inside = admit(*s, req, co_await this_context(), name);
      if (!inside) co_return fail(inside.error().with_refused());
      std::exception_ptr thrown;
      try {
        co_return co_await with_context(*std::move(inside), then.try_call(std::move(req)));
      } catch (...) {
        thrown = std::current_exception();
      }
      co_return fail(
          kit::detail::call_error(std::move(thrown), co_await asio::this_coro::executor, false));
    }

    static result<kit::context> admit(const shared& s, const Req& req, const kit::context& ctx,
                                      std::string_view name) {
      try {
        std::vector<kit::casbin::value> asked;
        for (casbin_question all = s.ask(req, ctx); auto& v : all) {
          if (!v) return fail(std::move(v).error());
          asked.push_back(*std::move(v));
        }
        return detail::casbin_admit(s.enforcer, asked, s.by, ctx, name);
      } catch (...) {
        return fail(to_error(std::current_exception()));
      }
    }
  };

  std::shared_ptr<const shared> shared_;
};

}  // namespace kit::middleware::auth
