#include <transports/http/status_of.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include <kit/credentials.hpp>
#include <kit/http/syntax.hpp>
#include <transports/http/call_failure.hpp>

namespace kit::http {

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

// Whether a call of ours to another server has failed with it.
bool is_of_a_call(const error& e) noexcept {
  return e.get<call_failure>() || e.get<received_status>();
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

void set_fields(headers& fields, const headers& more) {
  for (const auto& item : more)
    fields.remove(item.name);
  for (const auto& item : more)
    fields.add(item.name, item.value);
}

status status_of(const error& e) noexcept {
  if (const auto* chosen = e.get<error_status>()) return chosen->status;
  if (!is_of_a_call(e) || e == errc::canceled) return status_of(e.code());
  if (e == errc::deadline_exceeded) return status::gateway_timeout;
  const auto* failed = e.get<call_failure>();
  const bool no_room = failed && failed->at == call_failure::stage::admission;
  return no_room || e.retry_after() ? status::service_unavailable : status::bad_gateway;
}

response error_response(const error& e) {
  const auto code = status_of(e);
  auto r = [&] {
    if (const auto* body = e.get<error_body>()) {
      const bool sound = is_field_value(body->content_type);
      if (body->content.empty() && body->content_type.empty()) return response{.status = code};
      return response::text(code, body->content,
                            sound ? std::string_view(body->content_type) : octets);
    }
    const bool inside = is_foreign(e) || is_of_a_call(e);
    return response::text(code, inside ? reason_phrase(code) : e.message());
  }();
  if (const auto* more = e.get<error_headers>()) add_fields(r.headers, more->headers);
  if (const auto wait = e.retry_after()) {
    const auto seconds = std::max<std::int64_t>(0, (wait->count() + 999) / 1000);
    r.headers.set(field::retry_after, std::to_string(seconds));
    r.headers.set(retry_pushback, std::to_string(wait->count()));
  }
  if (e.forbids_retry()) r.headers.set(retry_pushback, "-1");
  if (const auto* how = e.get<challenge>(); how && is_field_value(how->text)) {
    r.headers.add(field::www_authenticate, how->text);
    r.headers.set("X-Content-Type-Options", "nosniff");
  }
  return r;
}

}  // namespace kit::http
