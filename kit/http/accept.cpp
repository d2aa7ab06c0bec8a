#include <kit/http/accept.hpp>

#include <algorithm>

#include <kit/http/media_type.hpp>
#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ), in thousandths
std::optional<std::uint16_t> parse_weight(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  unsigned value = 0;
  for (std::size_t i = 2; i < 5; ++i) {
    const char c = i < text.size() ? text[i] : '0';
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  value += text[0] == '1' ? 1000 : 0;
  return value <= 1000 ? std::optional(static_cast<std::uint16_t>(value)) : std::nullopt;
}

// The start of the next `;` that is not quoted, or the end.
std::size_t end_of_part(std::string_view text) noexcept {
  bool quoted = false;
  std::size_t i = 0;
  for (; i < text.size() && (quoted || text[i] != ';'); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\' && i + 1 < text.size()) ++i;
  }
  return i;
}

// Splits off the weight and what comes after it (extensions, RFC 7231 5.3.2).
std::optional<weighted> parse_member(std::string_view text) noexcept {
  weighted out{text};
  for (auto at = end_of_part(text); at < text.size();) {
    const auto part = text.substr(at + 1, end_of_part(text.substr(at + 1)));
    const auto trimmed = trim_ows(part);
    if (trimmed.size() >= 2 && to_lower(trimmed[0]) == 'q' && trimmed[1] == '=') {
      const auto weight = parse_weight(trimmed.substr(2));
      if (!weight) return std::nullopt;
      out.weight = *weight;
      out.value = trim_ows(text.substr(0, at));
      break;
    }
    at += 1 + part.size();
  }
  return out.value.empty() ? std::nullopt : std::optional(out);
}

void append_weighted(std::vector<weighted>& out, std::string_view value) {
  for (auto text = next_list_member(value); !text.empty(); text = next_list_member(value)) {
    if (const auto member = parse_member(text)) out.push_back(*member);
  }
}

std::vector<weighted> members_of(const headers& fields, field f) {
  std::vector<weighted> out;
  for (const auto& line : fields) {
    if (line.field == f) append_weighted(out, line.value);
  }
  return out;
}

bool same_coding(std::string_view given, std::string_view coding) noexcept {
  if (given.size() > 2 && iequals(given.substr(0, 2), "x-") && iequals(given.substr(2), coding)) {
    return iequals(coding, "gzip") || iequals(coding, "compress");
  }
  return iequals(given, coding);
}

// The weight that the list gives to a coding, itself or by `*`; nothing when it names neither.
std::optional<std::uint16_t> weight_of(const std::vector<weighted>& list,
                                       std::string_view coding) noexcept {
  std::optional<std::uint16_t> any;
  for (const auto& w : list) {
    if (same_coding(w.value, coding)) return w.weight;
    if (w.value == "*" && !any) any = w.weight;
  }
  return any;
}

bool has_parameter(const media_type& type, const parameter& p) noexcept {
  const auto value = type.get(p.name);
  return value && (p.name == "charset" ? iequals(*value, p.value) : *value == p.value);
}

// How closely a range names a type: 0 for not at all, more for `*/*`, `text/*`, `text/html`, and
// more still for each parameter.
std::size_t closeness(const media_type& range, const media_type& type) noexcept {
  if (range.type == "*") return range.subtype == "*" && range.parameters.empty() ? 1 : 0;
  if (range.type != type.type) return 0;
  if (range.subtype != "*" && range.subtype != type.subtype) return 0;
  for (const auto& p : range.parameters) {
    if (!has_parameter(type, p)) return 0;
  }
  return range.subtype == "*" ? 2 : 3 + range.parameters.size();
}

struct media_range {
  media_type type;
  std::uint16_t weight;
};

std::uint16_t weight_of(const std::vector<media_range>& ranges, std::string_view text) {
  const auto type = media_type::parse(text);
  std::size_t closest = 0;
  std::uint16_t weight = 0;
  for (const auto& r : ranges) {
    const auto close = type ? closeness(r.type, *type) : 0;
    if (close <= closest) continue;
    closest = close;
    weight = r.weight;
  }
  return weight;
}

}  // namespace

std::vector<weighted> parse_weighted(std::string_view value) {
  std::vector<weighted> out;
  append_weighted(out, value);
  return out;
}

std::optional<std::string_view> negotiate_encoding(const headers& fields,
                                                   std::span<const std::string_view> offered) {
  constexpr std::string_view identity = "identity";
  if (!fields.contains(field::accept_encoding)) return identity;
  const auto list = members_of(fields, field::accept_encoding);
  std::string_view best;
  std::uint16_t best_weight = 0;
  for (const auto coding : offered) {
    const auto weight = weight_of(list, coding).value_or(0);
    if (weight <= best_weight) continue;
    best = coding;
    best_weight = weight;
  }
  // Not named, identity is acceptable, but less than what is.
  const auto plain = weight_of(list, identity);
  const bool named = std::any_of(list.begin(), list.end(),
                                 [&](const weighted& w) { return iequals(w.value, identity); });
  if (!best.empty() && (!named || *plain <= best_weight)) return best;
  if (plain == std::uint16_t{0}) return std::nullopt;
  return identity;
}

std::optional<std::size_t> negotiate_media_type(const headers& fields,
                                                std::span<const std::string_view> offered) {
  if (offered.empty()) return std::nullopt;
  std::vector<media_range> ranges;
  for (const auto& w : members_of(fields, field::accept)) {
    if (auto type = media_type::parse(w.value)) ranges.push_back({*std::move(type), w.weight});
  }
  if (ranges.empty()) return 0;
  std::optional<std::size_t> best;
  std::uint16_t best_weight = 0;
  for (std::size_t i = 0; i < offered.size(); ++i) {
    const auto weight = weight_of(ranges, offered[i]);
    if (weight <= best_weight) continue;
    best = i;
    best_weight = weight;
  }
  return best;
}

}  // namespace kit::http
