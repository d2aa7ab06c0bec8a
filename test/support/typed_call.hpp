#pragma once

#include <string>
#include <utility>

#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/testing/loop.hpp>
#include <transports/http/handler.hpp>
#include <transports/http/status_of.hpp>

/// What tests of typed HTTP handlers share.
namespace typed_call {

namespace http = kit::http;

inline http::request post(std::string target, std::string content,
                          std::string_view type = "application/json") {
  http::request r{.method = http::method::post, .target = std::move(target)};
  r.body = http::body(std::move(content));
  if (!type.empty()) r.headers.set(http::field::content_type, type);
  return r;
}
inline http::request get(std::string target) {
  return {.method = http::method::get, .target = std::move(target)};
}

/// The answer as a server gives it: an error of the handler goes through `error_response`. The call
/// must end without time passing.
inline http::response answer(kit::testing::loop& loop, const http::handler& h, http::request req) {
  const auto call = loop.start(h.try_call(std::move(req)));
  auto r = call.value();
  return r ? *std::move(r) : http::error_response(r.error());
}
inline http::response answer(const http::handler& h, http::request req) {
  kit::testing::loop loop;
  return answer(loop, h, std::move(req));
}

inline std::string header(const http::response& r, http::field f) {
  return std::string(r.headers.get(f).value_or("none"));
}

}  // namespace typed_call
