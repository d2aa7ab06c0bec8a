#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <kit/constraints.hpp>
#include <kit/context.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/result.hpp>
#include <kit/this_context.hpp>
#include <kit/violations.hpp>
#include <middleware/detail/placed.hpp>

namespace kit::middleware {

/// Settings of `validate`.
struct validate_options {
  /// Check requests before the endpoint gets them.
  bool requests = true;
  /// Check responses, too.
  bool responses = false;
  /// Of each check.
  check_options limits = {};
  /// How many violations an error's message names; all of them are in its detail. At least 1.
  std::size_t max_named = 3;
};

/// Lets requests through that keep the constraints stated beside their types, see
/// <kit/constraints.hpp>; a client's are refused before they are sent, a server's before they reach
/// the handler:
///
///     auto orders = kit::wrap(make_orders(), instrument, kit::middleware::validate());
///
/// What breaks them fails with `errc::invalid_argument`, `invalid request: count: expected 1 to
/// 100, got 0; and 2 more`, as a refusal, with `kit::violations` as its detail. A response that
/// breaks its own fails with `errc::internal`, `invalid response`, with the detail, and an error
/// that names what is wrong as the cause: that is not for the caller.
///
/// Around an endpoint whose types have no constraints it is nothing. A valid request costs the
/// check and no coroutine; it is checked when the call is made, not when that is awaited. A
/// response costs a coroutine. Errors: putting it around an endpoint throws
/// `errc::invalid_argument` for a pattern that is wrong. Threads: any.
class validate {
 public:
  static constexpr std::string_view layer_name = "validate";
  static constexpr bool decides = true;

  /// Errors: throws `errc::invalid_argument` for an option out of range.
  explicit validate(validate_options options = {});

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name = {}) const {
    if constexpr (constrained<Req>) {
      if (options_.requests) prepare_constraints<Req>();
    }
    if constexpr (constrained<Resp>) {
      if (options_.responses) {
        prepare_constraints<Resp>();
        return detail::around(*this, std::move(next), name);
      }
    }
    if constexpr (constrained<Req>) {
      if (options_.requests) return checked<Req, Resp>(*this, std::move(next), name);
    }
    return next;
  }

 private:
  template <class Layer, class Req, class Resp>
  friend class detail::layered;

  using finding = result<violations>;
  template <class Req, class Resp>
  using place = detail::place<validate, Req, Resp>;

  /// Only a request that is refused takes a coroutine.
  template <class Req, class Resp>
  class checked {
   public:
    checked(const validate& layer, endpoint<Req, Resp> next, std::string_view name)
        : at_(std::make_shared<const detail::placed<validate, Req, Resp>>(
              detail::placed<validate, Req, Resp>{layer, std::move(next), std::string(name)})) {}

    asio::awaitable<result<Resp>> try_call(Req&& req) const {
      auto wrong = at_->layer.look_at(std::as_const(req));
      if (!wrong) return at_->next.try_call(std::move(req));
      return refuse(at_, *std::move(wrong));
    }

   private:
    static asio::awaitable<result<Resp>> refuse(place<Req, Resp> at, finding wrong) {
      const auto ctx = context_of(co_await asio::this_coro::executor);
      co_return fail(at->layer.refusal(ctx, at->name, std::move(wrong)));
    }

    place<Req, Resp> at_;
  };

  template <class Req, class Resp>
  static asio::awaitable<result<Resp>> run(place<Req, Resp> at, Req req) {
    const auto& self = at->layer;
    const auto ex = co_await asio::this_coro::executor;
    if constexpr (constrained<Req>) {
      if (self.options_.requests) {
        if (auto wrong = self.look_at(std::as_const(req))) {
          co_return fail(self.refusal(context_of(ex), at->name, *std::move(wrong)));
        }
      }
    }
    auto r = co_await at->next.try_call(std::move(req));
    if (r) {
      if (auto wrong = self.look_at(std::as_const(*r))) {
        r = fail(self.breach(context_of(ex), at->name, *std::move(wrong)));
      }
    }
    co_return r;
  }

  /// Nothing where all is well. An error is what a `check` of somebody's own threw.
  template <class T>
  std::optional<finding> look_at(const T& value) const {
    try {
      auto found = kit::check(value, options_.limits);
      if (found.empty()) return std::nullopt;
      return finding(std::move(found));
    } catch (...) {
      return fail(to_error(std::current_exception()));
    }
  }

  error refusal(const context& ctx, std::string_view name, finding wrong) const;
  error breach(const context& ctx, std::string_view name, finding wrong) const;

  validate_options options_;
};

}  // namespace kit::middleware
