#include <transports/http/status_of.hpp>

#include <string>

namespace kit::http {

status status_of(errc code) noexcept {
  switch (code) {
    case errc::ok:
      return status::ok;
    case errc::canceled:
      return status::client_closed_request;
    case errc::invalid_argument:
    case errc::failed_precondition:
    case errc::out_of_range:
      return status::bad_request;
    case errc::deadline_exceeded:
      return status::gateway_timeout;
    case errc::not_found:
      return status::not_found;
    case errc::already_exists:
    case errc::aborted:
      return status::conflict;
    case errc::permission_denied:
      return status::forbidden;
    case errc::resource_exhausted:
      return status::too_many_requests;
    case errc::unimplemented:
      return status::not_implemented;
    case errc::unavailable:
      return status::service_unavailable;
    case errc::unauthenticated:
      return status::unauthorized;
    case errc::unknown:
    case errc::internal:
    case errc::data_loss:
      break;
  }
  return status::internal_server_error;
}

response error_response(const error& e) {
  const auto* chosen = e.get<error_status>();
  const auto code = chosen ? chosen->status : status_of(e.code());
  const bool foreign = e.code() == errc::unknown && e.cause();
  auto r = response::text(code, foreign ? reason_phrase(code) : e.message());
  if (const auto* more = e.get<error_headers>()) {
    for (const auto& [name, value, field] : more->headers)
      r.headers.add(name, value);
  }
  if (const auto wait = e.retry_after()) {
    const auto seconds = (wait->count() + 999) / 1000;
    r.headers.set(field::retry_after, std::to_string(seconds));
  }
  return r;
}

}  // namespace kit::http
