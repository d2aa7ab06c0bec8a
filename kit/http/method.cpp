#include <kit/http/method.hpp>

#include <cstring>

#include <kit/error.hpp>
#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

constexpr std::array<std::string_view, method::version_control + 1> names = {
    "",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PRI",
    "PROPFIND",
    "PROPPATCH",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
};

method::id find(std::string_view token) noexcept {
  // The common ones come first in the table.
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (names[i] == token) return static_cast<method::id>(i);
  }
  return method::custom;
}

}  // namespace

method::method(std::string_view token) : id_(get) {
  const auto found = parse(token);
  if (!found) {
    throw error(errc::invalid_argument, "'" + std::string(token) + "' is not an HTTP method");
  }
  *this = *found;
}

std::optional<method> method::parse(std::string_view token) noexcept {
  if (token == "GET") return method(get);
  if (token == "POST") return method(post);
  if (const auto known = find(token); known != custom) return method(known);
  if (token.size() > max_custom || !is_token(token)) return std::nullopt;
  method m;
  m.id_ = custom;
  m.size_ = static_cast<std::uint8_t>(token.size());
  std::memcpy(m.text_.data(), token.data(), token.size());
  return m;
}

std::string_view method::name() const noexcept {
  return id_ == custom ? std::string_view(text_.data(), size_) : names[id_];
}

bool method::is_safe() const noexcept {
  switch (id_) {
    case get:
    case head:
    case options:
    case trace:
    case pri:
    case propfind:
    case query:
    case report:
    case search:
      return true;
    default:
      return false;
  }
}

bool method::is_idempotent() const noexcept {
  switch (id_) {
    case custom:
    case connect:
    case lock:
    case patch:
    case post:
      return false;
    default:
      return true;  // so says IANA's registry of all others that are listed here
  }
}

}  // namespace kit::http
