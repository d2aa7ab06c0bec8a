#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/result.hpp>

namespace kit::middleware::detail {

/// A layer around one endpoint. A call's frame holds it by `place`.
template <class Layer, class Req, class Resp>
struct placed {
  Layer layer;
  endpoint<Req, Resp> next;
  std::string name;
};
template <class Layer, class Req, class Resp>
using place = std::shared_ptr<const placed<Layer, Req, Resp>>;

/// What a function that somebody else has written says, or the error that it has thrown.
template <class F>
auto asked(F f) -> result<std::invoke_result_t<F&>> {
  try {
    return f();
  } catch (...) {
    return fail(to_error(std::current_exception()));
  }
}

/// The endpoint that calls `Layer::run(place<Layer, Req, Resp>, Req)`, a static coroutine: how a
/// middleware that is no interceptor puts itself around another one.
template <class Layer, class Req, class Resp>
class layered {
 public:
  layered(Layer layer, endpoint<Req, Resp> next, std::string_view name)
      : at_(std::make_shared<const placed<Layer, Req, Resp>>(
            placed<Layer, Req, Resp>{std::move(layer), std::move(next), std::string(name)})) {}

  asio::awaitable<result<Resp>> try_call(Req req) const {
    return Layer::template run<Req, Resp>(at_, std::move(req));
  }

 private:
  place<Layer, Req, Resp> at_;
};

template <class Layer, class Req, class Resp>
endpoint<Req, Resp> around(Layer layer, endpoint<Req, Resp> next, std::string_view name) {
  return layered<Layer, Req, Resp>(std::move(layer), std::move(next), name);
}

}  // namespace kit::middleware::detail
