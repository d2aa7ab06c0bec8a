#include <kit/http/forwarded.hpp>

#include <algorithm>

#include <kit/http/media_type.hpp>
#include <kit/http/syntax.hpp>
#include <kit/http/target.hpp>

namespace kit::http {
namespace {

// Who is named by `for` or `by` (RFC 7239 6).
struct node {
  std::string_view address;  // empty: it is hidden
  bool has_port = false;
};

bool is_obfuscated(std::string_view text) noexcept {
  return text.size() > 1 && text.front() == '_' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) {
           return is_digit(c) || is_alpha(c) || c == '.' || c == '_' || c == '-';
         });
}

bool is_port(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit);
}

// Nothing for what is neither an address nor hides one.
std::optional<node> parse_node(std::string_view text) noexcept {
  if (text.find('%') != text.npos) return std::nullopt;  // a zone means nothing here
  if (const auto ip = parse_ip_endpoint(text)) return node{ip->address, ip->port.has_value()};
  const auto colon = text.rfind(':');
  const auto name = text.substr(0, colon);
  const auto port = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  if (colon != text.npos && !is_port(port) && !is_obfuscated(port)) return std::nullopt;
  if (iequals(name, "unknown") || is_obfuscated(name)) return node{};
  const auto ip = is_obfuscated(port) ? parse_ip_endpoint(name) : std::nullopt;
  if (!ip || ip->port) return std::nullopt;
  return node{ip->address, false};
}

// `http` or `https`, also for WebSockets; empty for anything else.
std::string_view known_scheme(std::string_view text) noexcept {
  if (iequals(text, "https") || iequals(text, "wss")) return "https";
  if (iequals(text, "http") || iequals(text, "ws")) return "http";
  return {};
}

bool is_host(std::string_view text) noexcept {
  const auto parsed = parse_authority(text);
  return parsed && !parsed->host.empty();
}

// Takes a token or a quoted string, unquoted, off the front.
bool take_value(std::string_view& text, std::string& out) {
  std::size_t i = 0;
  if (!text.starts_with('"')) {
    while (i < text.size() && is_token_char(text[i]))
      ++i;
    out = text.substr(0, i);
    text.remove_prefix(i);
    return i > 0;
  }
  for (i = 1; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && ++i == text.size()) return false;
    if (!is_value_char(text[i])) return false;
    out += text[i];
  }
  if (i >= text.size()) return false;
  text.remove_prefix(i + 1);
  return true;
}

bool is_valid(const forwarded_hop& hop) noexcept {
  return (hop.client.empty() || parse_node(hop.client)) && (hop.by.empty() || parse_node(hop.by)) &&
         (hop.host.empty() || is_host(hop.host)) &&
         (hop.proto.empty() || !known_scheme(hop.proto).empty());
}

// forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )
std::optional<forwarded_hop> parse_hop(std::string_view text) {
  forwarded_hop hop;
  while (!text.empty()) {
    const auto eq = text.find_first_of("=;");
    if (eq != text.npos && text[eq] == ';' && trim_ows(text.substr(0, eq)).empty()) {
      text.remove_prefix(eq + 1);  // an empty pair
      continue;
    }
    if (eq == text.npos && trim_ows(text).empty()) break;
    if (eq == text.npos || text[eq] != '=') return std::nullopt;
    const auto name = trim_ows(text.substr(0, eq));
    if (!is_token(name) || name.end() != text.begin() + static_cast<std::ptrdiff_t>(eq)) {
      return std::nullopt;
    }
    text.remove_prefix(eq + 1);
    std::string value;
    if (!take_value(text, value)) return std::nullopt;
    text = trim_ows(text);
    if (!text.empty() && text.front() != ';') return std::nullopt;
    text.remove_prefix(text.empty() ? 0 : 1);
    std::string* const into = iequals(name, "for")     ? &hop.client
                              : iequals(name, "by")    ? &hop.by
                              : iequals(name, "host")  ? &hop.host
                              : iequals(name, "proto") ? &hop.proto
                                                       : nullptr;
    if (into == nullptr) continue;
    if (!into->empty() || value.empty()) return std::nullopt;
    *into = std::move(value);
  }
  return is_valid(hop) ? std::optional(std::move(hop)) : std::nullopt;
}

// Whether an odd number of backslashes stands before that place.
bool is_escaped(std::string_view text, std::size_t at) noexcept {
  std::size_t n = 0;
  while (n < at && text[at - 1 - n] == '\\')
    ++n;
  return n % 2 == 1;
}

// The members of the lists of all lines of a field, from the last one on. What a proxy appended is
// found whatever a client wrote before it, quotes that are left open, too.
class members_backwards {
 public:
  members_backwards(const headers& fields, field f, bool quoted)
      : lines_(fields.get_all(f)), quoted_(quoted) {}

  // The one before; empty at the end.
  std::string_view next() noexcept {
    for (;;) {
      while (rest_.empty()) {
        if (lines_.empty()) return {};
        rest_ = lines_.back();
        lines_.pop_back();
      }
      const auto start = last_start();
      const auto member = trim_ows(rest_.substr(start));
      rest_ = rest_.substr(0, start > 0 ? start - 1 : 0);
      if (!member.empty()) return member;
    }
  }

 private:
  std::size_t last_start() const noexcept {
    bool inside = false;
    std::size_t i = rest_.size();
    for (; i > 0; --i) {
      const char c = rest_[i - 1];
      if (c == ',' && !inside) break;
      if (quoted_ && c == '"' && !(inside && is_escaped(rest_, i - 1))) inside = !inside;
    }
    return i;
  }

  std::vector<std::string_view> lines_;
  std::string_view rest_;
  bool quoted_;
};

std::string address_of(std::string_view text, const node& n) {
  return std::string(n.has_port ? text : n.address);
}

client_origin malformed(std::string_view peer) {
  return {std::string(peer), {}, {}, client_origin::basis::malformed};
}

client_origin by_forwarded(std::string_view peer, const headers& fields,
                           const ip_networks& trusted) {
  client_origin out{.address = std::string(peer)};
  members_backwards members(fields, field::forwarded, true);
  for (auto text = members.next(); !text.empty(); text = members.next()) {
    const auto hop = parse_hop(text);
    if (!hop) return malformed(peer);
    out.from = client_origin::basis::forwarded;
    if (!hop->proto.empty()) out.scheme = known_scheme(hop->proto);
    if (!hop->host.empty()) out.host = hop->host;
    const auto client = parse_node(hop->client);
    if (!client || client->address.empty()) break;
    out.address = address_of(hop->client, *client);
    if (!trusted.contains(client->address)) break;
  }
  return out;
}

// Of a list that goes along with X-Forwarded-For: the member of that place from the end, or the
// last one where the two lists do not fit.
std::string_view member_beside(const headers& fields, field f, std::size_t place,
                               std::size_t count) {
  std::vector<std::string_view> all;
  members_backwards members(fields, f, false);
  for (auto text = members.next(); !text.empty(); text = members.next())
    all.push_back(text);
  if (all.empty()) return {};
  return all.size() == count ? all[place] : all.front();
}

client_origin by_x_forwarded(std::string_view peer, const headers& fields,
                             const forwarding_options& options) {
  client_origin out{.address = std::string(peer)};
  std::size_t count = 0;
  std::size_t place = 0;
  if (options.x_forwarded_for) {
    members_backwards members(fields, field::x_forwarded_for, false);
    for (auto text = members.next(); !text.empty(); text = members.next()) {
      if (count++ > 0 && !options.trusted.contains(out.address)) continue;  // only counted
      const auto client = parse_node(text);
      if (!client || client->address.empty()) return malformed(peer);
      place = count - 1;
      out.address = address_of(text, *client);
      out.from = client_origin::basis::forwarded;
    }
  }
  const auto beside = [&](bool believed, field f) {
    return believed ? member_beside(fields, f, place, count) : std::string_view();
  };
  const auto scheme = beside(options.x_forwarded_proto, field::x_forwarded_proto);
  const auto host = beside(options.x_forwarded_host, field::x_forwarded_host);
  if (!scheme.empty()) {
    out.scheme = known_scheme(scheme);
    if (out.scheme.empty()) return malformed(peer);
  }
  if (!host.empty()) {
    if (!is_host(host)) return malformed(peer);
    out.host = host;
  }
  if (!scheme.empty() || !host.empty()) out.from = client_origin::basis::forwarded;
  return out;
}

void append_pair(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (!out.empty()) out += ';';
  out.append(name).append("=");
  append_token_or_quoted(out, value);
}

}  // namespace

std::optional<std::vector<forwarded_hop>> parse_forwarded(std::string_view value) {
  std::vector<forwarded_hop> hops;
  for (;;) {
    const auto member = next_list_member(value);
    if (member.empty()) return hops;
    auto hop = parse_hop(member);
    if (!hop) return std::nullopt;
    hops.push_back(*std::move(hop));
  }
}

std::string format_forwarded(const forwarded_hop& hop) {
  std::string out;
  append_pair(out, "by", hop.by);
  append_pair(out, "for", hop.client);
  append_pair(out, "host", hop.host);
  append_pair(out, "proto", hop.proto);
  return out;
}

client_origin find_client(std::string_view peer, const headers& fields,
                          const forwarding_options& options) {
  if (!options.trusts(peer)) return {.address = std::string(peer)};
  return options.forwarded ? by_forwarded(peer, fields, options.trusted)
                           : by_x_forwarded(peer, fields, options);
}

}  // namespace kit::http
