#include <kit/http/target.hpp>

#include <algorithm>

#include <kit/http/percent.hpp>
#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

bool is_reg_name(std::string_view text) noexcept {
  std::size_t i = 0;
  while (i < text.size() && is_host_char(text[i]))
    ++i;
  if (i == text.size()) return true;
  return is_percent_encoded(text) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_host_char(c) || c == '%'; });
}

// "1" to "255" in dotted quads.
bool is_ipv4(std::string_view text) noexcept {
  for (int part = 0; part < 4; ++part) {
    std::size_t n = 0;
    int value = 0;
    while (n < text.size() && n < 3 && is_digit(text[n]))
      value = value * 10 + (text[n++] - '0');
    if (n == 0 || value > 255 || (n > 1 && text[0] == '0')) return false;
    text.remove_prefix(n);
    if (part == 3) return text.empty();
    if (text.empty() || text.front() != '.') return false;
    text.remove_prefix(1);
  }
  return false;
}

// "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ), RFC 3986 3.2.2
bool is_ip_future(std::string_view text) noexcept {
  if (text.empty() || to_lower(text[0]) != 'v') return false;
  const auto dot = text.find('.');
  if (dot == text.npos || dot < 2 || dot + 1 == text.size()) return false;
  const auto version = text.substr(1, dot - 1);
  const auto rest = text.substr(dot + 1);
  return std::all_of(version.begin(), version.end(), [](char c) { return hex_value(c) >= 0; }) &&
         std::all_of(rest.begin(), rest.end(), [](char c) { return c == ':' || is_host_char(c); });
}

}  // namespace

bool is_ipv6(std::string_view text) noexcept {
  int groups = 0;
  bool gap = false;
  bool after_colon = true;  // a group may start here
  while (!text.empty()) {
    if (text.starts_with("::")) {
      if (gap) return false;
      gap = after_colon = true;
      text.remove_prefix(2);
      continue;
    }
    if (!after_colon) {
      if (text.front() != ':') return false;
      text.remove_prefix(1);
    }
    if (groups <= 6 && text.find(':') == text.npos && is_ipv4(text)) {
      groups += 2;
      text = {};
      after_colon = false;
      break;
    }
    std::size_t n = 0;
    while (n < text.size() && n < 4 && hex_value(text[n]) >= 0)
      ++n;
    if (n == 0 || ++groups > 8) return false;
    text.remove_prefix(n);
    after_colon = false;
  }
  return gap ? groups < 8 : groups == 8;
}

std::optional<authority> parse_authority(std::string_view text) noexcept {
  authority parsed;
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == text.npos) return std::nullopt;
    const auto literal = text.substr(1, end - 1);
    if (!is_ipv6(literal) && !is_ip_future(literal)) return std::nullopt;
    ++end;
  } else {
    while (end < text.size() && text[end] != ':')
      ++end;
    if (!is_reg_name(text.substr(0, end))) return std::nullopt;
  }
  parsed.host = text.substr(0, end);
  if (end == text.size()) return parsed;
  if (text[end] != ':') return std::nullopt;
  const auto digits = text.substr(end + 1);
  unsigned port = 0;
  for (char c : digits) {
    if (!is_digit(c)) return std::nullopt;
    port = port * 10 + static_cast<unsigned>(c - '0');
    if (port > UINT16_MAX) return std::nullopt;
  }
  if (!digits.empty()) parsed.port = static_cast<std::uint16_t>(port);
  return parsed;
}

std::optional<target_parts> parse_target(const method& m, std::string_view target) noexcept {
  target_parts parts;
  if (target == "*" && m == method::options) {
    parts.form = target_form::asterisk;
    return parts;
  }
  if (!std::all_of(target.begin(), target.end(), is_target_char)) return std::nullopt;
  if (m == method::connect) {
    const auto host = parse_authority(target);
    if (!host || host->host.empty() || !host->port) return std::nullopt;
    parts.form = target_form::authority;
    parts.authority = target;
    return parts;
  }
  if (!target.starts_with('/')) {
    const auto colon = target.find("://");
    if (colon == target.npos) return std::nullopt;
    parts.form = target_form::absolute;
    parts.scheme = target.substr(0, colon);
    if (!iequals(parts.scheme, "http") && !iequals(parts.scheme, "https")) return std::nullopt;
    target.remove_prefix(colon + 3);
    parts.authority = target.substr(0, target.find_first_of("/?"));
    const auto host = parse_authority(parts.authority);
    if (!host || host->host.empty()) return std::nullopt;
    target.remove_prefix(parts.authority.size());
  }
  const auto mark = target.find('?');
  parts.path = target.substr(0, mark);
  if (mark != target.npos) parts.query = target.substr(mark + 1);
  return parts;
}

std::string remove_dot_segments(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  const bool rooted = path.starts_with('/');
  bool directory = false;  // whether the last segment seen stands for a directory
  for (std::size_t at = rooted ? 1 : 0; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto segment = path.substr(at, end - at);
    const auto dots = segment.size() <= 6 ? percent_decode(segment) : std::nullopt;
    directory = dots == "." || dots == "..";
    if (dots == "..") {
      const auto parent = out.rfind('/');
      out.resize(parent == out.npos ? 0 : parent);
    } else if (!directory) {
      if (rooted || !out.empty()) out += '/';
      out.append(segment);
    }
    at = end + 1;
  }
  if ((directory && (rooted || !out.empty())) || (rooted && out.empty())) out += '/';
  return out;
}

}  // namespace kit::http
