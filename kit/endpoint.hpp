#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <kit/result.hpp>

namespace kit {

template <class Req, class Resp>
class endpoint;

namespace detail {

// The names and their order make what a compiler says about a wrong callable.
template <class F, class Req>
concept callable_with_request = requires(F& f, Req req) { f(std::move(req)); };
template <class F, class Req>
using answer_t = decltype(std::declval<F&>()(std::declval<Req>()));
template <class Answer, class Resp>
inline constexpr bool is_awaitable_of_response =
    std::is_same_v<Answer, asio::awaitable<Resp>> ||
    std::is_same_v<Answer, asio::awaitable<result<Resp>>>;

template <class F, class Req, class Resp>
concept bare_handler =
    callable_with_request<F, Req> && std::is_same_v<answer_t<F, Req>, asio::awaitable<Resp>>;
/// What the library's own layers are: they promise that nothing is thrown.
template <class F, class Req, class Resp>
concept has_try_call = requires(F& f, Req req) {
  { f.try_call(std::move(req)) } -> std::same_as<asio::awaitable<result<Resp>>>;
};

template <class R, class A>
std::type_identity<A> parameter_of(R (*)(A));
template <class R, class C, class A>
std::type_identity<A> parameter_of(R (C::*)(A));
template <class R, class C, class A>
std::type_identity<A> parameter_of(R (C::*)(A) const);
/// Whether it takes its request by value for certain, so that a coroutine's frame has it.
template <class F>
inline constexpr bool takes_value = false;
template <class F>
  requires requires(F f) { parameter_of(f); }
inline constexpr bool takes_value<F> =
    !std::is_reference_v<typename decltype(parameter_of(std::declval<F>()))::type>;
template <class F>
  requires requires { parameter_of(&F::operator()); }
inline constexpr bool takes_value<F> =
    !std::is_reference_v<typename decltype(parameter_of(&F::operator()))::type>;

/// What refers to an object that belongs to somebody else, maybe to a caller that has gone.
template <class T>
inline constexpr bool refers = std::is_reference_v<T> || std::is_pointer_v<T>;
template <class T>
inline constexpr bool refers<std::reference_wrapper<T>> = true;
template <class Char, class Traits>
inline constexpr bool refers<std::basic_string_view<Char, Traits>> = true;
template <class T, std::size_t Size>
inline constexpr bool refers<std::span<T, Size>> = true;

/// The error of a call that was made on that executor and ended in this exception, or error. What
/// was aborted because its context ran out of time is `deadline_exceeded`, not `canceled`.
/// A handler's is no refusal: one that fails because a call of its own was refused has begun.
error call_error(std::exception_ptr thrown, const asio::any_io_executor& ex, bool handler);
error call_error(error returned, const asio::any_io_executor& ex, bool handler);

}  // namespace detail

namespace detail {
/// Says what is around an endpoint, while it is put together.
struct endpoint_layers {
  template <class Req, class Resp>
  static void set(endpoint<Req, Resp>& ep, std::vector<std::string> names) {
    if (ep.node_) ep.node_->layers = std::move(names);
  }
  /// Whether both are the same node.
  template <class Req, class Resp>
  static bool same(const endpoint<Req, Resp>& a, const endpoint<Req, Resp>& b) noexcept {
    return a.node_ == b.node_;
  }
};
}  // namespace detail

/// What an endpoint can be made of: a callable `awaitable<Resp>(Req)` that throws on failure, or
/// `awaitable<result<Resp>>(Req)`, or an object with a member `try_call` of that second type.
template <class F, class Req, class Resp>
concept endpoint_callable = (detail::callable_with_request<F, Req> &&
                             detail::is_awaitable_of_response<detail::answer_t<F, Req>, Resp>) ||
                            detail::has_try_call<F, Req, Resp>;

/// One RPC method, on the server's or the client's side: the shape everything in Cokit has.
///
/// A copyable handle; copies share the callable. Calls may overlap, so the callable must bear that.
/// Lifetime: hold a copy of the endpoint until the awaitable has completed; chains and servers hold
/// theirs. So the callable may be a coroutine lambda that captures. A function that is no coroutine
/// and forwards to one must hand the request on by value.
/// Threads: a handle is a value; whether calls may run on several threads is the callable's rule.
/// Source: Go kit's package endpoint, with types.
template <class Req, class Resp>
class endpoint {
  static_assert(!detail::refers<Req> && !detail::refers<Resp>,
                "a request and a response outlive the caller's frame: they are values, not "
                "references, pointers or views");
  static_assert(!std::is_void_v<Req> && !std::is_void_v<Resp>, "for nothing use kit::empty");
  static_assert(!std::is_const_v<Req> && !std::is_const_v<Resp>,
                "a request and a response are moved along: they can't be const");

 public:
  using request_type = Req;
  using response_type = Resp;

  /// An empty endpoint; calls fail with `errc::unimplemented`.
  endpoint() noexcept = default;

  /// Of a callable; a null function makes an empty endpoint.
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, endpoint> &&
             endpoint_callable<std::decay_t<F>, Req, Resp>)
  endpoint(F&& f)
      : node_(is_null<std::decay_t<F>>(f) ? nullptr
                                          : new node_of<std::decay_t<F>>(std::forward<F>(f))) {}

  endpoint(const endpoint& other) noexcept : node_(other.node_) {
    if (node_) node_->acquire();
  }
  endpoint(endpoint&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  endpoint& operator=(endpoint other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~endpoint() {
    if (node_) node_->release();
  }

  explicit operator bool() const noexcept { return node_; }

  /// Calls and throws on failure: `kit::error`, or whatever the handler threw.
  asio::awaitable<Resp> operator()(Req&& req) const {
    return node_ ? node_->call(std::move(req)) : absent();
  }
  asio::awaitable<Resp> operator()(const Req& req) const
    requires std::copy_constructible<Req>
  {
    return (*this)(Req(req));
  }

  /// Calls and doesn't throw: an exception of the handler becomes an error by `to_error`, or
  /// `deadline_exceeded` where it was cancelled because its context's time ran out. Only, as any
  /// `co_await`, that of the result throws in a coroutine that has been cancelled before.
  asio::awaitable<result<Resp>> try_call(Req&& req) const {
    return node_ ? node_->try_call(std::move(req)) : try_absent();
  }
  asio::awaitable<result<Resp>> try_call(const Req& req) const
    requires std::copy_constructible<Req>
  {
    return try_call(Req(req));
  }

  /// Whether the callable is a bare handler, `awaitable<Resp>(Req)`. A layer that catches all that
  /// is thrown saves the frame which `try_call` needs for that, by calling it and catching.
  bool bare() const noexcept { return node_ && node_->bare; }

  /// What is around the handler, from the outermost inwards, as far as that is known: the layers
  /// that `chain` and `wrap` have put there. For people. Valid as long as a copy of the endpoint.
  std::span<const std::string> layers() const noexcept {
    if (!node_) return {};
    return node_->layers;
  }

 private:
  struct node {
    explicit node(bool is_bare) noexcept : bare(is_bare) {}
    virtual asio::awaitable<Resp> call(Req&& req) = 0;
    virtual asio::awaitable<result<Resp>> try_call(Req&& req) = 0;
    virtual ~node() = default;

    void acquire() noexcept { uses.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
      if (uses.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }
    std::atomic<std::size_t> uses{1};
    const bool bare;
    std::vector<std::string> layers;
  };

  // The static coroutines hold a handle, as the callable must outlive their frame.
  template <class F>
  struct node_of final : node {
    template <class G>
    explicit node_of(G&& g)
        : node(detail::bare_handler<F, Req, Resp> && !detail::has_try_call<F, Req, Resp>),
          f(std::forward<G>(g)) {}

    asio::awaitable<Resp> call(Req&& req) override {
      if constexpr (detail::bare_handler<F, Req, Resp> && detail::takes_value<F>) {
        return f(std::move(req));
      } else {
        return unwrap(handle(), f, std::move(req));
      }
    }
    asio::awaitable<result<Resp>> try_call(Req&& req) override {
      if constexpr (detail::has_try_call<F, Req, Resp>) {
        return f.try_call(std::move(req));
      } else {
        return guard(handle(), f, std::move(req));
      }
    }

    static asio::awaitable<Resp> unwrap(endpoint, F& f, Req req) {
      if constexpr (detail::has_try_call<F, Req, Resp>) {
        co_return value_or_throw(co_await f.try_call(std::move(req)));
      } else if constexpr (detail::bare_handler<F, Req, Resp>) {
        co_return co_await f(std::move(req));
      } else {
        co_return value_or_throw(co_await f(std::move(req)));
      }
    }
    static asio::awaitable<result<Resp>> guard(endpoint self, F& f, Req req) {
      std::exception_ptr thrown;
      try {
        if constexpr (detail::bare_handler<F, Req, Resp>) {
          co_return co_await f(std::move(req));
        } else {
          result<Resp> r = co_await f(std::move(req));
          if (!r) {
            r.error() = detail::call_error(r.error(), co_await asio::this_coro::executor,
                                           self.layers().empty());
          }
          co_return r;
        }
      } catch (...) {
        thrown = std::current_exception();
      }
      co_return fail(detail::call_error(std::move(thrown), co_await asio::this_coro::executor,
                                        self.layers().empty()));
    }

    endpoint handle() noexcept {
      node::acquire();
      return endpoint(static_cast<node*>(this));
    }

    [[no_unique_address]] F f;
  };

  explicit endpoint(node* adopted) noexcept : node_(adopted) {}

  friend struct detail::endpoint_layers;

  // A null function pointer, an empty std::function.
  template <class F>
  static bool is_null(const F& f) noexcept {
    if constexpr (std::is_assignable_v<F&, std::nullptr_t>) {
      return f == nullptr;
    } else {
      return false;
    }
  }

  static Resp value_or_throw(result<Resp> r) {
    if (!r) throw std::move(r).error();
    return *std::move(r);
  }
  static asio::awaitable<Resp> absent() { co_return value_or_throw(fail(errc::unimplemented)); }
  static asio::awaitable<result<Resp>> try_absent() { co_return fail(errc::unimplemented); }

  node* node_ = nullptr;
};

template <class Req, class Resp>
endpoint(asio::awaitable<Resp> (*)(Req)) -> endpoint<std::remove_cvref_t<Req>, Resp>;
template <class Req, class Resp>
endpoint(asio::awaitable<result<Resp>> (*)(Req)) -> endpoint<std::remove_cvref_t<Req>, Resp>;

namespace detail {
template <class T>
struct endpoint_traits : std::false_type {};
template <class Req, class Resp>
struct endpoint_traits<endpoint<Req, Resp>> : std::true_type {
  using request_type = Req;
  using response_type = Resp;
};
}  // namespace detail

/// Whether T is an `endpoint<Req, Resp>` of some Req and Resp.
template <class T>
inline constexpr bool is_endpoint = detail::endpoint_traits<T>::value;

/// A value without fields; encodes as `{}`.
struct empty {
  friend bool operator==(empty, empty) = default;
};

/// The endpoint that ignores its request, succeeds, and yields `empty`.
template <class Req>
endpoint<Req, empty> nop() {
  return [](Req) -> asio::awaitable<empty> { co_return empty{}; };
}

}  // namespace kit
