#include <kit/http/cookie.hpp>

#include <algorithm>
#include <array>

#include <kit/error.hpp>
#include <kit/http/date.hpp>
#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

std::string_view take_until(std::string_view& rest, char separator) noexcept {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

// The next `name=value` of a Cookie field; a name that is empty at the end.
cookie next_cookie(std::string_view& rest) noexcept {
  while (!rest.empty()) {
    const auto pair = take_until(rest, ';');
    const auto eq = pair.find('=');
    if (eq == pair.npos) continue;
    const auto name = trim_ows(pair.substr(0, eq));
    if (!name.empty()) return {name, trim_ows(pair.substr(eq + 1))};
  }
  return {};
}

}  // namespace

std::vector<cookie> cookies(const headers& fields) {
  std::vector<cookie> all;
  if (!fields.contains(field::cookie)) return all;
  for (const auto& line : fields) {
    if (line.field != field::cookie) continue;
    auto rest = line.value;
    for (auto c = next_cookie(rest); !c.name.empty(); c = next_cookie(rest))
      all.push_back(c);
  }
  return all;
}

std::optional<std::string_view> find_cookie(const headers& fields, std::string_view name) noexcept {
  if (name.empty() || !fields.contains(field::cookie)) return std::nullopt;
  for (const auto& line : fields) {
    if (line.field != field::cookie) continue;
    auto rest = line.value;
    for (auto c = next_cookie(rest); !c.name.empty(); c = next_cookie(rest)) {
      if (c.name == name) return c.value;
    }
  }
  return std::nullopt;
}

namespace {

constexpr std::size_t max_pair_bytes = 4096;
constexpr std::size_t max_attribute_bytes = 1024;

// cookie-octet, RFC 6265 4.1.1
bool is_cookie_char(char c) noexcept {
  return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

bool is_cookie_value(std::string_view text) noexcept {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::all_of(text.begin(), text.end(), is_cookie_char);
}

bool is_path(std::string_view text) noexcept {
  return text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) {
           return c >= 0x20 && c < 0x7f && c != ';';
         });
}

// Labels of letters, digits and hyphens; addresses are such names, too.
bool is_domain(std::string_view text) noexcept {
  if (text.starts_with('.')) text.remove_prefix(1);
  if (text.empty() || text.size() > 255) return false;
  while (true) {
    const auto dot = std::min(text.find('.'), text.size());
    const auto label = text.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    if (!std::all_of(label.begin(), label.end(),
                     [](char c) { return is_digit(c) || is_alpha(c) || c == '-'; })) {
      return false;
    }
    if (dot == text.size()) return true;
    text.remove_prefix(dot + 1);
  }
}

bool has_prefix(std::string_view name, std::string_view prefix) noexcept {
  return iequals(name.substr(0, prefix.size()), prefix);
}

// What a prefix of the name promises and the attributes break (rfc6265bis 4.1.3); null: nothing.
const char* broken_promise(const set_cookie& c) noexcept {
  const bool host = has_prefix(c.name, "__Host-");
  const bool script_free = has_prefix(c.name, "__Http-") || has_prefix(c.name, "__Host-Http-");
  if ((host || script_free || has_prefix(c.name, "__Secure-")) && !c.secure) {
    return "the prefix of its name needs Secure";
  }
  if (script_free && !c.http_only) return "the prefix of its name needs HttpOnly";
  if (host && !c.domain.empty()) return "the prefix of its name forbids Domain";
  if (host && c.path != "/") return "the prefix of its name needs the path /";
  return nullptr;
}

std::string_view to_text(same_site s) noexcept {
  constexpr std::array<std::string_view, 4> names = {"", "Lax", "Strict", "None"};
  const auto i = static_cast<std::size_t>(s);
  return i < names.size() ? names[i] : std::string_view();
}

const char* problem_of(const set_cookie& c) noexcept {
  constexpr std::chrono::sys_seconds first = std::chrono::sys_days(std::chrono::year(1601) / 1 / 1);
  constexpr std::chrono::sys_seconds end = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);
  if (!is_token(c.name)) return "the name is not a token";
  if (!is_cookie_value(c.value)) return "the value holds a character that must be encoded";
  if (c.name.size() + c.value.size() > max_pair_bytes) {
    return "name and value are longer than 4096 bytes";
  }
  if (!c.domain.empty() && !is_domain(c.domain)) return "the domain is no host name";
  if (!c.path.empty() && !is_path(c.path)) return "the path is malformed";
  if (c.path.size() > max_attribute_bytes) return "the path is longer than 1024 bytes";
  if (c.expires && (*c.expires < first || *c.expires >= end)) return "the expiry has no date";
  if (c.same_site == same_site::none && !c.secure) return "SameSite=None needs Secure";
  if (c.partitioned && !c.secure) return "Partitioned needs Secure";
  return broken_promise(c);
}

[[noreturn]] void refuse(std::string_view name, const char* why) {
  std::string shown;  // the name may be anything: show only what is harmless in a log
  for (char c : name.substr(0, 64))
    shown += is_token_char(c) ? c : '?';
  throw error(errc::invalid_argument, "cookie '" + shown + "': " + why);
}

// A number of seconds; what does not fit is the largest.
std::optional<std::chrono::seconds> parse_max_age(std::string_view text) noexcept {
  const bool negative = text.starts_with('-');
  const auto digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  constexpr std::int64_t most = INT64_MAX / 10 - 1;
  std::int64_t n = 0;
  for (char c : digits)
    n = n > most ? n : n * 10 + (c - '0');
  return std::chrono::seconds(negative ? -n : n);
}

void take_attribute(set_cookie& c, std::string_view name, std::string_view value) {
  if (value.size() > max_attribute_bytes) return;
  if (iequals(name, "Expires")) {
    if (const auto date = parse_cookie_date(value)) c.expires = date;
  } else if (iequals(name, "Max-Age")) {
    if (const auto age = parse_max_age(value)) c.max_age = age;
  } else if (iequals(name, "Domain")) {
    if (value.starts_with('.')) value.remove_prefix(1);
    c.domain = to_lower(value);
  } else if (iequals(name, "Path")) {
    c.path = value.starts_with('/') ? value : std::string_view();
  } else if (iequals(name, "Secure")) {
    c.secure = true;
  } else if (iequals(name, "HttpOnly")) {
    c.http_only = true;
  } else if (iequals(name, "Partitioned")) {
    c.partitioned = true;
  } else if (iequals(name, "SameSite")) {
    c.same_site = same_site::unset;
    for (const auto s : {same_site::lax, same_site::strict, same_site::none}) {
      if (iequals(value, to_text(s))) c.same_site = s;
    }
  }
}

}  // namespace

std::string set_cookie::str() const {
  if (const char* problem = problem_of(*this)) refuse(name, problem);
  std::string out = name + '=' + value;
  if (!domain.empty()) out.append("; Domain=").append(domain, domain.starts_with('.') ? 1 : 0);
  if (!path.empty()) out.append("; Path=").append(path);
  if (expires) out.append("; Expires=").append(to_view(format_date(*expires)));
  if (max_age) {
    out.append("; Max-Age=").append(std::to_string(std::max<std::int64_t>(max_age->count(), 0)));
  }
  if (secure) out.append("; Secure");
  if (http_only) out.append("; HttpOnly");
  if (partitioned) out.append("; Partitioned");
  if (const auto site = to_text(same_site); !site.empty()) out.append("; SameSite=").append(site);
  return out;
}

set_cookie removed_cookie(std::string_view name, std::string_view path, std::string_view domain) {
  set_cookie c{.name = std::string(name),
               .domain = std::string(domain),
               .path = std::string(path),
               .expires = std::chrono::sys_seconds(),
               .max_age = std::chrono::seconds(0)};
  // Browsers refuse the removal, too, of a name whose promises it does not keep.
  c.http_only = has_prefix(name, "__Http-") || has_prefix(name, "__Host-Http-");
  c.secure = c.http_only || has_prefix(name, "__Host-") || has_prefix(name, "__Secure-");
  if (has_prefix(name, "__Host-") && path.empty()) c.path = "/";
  return c;
}

void add_cookie(headers& fields, const set_cookie& c) {
  fields.add(field::set_cookie, c.str());
}

std::optional<set_cookie> parse_set_cookie(std::string_view value) {
  if (!is_field_value(value)) return std::nullopt;
  auto pair = take_until(value, ';');
  const auto eq = pair.find('=');
  if (eq == pair.npos) return std::nullopt;
  set_cookie c;
  c.name = trim_ows(pair.substr(0, eq));
  c.value = trim_ows(pair.substr(eq + 1));
  if (c.name.empty() || c.name.size() + c.value.size() > max_pair_bytes) return std::nullopt;
  while (!value.empty()) {
    auto rest = take_until(value, ';');
    const auto name = trim_ows(take_until(rest, '='));
    take_attribute(c, name, trim_ows(rest));
  }
  if (broken_promise(c)) return std::nullopt;
  return c;
}

}  // namespace kit::http
