#include <transports/http/detail/redirect.hpp>

#include <memory>
#include <string>
#include <utility>

#include <curl/curl.h>

#include <kit/http/url.hpp>
#include <transports/http/call_failure.hpp>
#include <transports/http/propagation.hpp>

namespace kit::http::detail {
namespace {

error cannot_follow(std::string why) {
  return error(errc::failed_precondition, "redirect: " + std::move(why))
      .with(call_failure{call_failure::stage::redirect, true});
}

// RFC 3986 5, as libcurl does it. Nothing when that is no URL of HTTP.
std::optional<std::string> resolve(const std::string& base, const std::string& reference) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  char* text = nullptr;
  if (!url || curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_URL, reference.c_str(), CURLU_URLENCODE) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0) != CURLUE_OK ||
      curl_url_get(url.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) {
    return std::nullopt;
  }
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  return std::string(text);
}

bool same_origin(const url& a, const url& b) {
  return a.scheme == b.scheme && a.host == b.host && a.effective_port() == b.effective_port();
}

}  // namespace

bool is_redirect(const response& r) noexcept {
  switch (r.status) {
    case status::moved_permanently:
    case status::found:
    case status::see_other:
    case status::temporary_redirect:
    case status::permanent_redirect:
      return r.headers.contains(field::location);
    default:
      return false;
  }
}

result<request> redirected(const request& sent, const response& r) {
  const auto target = resolve(sent.target, std::string(*r.headers.get(field::location)));
  if (!target) return fail(cannot_follow("the place it names is no URL"));
  const auto from = url::parse(sent.target);
  const auto to = url::parse(*target);
  if (!from || !to || (to->scheme != "http" && to->scheme != "https")) {
    return fail(cannot_follow("the place it names is no URL of http or https"));
  }

  if (from->scheme == "https" && to->scheme == "http") {
    return fail(cannot_follow("from https to http"));
  }

  request next{.method = sent.method, .target = *target, .headers = sent.headers};
  const bool was_post = sent.method == method::post;
  const bool becomes_get =
      (r.status == status::see_other && sent.method != method::head) ||
      (was_post && (r.status == status::found || r.status == status::moved_permanently));
  if (becomes_get) {
    next.method = method::get;
    for (const auto f : {field::content_type, field::content_encoding, field::content_language,
                         field::content_location}) {
      next.headers.remove(f);
    }
  } else if (sent.body.is_stream()) {
    return fail(cannot_follow("streamed content cannot be sent again"));
  } else {
    next.body = sent.body;
  }
  next.headers.remove(field::host);
  if (!same_origin(*from, *to)) {
    for (const auto f : {field::authorization, field::cookie, field::proxy_authorization})
      next.headers.remove(f);
    remove_metadata(next.headers);
  }
  return next;
}

}  // namespace kit::http::detail
