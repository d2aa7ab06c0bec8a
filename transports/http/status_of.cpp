#include <transports/http/status_of.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include <kit/http/syntax.hpp>

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

namespace {

constexpr std::string_view octets = "application/octet-stream";

// Whether the message is not ours but that of the exception the error was made from.
bool is_foreign(const error& e) noexcept {
  const auto cause = e.cause();
  if (!cause) return false;
  try {
    std::rethrow_exception(cause);
  } catch (const error&) {
    return false;
  } catch (const std::exception& x) {
    return e.message() == x.what();
  } catch (...) {
    return e.code() == errc::unknown;
  }
}

}  // namespace

void add_fields(headers& fields, const headers& more) {
  for (const auto& item : more) {
    if (item.field == field::content_type) {
      fields.set(item.field, item.value);
    } else {
      fields.add(item.name, item.value);
    }
  }
}

response error_response(const error& e) {
  const auto* chosen = e.get<error_status>();
  const auto code = chosen ? chosen->status : status_of(e.code());
  auto r = [&] {
    if (const auto* body = e.get<error_body>()) {
      const bool sound = is_field_value(body->content_type);
      return response::text(code, body->content,
                            sound ? std::string_view(body->content_type) : octets);
    }
    return response::text(code, is_foreign(e) ? reason_phrase(code) : e.message());
  }();
  if (const auto* more = e.get<error_headers>()) add_fields(r.headers, more->headers);
  if (const auto wait = e.retry_after()) {
    const auto seconds = std::max<std::int64_t>(0, (wait->count() + 999) / 1000);
    r.headers.set(field::retry_after, std::to_string(seconds));
  }
  return r;
}

}  // namespace kit::http
