#include <transports/http/detail/exchange_span.hpp>

#include <utility>

#include <kit/http/check_status.hpp>
#include <transports/http/detail/watched_body.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http::detail {

struct exchange_span::watcher {
  exchange_span it;
  http::status status;
  void ended(std::uint64_t bytes, std::optional<error> failure) noexcept {
    it.end(status, bytes, failure ? &*failure : nullptr);
  }
};

exchange_span::~exchange_span() {
  const error gone(errc::canceled);
  end(std::nullopt, std::nullopt, &gone);
}

void exchange_span::watch_route(request& req) {
  serves_ = true;
  route_ = req.route;
  if (!route_.empty()) return;
  if (!req.route_note) req.route_note = std::make_shared<std::string_view>();
  route_note_ = req.route_note;
}

result<response> exchange_span::finish(result<response> r) && {
  if (!span_.recording()) return r;
  if (!r) {
    // What a server will answer; a client has got nothing.
    end(serves_ ? std::optional(status_of(r.error())) : std::nullopt, std::nullopt, &r.error());
  } else if (r->body.is_stream()) {
    const auto status = r->status;
    r->body = body(std::make_shared<watched_body<watcher>>(std::move(r->body),
                                                           watcher{std::move(*this), status}));
  } else {
    const bool content = method_ != method::head;
    end(r->status, content ? r->body.bytes().size() : 0, nullptr);
  }
  return r;
}

void exchange_span::end(std::optional<http::status> s, std::optional<std::uint64_t> bytes,
                        const error* failure) noexcept {
  if (!span_.recording()) return;  // ended, or moved from
  try {
    end_(span_, method_,
         {.status = s,
          .response_bytes = bytes,
          .route = route_note_ ? *route_note_ : route_,
          .failure = failure});
  } catch (...) {  // then it is not said
  }
  span_.end();
  span_ = tracing::span();
}

}  // namespace kit::http::detail
