#include <transports/http/framing.hpp>

#include <charconv>
#include <string_view>
#include <system_error>

#include <kit/http/syntax.hpp>
#include <kit/http/target.hpp>

namespace kit::http {
namespace {

using check_result = std::optional<protocol_error>;

check_result bad(std::string_view text) {
  return protocol_error{status::bad_request, text};
}

check_result add_length(message_framing& f, std::string_view value) {
  if (f.content_length) return bad("more than one Content-Length");
  if (value.empty()) return bad("Content-Length is not a number");
  std::uint64_t length = 0;
  bool overflow = false;
  for (char c : value) {
    if (!is_digit(c)) return bad("Content-Length is not a number");
    const auto digit = static_cast<unsigned>(c - '0');
    overflow = overflow || length > (UINT64_MAX - digit) / 10;
    length = length * 10 + digit;
  }
  if (overflow) return protocol_error{status::content_too_large, "body is too large"};
  f.content_length = length;
  return {};
}

check_result add_coding(message_framing& f, std::string_view value) {
  if (f.has_transfer_encoding) return bad("more than one Transfer-Encoding");
  f.has_transfer_encoding = true;
  if (iequals(value, "chunked")) return {};
  // Without chunked at the end the length is unknown; chunked before the end is not allowed.
  std::string_view last;
  std::size_t chunked = 0;
  for (auto rest = value;;) {
    const auto coding = next_list_member(rest);
    if (coding.empty()) break;
    last = coding;
    if (iequals(coding, "chunked")) ++chunked;
  }
  if (chunked != 1 || !iequals(last, "chunked")) {
    return bad("Transfer-Encoding does not end with chunked");
  }
  return protocol_error{status::not_implemented, "unknown transfer coding"};
}

void add_connection(message_framing& f, std::string_view value) {
  if (iequals(value, "keep-alive")) {
    f.persistent = true;
    return;
  }
  for (;;) {
    const auto option = next_list_member(value);
    if (option.empty()) return;
    f.close = f.close || iequals(option, "close");
    f.persistent = f.persistent || iequals(option, "keep-alive");
  }
}

}  // namespace

std::optional<std::uint64_t> content_length(const headers& fields) noexcept {
  const auto text = fields.get(field::content_length).value_or(std::string_view());
  const char* const end = text.data() + text.size();
  std::uint64_t length = 0;
  const auto [last, status] = std::from_chars(text.data(), end, length);
  return status == std::errc() && last == end ? std::optional(length) : std::nullopt;
}

check_result message_framing::add(const field_line& line, version v) {
  switch (line.field) {
    case field::content_length:
      return add_length(*this, line.value());
    case field::transfer_encoding:
      return add_coding(*this, line.value());
    case field::connection:
      add_connection(*this, line.value());
      return {};
    case field::host:
      if (has_host) return bad("more than one Host");
      has_host = true;
      if (!parse_authority(line.value())) return bad("invalid Host");
      return {};
    case field::expect:
      if (v < version::http_1_1) return {};  // RFC 9110 10.1.1: ignored
      if (!iequals(line.value(), "100-continue")) {
        return protocol_error{status::expectation_failed, "unknown expectation"};
      }
      expects_continue = true;
      return {};
    default:
      return {};
  }
}

check_result message_framing::check(version v) const {
  if (!has_host && v >= version::http_1_1) return bad("no Host");
  if (!has_transfer_encoding) return {};
  if (content_length) return bad("both Content-Length and Transfer-Encoding");
  if (v < version::http_1_1) return bad("Transfer-Encoding in HTTP/1.0");
  return {};
}

}  // namespace kit::http
