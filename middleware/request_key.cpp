#include <middleware/request_key.hpp>

#include <utility>

#include <kit/connection_info.hpp>
#include <kit/credentials.hpp>
#include <kit/http/field.hpp>

namespace kit::middleware {

std::optional<std::string> by_request::of_http(const http::request& r) {
  const bool plain = r.method == http::method::get || r.method == http::method::head;
  if (!plain || !r.body.empty() || r.headers.get(http::field::authorization) ||
      r.headers.get(http::field::cookie) || r.headers.get(http::field::range) ||
      r.headers.get(http::field::cache_control)) {
    return std::nullopt;
  }
  std::string key(r.method.name());
  key.append(" ").append(r.target);
  // What an answer is chosen by besides.
  for (const auto f : {http::field::host, http::field::accept, http::field::accept_encoding,
                       http::field::accept_language}) {
    key += '\n';
    key += r.headers.get(f).value_or(std::string_view());
  }
  return key;
}

namespace detail {

std::string key_for(const context& ctx, std::string key) {
  std::string own;
  // With their lengths, so that no text passes for another one.
  const auto add = [&own](std::string_view part) {
    own.append(std::to_string(part.size())).append(" ").append(part);
  };
  if (const auto* who = ctx.get<identity>()) {
    for (const std::string_view part : {who->method, who->issuer, who->tenant, who->subject})
      add(part);
  } else {
    if (const auto* shown = ctx.get<credentials>()) {
      add(shown->authorization);
      add(shown->api_key);
    }
    const auto* from = ctx.get<connection_info>();
    if (from && from->peer()) add(from->peer()->fingerprint);
  }
  return own.append("\n").append(key);
}

}  // namespace detail
}  // namespace kit::middleware
