#include <middleware/request_key.hpp>

#include <utility>

#include <kit/http/field.hpp>

namespace kit::middleware {

std::optional<std::string> by_request::of_http(const http::request& r) {
  const bool plain = r.method == http::method::get || r.method == http::method::head;
  if (!plain || !r.body.empty() || r.headers.get(http::field::authorization) ||
      r.headers.get(http::field::cookie) || r.headers.get(http::field::range)) {
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
  const auto* who = ctx.get<identity>();
  if (!who) return key;
  std::string own = std::to_string(who->subject.size());
  own.append(" ").append(who->subject).append(who->tenant).append("\n").append(key);
  return own;
}

}  // namespace detail
}  // namespace kit::middleware
