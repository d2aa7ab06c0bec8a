#include <transports/http/detail/measured_exchange.hpp>

#include <utility>

#include <transports/http/detail/watched_body.hpp>
#include <transports/http/status_of.hpp>

namespace kit::http::detail {

struct measured_exchange::watcher {
  measured_exchange it;
  http::status status;
  void ended(std::uint64_t bytes, std::optional<error> failure) noexcept {
    it.end(static_cast<std::uint16_t>(to_int(status)), failure ? failure->code() : errc::ok, bytes);
  }
};

measured_exchange::measured_exchange(std::shared_ptr<exchange_metrics> to, timer_wheel& wheel,
                                     const request& req)
    : to_(std::move(to)),
      wheel_(&wheel),
      started_(wheel.now()),
      method_(req.method),
      request_bytes_(req.body.size()) {
  to_->active().add();
}

measured_exchange::~measured_exchange() {
  end(0, errc::canceled, std::nullopt);
}

void measured_exchange::watch_route(request& req) {
  serves_ = true;
  route_ = req.route;
  if (!route_.empty()) return;
  if (!req.route_note) req.route_note = std::make_shared<std::string_view>();
  route_note_ = req.route_note;
}

result<response> measured_exchange::finish(result<response> r) && {
  if (!r) {
    const auto code = r.error().code();
    if (serves_) {  // what it will answer
      const auto status = static_cast<std::uint16_t>(to_int(status_of(r.error())));
      end(status, code == errc::canceled ? code : errc::ok, std::nullopt);
    } else {
      end(0, code, std::nullopt);
    }
  } else if (r->body.is_stream()) {
    const auto status = r->status;
    r->body = body(std::make_shared<watched_body<watcher>>(std::move(r->body),
                                                           watcher{std::move(*this), status}));
  } else {
    const bool content = method_ != method::head;
    end(static_cast<std::uint16_t>(to_int(r->status)), errc::ok,
        content ? r->body.bytes().size() : 0);
  }
  return r;
}

void measured_exchange::end(std::uint16_t s, errc failure,
                            std::optional<std::uint64_t> bytes) noexcept {
  const auto to = std::exchange(to_, nullptr);
  if (!to) return;
  to->active().subtract();
  const std::string_view route = route_note_ ? *route_note_ : route_;
  to->observe({.method = method_.known(),
               .status = s,
               .failure = failure,
               .place = serves_ ? route : std::string_view(server_)},
              wheel_->now() - started_, request_bytes_, bytes);
}

}  // namespace kit::http::detail
