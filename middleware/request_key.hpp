#pragma once

#include <optional>
#include <string>
#include <type_traits>

#include <kit/codec/json.hpp>
#include <kit/context.hpp>
#include <kit/http/method.hpp>
#include <kit/http/request.hpp>
#include <kit/identity.hpp>

namespace kit::middleware {

/// What tells a request from others: those with the same text are the same request. Nothing where
/// it is like no other one.
///
/// The default for `cache` and `coalesce`: of an HTTP request without content its method and
/// target, if that is safe and it carries no credentials, cookies, or `Cache-Control`, and asks for
/// the whole and unconditionally; of all else its JSON.
struct by_request {
  template <class Req>
  std::optional<std::string> operator()(const Req& r) const {
    if constexpr (std::is_same_v<Req, http::request>) {
      return of_http(r);
    } else {
      auto text = json::encode(r);
      return text ? std::optional(*std::move(text)) : std::nullopt;
    }
  }

 private:
  static std::optional<std::string> of_http(const http::request& r);
};

namespace detail {

/// Joined with whom the answer is for, so that nobody gets what is another's: the identity, or else
/// what the caller has shown, be it checked or not.
std::string key_for(const context& ctx, std::string key);

}  // namespace detail
}  // namespace kit::middleware
