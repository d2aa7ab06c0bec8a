#include <kit/tracing/baggage.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include <kit/error.hpp>
#include <kit/http/percent.hpp>
#include <kit/http/syntax.hpp>

namespace kit::tracing {
namespace {

// baggage-octet (W3C Baggage 3.3.1.3): visible ASCII without `"`, `,`, `;` and `\`.
bool is_baggage_octet(char c) noexcept {
  return c > ' ' && c <= '~' && c != '"' && c != ',' && c != ';' && c != '\\';
}
bool is_property_char(char c) noexcept {
  return is_baggage_octet(c) || c == ';' || c == ' ' || c == '\t';
}

void append_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (is_baggage_octet(c) && c != '%') {
      out += c;
    } else {
      http::append_percent_encoded(out, {&c, 1}, http::encode_set::unreserved);
    }
  }
}

void append_member(std::string& out, const baggage::member& m) {
  out += m.key;
  out += '=';
  append_value(out, m.value);
  if (m.properties.empty()) return;
  out += ';';
  out += m.properties;
}

std::optional<baggage::member> parse_member(std::string_view text) {
  const auto semicolon = std::min(text.find(';'), text.size());
  const auto pair = text.substr(0, semicolon);
  const auto equals = pair.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const auto key = http::trim_ows(pair.substr(0, equals));
  const auto value = http::trim_ows(pair.substr(equals + 1));
  if (!http::is_token(key) || !std::ranges::all_of(value, is_baggage_octet)) return std::nullopt;
  auto decoded = http::percent_decode(value);
  baggage::member m{.key = std::string(key),
                    .value = decoded ? *std::move(decoded) : std::string(value)};
  if (semicolon < text.size()) {
    const auto properties = http::trim_ows(text.substr(semicolon + 1));
    if (!std::ranges::all_of(properties, is_property_char)) return std::nullopt;
    m.properties = properties;
  }
  return m;
}

void put(std::vector<baggage::member>& members, baggage::member m) {
  const auto same = std::ranges::find(members, m.key, &baggage::member::key);
  if (same != members.end()) {
    *same = std::move(m);
  } else if (members.size() < baggage::max_members) {
    members.push_back(std::move(m));
  }
}

void parse_into(std::vector<baggage::member>& members, std::string_view text, std::size_t& budget) {
  for (std::size_t start = 0; start <= text.size();) {
    const auto comma = std::min(text.find(',', start), text.size());
    const auto part = http::trim_ows(text.substr(start, comma - start));
    start = comma + 1;
    if (part.empty() || part.size() > budget) continue;
    if (auto m = parse_member(part)) {
      budget -= part.size();
      put(members, *std::move(m));
    }
  }
}

}  // namespace

baggage::baggage(std::vector<member> members)
    : members_(std::make_shared<const std::vector<member>>(std::move(members))) {}

const std::vector<baggage::member>& baggage::members() const noexcept {
  static const std::vector<member> none;
  return members_ ? *members_ : none;
}

std::optional<std::string_view> baggage::get(std::string_view key) const noexcept {
  const auto& all = members();
  const auto found = std::ranges::find(all, key, &member::key);
  return found != all.end() ? std::optional<std::string_view>(found->value) : std::nullopt;
}

baggage baggage::with(std::string_view key, std::string_view value,
                      std::string_view properties) const {
  if (!http::is_token(key)) {
    throw error(errc::invalid_argument, "baggage: '" + std::string(key) + "' is no token");
  }
  if (!std::ranges::all_of(properties, is_property_char)) {
    throw error(errc::invalid_argument, "baggage: malformed properties of " + std::string(key));
  }
  auto all = members();
  put(all, {.key = std::string(key),
            .value = std::string(value),
            .properties = std::string(properties)});
  return baggage(std::move(all));
}

baggage baggage::without(std::string_view key) const {
  auto all = members();
  std::erase_if(all, [key](const member& m) { return m.key == key; });
  return baggage(std::move(all));
}

std::string baggage::to_string() const {
  std::string out;
  for (const auto& m : members()) {
    const auto before = out.size();
    if (before > 0) out += ',';
    append_member(out, m);
    if (out.size() > max_bytes) out.resize(before);
  }
  return out;
}

baggage baggage::parse(std::string_view text) {
  std::vector<member> members;
  std::size_t budget = max_bytes;
  parse_into(members, text, budget);
  return members.empty() ? baggage() : baggage(std::move(members));
}

baggage baggage::extract(const carrier_reader& from) {
  constexpr std::size_t most_lines = 16;
  std::array<std::string_view, most_lines> lines;
  const auto n = from.read("baggage", lines.data(), lines.size());
  if (n == 0) return {};
  std::vector<member> members;
  std::size_t budget = max_bytes;
  for (std::size_t i = 0; i < std::min(n, lines.size()); ++i)
    parse_into(members, lines[i], budget);
  return members.empty() ? baggage() : baggage(std::move(members));
}

context with_baggage(const context& ctx, std::string_view key, std::string_view value) {
  const auto* present = ctx.get<baggage>();
  return ctx.with((present ? *present : baggage()).with(key, value));
}

}  // namespace kit::tracing
