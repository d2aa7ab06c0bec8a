#include <kit/http/conditional.hpp>

#include <algorithm>

#include <kit/error.hpp>
#include <kit/http/date.hpp>
#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

using std::chrono::sys_seconds;

bool is_etag_char(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != '"' && byte != 0x7f;
}

// An entity tag in place.
struct tag_view {
  std::string_view tag;
  bool weak = false;
};

// Takes an entity tag off the front.
std::optional<tag_view> take_tag(std::string_view& text) noexcept {
  tag_view out;
  auto rest = text;
  if (rest.starts_with("W/")) {
    out.weak = true;
    rest.remove_prefix(2);
  }
  if (!rest.starts_with('"')) return std::nullopt;
  rest.remove_prefix(1);
  std::size_t n = 0;
  while (n < rest.size() && is_etag_char(rest[n]))
    ++n;
  if (n == rest.size() || rest[n] != '"') return std::nullopt;
  out.tag = rest.substr(0, n);
  text = rest.substr(n + 1);
  return out;
}

enum class strength : bool { weak, strong };

bool matches(const tag_view& given, const entity_tag& current, strength how) noexcept {
  return given.tag == current.tag && (how == strength::weak || (!given.weak && !current.weak));
}

// Whether one of a list of entity tags, or `*`, is that of the content.
bool list_matches(std::string_view list, const validators& current, strength how) noexcept {
  for (;;) {
    while (!list.empty() && (list.front() == ',' || list.front() == ' ' || list.front() == '\t'))
      list.remove_prefix(1);
    if (list.starts_with('*')) return current.exists;
    const auto given = take_tag(list);
    if (!given) return false;
    list = trim_ows(list);
    if (!list.empty() && list.front() != ',') return false;
    if (current.exists && current.etag && matches(*given, *current.etag, how)) return true;
  }
}

bool any_matches(const headers& fields, field f, const validators& current, strength how) noexcept {
  return std::any_of(fields.begin(), fields.end(), [&](const headers::item& line) {
    return line.field == f && list_matches(line.value, current, how);
  });
}

// The date of a field that comes once.
std::optional<sys_seconds> date_of(const headers& fields, field f, sys_seconds now) noexcept {
  if (fields.count(f) != 1) return std::nullopt;
  return parse_date(*fields.get(f), now);
}

bool if_range_holds(std::string_view value, const validators& current, sys_seconds now) noexcept {
  auto rest = value;
  if (const auto tag = take_tag(rest)) {
    return rest.empty() && current.etag && matches(*tag, *current.etag, strength::strong);
  }
  const auto date = parse_date(value, now);
  return date && current.last_modified && *date == *current.last_modified && *date < now;
}

precondition::outcome outcome_of(const method& m, const headers& fields, const validators& current,
                                 sys_seconds now) noexcept {
  using enum precondition::outcome;
  const bool reads = m == method::get || m == method::head;
  if (fields.contains(field::if_match)) {
    if (!any_matches(fields, field::if_match, current, strength::strong)) return failed;
  } else if (current.last_modified) {
    const auto date = date_of(fields, field::if_unmodified_since, now);
    if (date && *current.last_modified > *date) return failed;
  }
  if (fields.contains(field::if_none_match)) {
    if (any_matches(fields, field::if_none_match, current, strength::weak)) {
      return reads ? not_modified : failed;
    }
  } else if (reads && current.last_modified) {
    const auto date = date_of(fields, field::if_modified_since, now);
    if (date && *current.last_modified <= *date) return not_modified;
  }
  return proceed;
}

}  // namespace

std::string entity_tag::str() const {
  if (!std::all_of(tag.begin(), tag.end(), is_etag_char)) {
    throw error(errc::invalid_argument, "an entity tag holds a quote, space or control character");
  }
  return (weak ? "W/\"" : "\"") + tag + '"';
}

std::optional<entity_tag> entity_tag::parse(std::string_view text) {
  const auto tag = take_tag(text);
  if (!tag || !text.empty()) return std::nullopt;
  return entity_tag{std::string(tag->tag), tag->weak};
}

bool strong_equal(const entity_tag& a, const entity_tag& b) noexcept {
  return !a.weak && !b.weak && a.tag == b.tag;
}

bool weak_equal(const entity_tag& a, const entity_tag& b) noexcept {
  return a.tag == b.tag;
}

void set_validators(headers& fields, const validators& current) {
  if (current.etag) fields.set(field::etag, current.etag->str());
  if (current.last_modified) {
    fields.set(field::last_modified, to_view(format_date(*current.last_modified)));
  }
}

precondition evaluate_preconditions(const method& m, const headers& fields,
                                    const validators& current, sys_seconds now) {
  precondition result{outcome_of(m, fields, current, now)};
  if (result.what == precondition::outcome::proceed && m == method::get && current.exists &&
      fields.contains(field::range)) {
    const auto condition = fields.get(field::if_range);
    result.range_applies = !condition || if_range_holds(*condition, current, now);
  }
  return result;
}

}  // namespace kit::http
