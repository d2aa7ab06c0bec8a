#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <kit/error.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/result.hpp>
#include <transports/http/detail/watched_body.hpp>
#include <transports/http/span_convention.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http::detail {

/// One exchange, from its request to the end of the answer, and somebody who is told of that once:
/// of one that is destroyed before, that it was canceled.
///
/// `Watcher` has `void ended(const method&, const exchange_end&) noexcept`.
template <class Watcher>
class watched_exchange {
 public:
  /// Nobody is told where there is no watcher.
  watched_exchange(std::optional<Watcher> w, const request& req)
      : watcher_(std::move(w)), method_(req.method) {}
  watched_exchange(watched_exchange&& other) noexcept
      : watcher_(std::exchange(other.watcher_, std::nullopt)),
        method_(other.method_),
        serves_(other.serves_),
        route_(other.route_),
        route_note_(std::move(other.route_note_)) {}
  watched_exchange& operator=(watched_exchange&&) = delete;
  ~watched_exchange() {
    const error gone(errc::canceled);
    end(std::nullopt, std::nullopt, &gone);
  }

  /// At a server: sees which route it is, or where a router will say so.
  void watch_route(request& req) {
    serves_ = true;
    route_ = req.route;
    if (!route_.empty()) return;
    if (!req.route_note) req.route_note = std::make_shared<std::string_view>();
    route_note_ = req.route_note;
  }

  /// Ends it with that: now, or where the answer is a stream, with that.
  result<response> finish(result<response> r) && {
    if (!watcher_) return r;
    if (!r) {
      // What a server will answer; a client has got nothing.
      end(serves_ ? std::optional(status_of(r.error())) : std::nullopt, std::nullopt, &r.error());
    } else if (!has_content(method_, r->status)) {
      end(r->status, 0, nullptr);
    } else if (r->body.is_stream()) {
      const auto status = r->status;
      r->body = body(std::make_shared<watched_body<streamed>>(std::move(r->body),
                                                              streamed{std::move(*this), status}));
    } else {
      end(r->status, r->body.bytes().size(), nullptr);
    }
    return r;
  }

 private:
  struct streamed {
    watched_exchange it;
    http::status status;
    void ended(std::uint64_t bytes, std::optional<error> failure) noexcept {
      it.end(status, bytes, failure ? &*failure : nullptr);
    }
  };

  void end(std::optional<http::status> s, std::optional<std::uint64_t> bytes,
           const error* failure) noexcept {
    auto watcher = std::exchange(watcher_, std::nullopt);
    if (!watcher) return;
    watcher->ended(method_, {.status = s,
                             .response_bytes = bytes,
                             .route = route_note_ ? *route_note_ : route_,
                             .failure = failure});
  }

  std::optional<Watcher> watcher_;  // nothing: moved from, or told
  method method_;
  bool serves_ = false;
  std::string_view route_;
  std::shared_ptr<const std::string_view> route_note_;
};

}  // namespace kit::http::detail
