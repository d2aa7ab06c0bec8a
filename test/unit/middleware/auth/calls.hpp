#pragma once

#include <string>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/context.hpp>
#include <kit/credentials.hpp>
#include <kit/endpoint.hpp>
#include <kit/jwt/key.hpp>
#include <kit/jwt/sign.hpp>
#include <kit/this_context.hpp>

#include "../../kit/jwt/keys.hpp"

/// An endpoint that answers with the context that it was called in.
namespace test {

struct call_request {};
struct call_response {
  kit::context ctx;
};
using context_endpoint = kit::endpoint<call_request, call_response>;

inline asio::awaitable<call_response> show_context(call_request) {
  co_return call_response{co_await kit::this_context()};
}

inline kit::context with_token(const std::string& token, const kit::context& ctx = {}) {
  return ctx.with(kit::credentials{.authorization = "Bearer " + token});
}

inline kit::jwt::failure failure_of(const kit::result<call_response>& r) {
  return r ? static_cast<kit::jwt::failure>(0xff) : failure_of(r.error());
}

}  // namespace test
