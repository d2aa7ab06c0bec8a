#include <kit/http/check_status.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <kit/http/date.hpp>
#include <kit/http/headers.hpp>
#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

constexpr std::size_t max_message = 1024;

// What the answer says, if that is for people.
std::string message_of(const response& r) {
  const auto type = r.headers.get(field::content_type).value_or("");
  const bool readable = type.starts_with("text/plain") || type.starts_with("application/json") ||
                        type.starts_with("application/problem+json");
  auto text = readable ? trim_ows(r.body.bytes().substr(0, max_message)) : std::string_view();
  if (text.empty()) text = reason_phrase(r.status);
  std::string out = std::to_string(to_int(r.status));
  if (!text.empty()) out += ' ';
  return out += text;
}

// What is no number means the same as a negative one (gRFC A6).
error with_pushback(const error& e, std::string_view text) {
  std::uint32_t ms = 0;
  const auto end = text.data() + text.size();
  const auto r = std::from_chars(text.data(), end, ms);
  if (r.ec != std::errc() || r.ptr != end) return e.with_retry_forbidden();
  return e.with_retry_after(std::chrono::milliseconds(ms));
}

// Seconds, or a date, which counts from now.
std::optional<std::chrono::milliseconds> retry_after(const headers& fields) {
  const auto text = fields.get(field::retry_after);
  if (!text) return std::nullopt;
  std::uint32_t seconds = 0;
  const auto end = text->data() + text->size();
  if (const auto r = std::from_chars(text->data(), end, seconds);
      r.ec == std::errc() && r.ptr == end) {
    return std::chrono::seconds(seconds);
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto date = parse_date(*text, now);
  if (!date) return std::nullopt;
  const std::chrono::milliseconds wait = *date - now;
  return std::max(std::chrono::milliseconds(0), wait);
}

}  // namespace

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

errc code_of(status s) noexcept {
  switch (s) {
    case status::bad_request:
      return errc::invalid_argument;
    case status::unauthorized:
      return errc::unauthenticated;
    case status::forbidden:
      return errc::permission_denied;
    case status::not_found:
      return errc::not_found;
    case status::request_timeout:
    case status::gateway_timeout:
      return errc::deadline_exceeded;
    case status::conflict:
      return errc::aborted;
    case status::range_not_satisfiable:
      return errc::out_of_range;
    case status::too_many_requests:
      return errc::resource_exhausted;
    case status::client_closed_request:
      return errc::canceled;
    case status::not_implemented:
      return errc::unimplemented;
    case status::bad_gateway:
    case status::service_unavailable:
      return errc::unavailable;
    default:
      break;
  }
  if (is_client_error(s)) return errc::failed_precondition;
  return is_server_error(s) ? errc::internal : errc::unknown;
}

result<void> check_status(const response& r) {
  if (is_success(r.status)) return {};
  auto e = error(code_of(r.status), message_of(r)).with(received_status{r.status});
  if (const auto wait = retry_after(r.headers)) e = e.with_retry_after(*wait);
  if (const auto pushback = r.headers.get(retry_pushback)) e = with_pushback(e, *pushback);
  return fail(std::move(e));
}

std::optional<error> status_error(const response& r) {
  if (to_int(r.status) < 400) return std::nullopt;
  return check_status(r).error();
}

}  // namespace kit::http
