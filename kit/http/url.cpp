#include <kit/http/url.hpp>

#include <algorithm>
#include <utility>

#include <kit/http/percent.hpp>
#include <kit/http/syntax.hpp>
#include <kit/http/target.hpp>

namespace kit::http {
namespace {

bool is_scheme(std::string_view text) noexcept {
  return !text.empty() && is_alpha(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

std::uint16_t default_port(std::string_view scheme) noexcept {
  if (scheme == "http" || scheme == "ws") return 80;
  if (scheme == "https" || scheme == "wss") return 443;
  return 0;
}

// The offset of the first thing that must not stand in a path, query or fragment; npos: none.
std::size_t find_bad(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_target_char(text[i])) return i;
    if (text[i] == '%' && !is_percent_encoded(text.substr(i, 3))) return i;
  }
  return text.npos;
}

auto bad(std::string_view what, std::size_t offset) {
  return fail(errc::invalid_argument,
              "url: " + std::string(what) + " at byte " + std::to_string(offset));
}

// User information, host and port. `offset` is where they begin in the URL.
result<void> read_authority(url& u, std::string_view text, std::size_t offset) {
  auto host = text;
  if (const auto at = text.rfind('@'); at != text.npos) {
    const auto info = text.substr(0, at);
    if (find_bad(info) != info.npos || info.find('@') != info.npos) {
      return bad("invalid user information", offset);
    }
    u.userinfo = info;
    host.remove_prefix(at + 1);
    offset += at + 1;
  }
  const auto parsed = parse_authority(host);
  if (!parsed || parsed->host.empty()) return bad("invalid host or port", offset);
  u.host = to_lower(parsed->host);
  if (u.host.starts_with('[')) u.host = u.host.substr(1, u.host.size() - 2);
  u.port = parsed->port;
  return {};
}

}  // namespace

result<url> url::parse(std::string_view text) {
  url u;
  const auto scheme_end = text.find("://");
  if (scheme_end == text.npos || !is_scheme(text.substr(0, scheme_end))) {
    return bad("no scheme such as http://", 0);
  }
  u.scheme = to_lower(text.substr(0, scheme_end));
  const auto offset = [all = text.data()](std::string_view part) {
    return static_cast<std::size_t>(part.data() - all);
  };

  auto rest = text.substr(scheme_end + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(authority.size());
  if (auto done = read_authority(u, authority, offset(authority)); !done) {
    return fail(std::move(done).error());
  }
  if (const auto hash = rest.find('#'); hash != rest.npos) {
    const auto fragment = rest.substr(hash + 1);
    if (const auto i = find_bad(fragment); i != fragment.npos) {
      return bad("invalid character or percent-encoding in the fragment", offset(fragment) + i);
    }
    u.fragment = fragment;
    rest = rest.substr(0, hash);
  }
  if (const auto i = find_bad(rest); i != rest.npos) {
    return bad("invalid character or percent-encoding", offset(rest) + i);
  }
  const auto mark = rest.find('?');
  if (mark != rest.npos) u.query = rest.substr(mark + 1);
  if (mark != 0 && !rest.empty()) u.path = rest.substr(0, mark);
  return u;
}

std::uint16_t url::effective_port() const noexcept {
  return port.value_or(default_port(scheme));
}

std::string url::authority() const {
  std::string out = is_ipv6() ? "[" + host + "]" : host;
  if (port && *port != default_port(scheme)) out += ":" + std::to_string(*port);
  return out;
}

std::string url::target() const {
  return query ? path + "?" + *query : path;
}

std::string url::str() const {
  std::string out = scheme + "://";
  if (!userinfo.empty()) out += userinfo + "@";
  out += authority() + target();
  if (fragment) out += "#" + *fragment;
  return out;
}

bool is_http_url(std::string_view text) {
  const auto parsed = url::parse(text);
  return parsed && (parsed->scheme == "http" || parsed->scheme == "https");
}

}  // namespace kit::http
