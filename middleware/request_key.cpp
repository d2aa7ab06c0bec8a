#include <middleware/request_key.hpp>

#include <utility>

#include <kit/connection_info.hpp>
#include <kit/credentials.hpp>
#include <kit/http/field.hpp>

namespace kit::middleware {

std::optional<std::string> by_request::of_http(const http::request& r) {
  const bool plain = r.method == http::method::get || r.method == http::method::head;
  if (!plain || !r.body.empty()) return std::nullopt;
  for (const auto own :
       {http::field::authorization, http::field::cookie, http::field::range,
        http::field::cache_control, http::field::if_match, http::field::if_none_match,
        http::field::if_modified_since, http::field::if_unmodified_since, http::field::if_range}) {
    if (r.headers.get(own)) return std::nullopt;
  }
  std::string key(r.method.name());
  key.append(" ").append(r.target);
  // What an answer is chosen by besides.
  for (const auto f : {http::field::host, http::field::accept, http::field::accept_encoding,
                       http::field::accept_language}) {
    key += '\n';
    for (const auto value : r.headers.get_all(f))
      key.append(value).append("\t");
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
