#include <kit/http/multipart.hpp>

#include <algorithm>

#include <kit/http/media_type.hpp>
#include <kit/http/percent.hpp>
#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::size_t max_padding = 64;  // white space behind a delimiter

// RFC 2046 5.1.1
bool is_boundary(std::string_view text) noexcept {
  constexpr std::string_view others = "'()+_,-./:=? ";
  return !text.empty() && text.size() <= 70 && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_digit(c) || is_alpha(c) || others.find(c) != others.npos;
         });
}

// What the text behind a boundary makes of it.
enum class tail { other, incomplete, delimiter, close };

tail look_behind(std::string_view rest, std::size_t& size) noexcept {
  if (rest.starts_with("--")) {
    size = 2;
    return tail::close;
  }
  if (rest.empty() || rest == "-") return tail::incomplete;
  std::size_t n = 0;
  while (n < rest.size() && (rest[n] == ' ' || rest[n] == '\t'))
    ++n;
  if (n > max_padding) return tail::other;
  rest.remove_prefix(n);
  size = n + line_end.size();
  if (rest.starts_with(line_end)) return tail::delimiter;
  return line_end.starts_with(rest) ? tail::incomplete : tail::other;
}

}  // namespace

// The first delimiter in the input, or the start of what may become one, or the input's end.
struct multipart_parser::match {
  tail what = tail::other;
  std::size_t at = 0;
  std::size_t end = 0;
};

multipart_parser::multipart_parser(std::string_view boundary, const multipart_options& options)
    : options_(options) {
  if (!is_boundary(boundary)) {
    throw kit::error(errc::invalid_argument, "no boundary for multipart content");
  }
  delimiter_.append(line_end).append("--").append(boundary);
}

multipart_parser::result multipart_parser::fail(errc code, std::string_view text) noexcept {
  stage_ = stage::failed;
  code_ = code;
  text_ = text;
  return {event::failed, 0};
}

multipart_parser::match multipart_parser::find_delimiter(std::string_view in,
                                                         bool at_start) const noexcept {
  const std::string_view delimiter = delimiter_;
  const auto check = [&](std::size_t at, std::string_view start) -> match {
    const auto end = at + start.size();
    if (in.size() < end) return {tail::incomplete, at, 0};
    std::size_t size = 0;
    const auto what = look_behind(in.substr(end), size);
    return {what, at, end + size};
  };
  if (at_start) {
    // The line before has ended already: the delimiter lacks its CRLF.
    const auto start = delimiter.substr(line_end.size());
    if (start.starts_with(in.substr(0, start.size()))) {
      if (const auto m = check(0, start); m.what != tail::other) return m;
    }
  }
  for (auto at = in.find('\r'); at != in.npos; at = in.find('\r', at + 1)) {
    if (!delimiter.starts_with(in.substr(at, delimiter.size()))) continue;
    if (const auto m = check(at, delimiter); m.what != tail::other) return m;
  }
  return {tail::other, in.size(), 0};
}

multipart_parser::result multipart_parser::next(std::string_view in) {
  switch (stage_) {
    case stage::preamble:
      return preamble(in);
    case stage::fields:
      return fields(in);
    case stage::data:
      return data(in);
    case stage::done:
      return {event::end, in.size()};
    case stage::failed:
      break;
  }
  return {event::failed, 0};
}

multipart_parser::result multipart_parser::preamble(std::string_view in) {
  const auto m = find_delimiter(in, at_start_);
  preamble_bytes_ += m.at;
  if (m.at > 0) at_start_ = false;
  if (preamble_bytes_ > options_.max_preamble_bytes) {
    return fail(errc::resource_exhausted, "multipart content starts with too much that is no part");
  }
  if (m.what == tail::close) {
    stage_ = stage::done;
    return {event::end, m.end};
  }
  if (m.what != tail::delimiter) return {event::need_more, m.at};
  if (!begin_part()) return {event::failed, 0};
  auto r = fields(in.substr(m.end));
  r.consumed += m.end;
  return r;
}

bool multipart_parser::begin_part() {
  if (parts_ >= options_.max_parts) {
    fail(errc::resource_exhausted, "multipart content has too many parts");
    return false;
  }
  ++parts_;
  stage_ = stage::fields;
  header_bytes_ = 0;
  headers_.clear();
  return true;
}

multipart_parser::result multipart_parser::fields(std::string_view in) {
  for (std::size_t used = 0;;) {
    const auto rest = in.substr(used);
    const auto room = options_.max_header_bytes - header_bytes_;
    const auto end = rest.find(line_end, scanned_);
    const auto size = end != rest.npos ? end : rest.size() - (rest.ends_with('\r') ? 1 : 0);
    if (size > room) {
      return fail(errc::resource_exhausted, "header fields of a part are too large");
    }
    if (end == rest.npos) {
      scanned_ = rest.empty() ? 0 : rest.size() - 1;  // it may be the CR
      return {event::need_more, used};
    }
    scanned_ = 0;
    header_bytes_ += std::min(end + line_end.size(), room);
    used += end + line_end.size();
    if (end == 0) {
      stage_ = stage::data;
      at_start_ = true;
      return {event::part, used};
    }
    if (!add_field(rest.substr(0, end))) return {event::failed, 0};
  }
}

bool multipart_parser::add_field(std::string_view line) {
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  if (colon == line.npos || !is_token(name) || !is_field_value(line.substr(colon + 1))) {
    fail(errc::invalid_argument, "malformed header field of a part");
    return false;
  }
  if (headers_.size() >= options_.max_header_count) {
    fail(errc::resource_exhausted, "a part has too many header fields");
    return false;
  }
  headers_.add(name, line.substr(colon + 1));
  return true;
}

multipart_parser::result multipart_parser::data(std::string_view in) {
  const auto m = find_delimiter(in, at_start_);
  if (m.at > 0) {
    at_start_ = false;
    return {event::data, m.at, in.substr(0, m.at)};
  }
  if (m.what == tail::close) {
    stage_ = stage::done;
    return {event::part_end, m.end};
  }
  if (m.what != tail::delimiter) return {event::need_more, 0};
  if (!begin_part()) return {event::failed, 0};
  return {event::part_end, m.end};
}

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  const auto type = media_type::parse(content_type);
  if (!type || type->type != "multipart") return std::nullopt;
  const auto boundary = type->get("boundary");
  if (!boundary || !is_boundary(*boundary)) return std::nullopt;
  return std::string(*boundary);
}

namespace {

std::string without_directories(std::string_view name) {
  const auto slash = name.find_last_of("/\\");
  if (slash != name.npos) name.remove_prefix(slash + 1);
  return name == "." || name == ".." ? std::string() : std::string(name);
}

// ext-value of RFC 8187 3.2, in UTF-8: `UTF-8'en'na%C3%AFve.txt`.
std::optional<std::string> decode_extended(std::string_view value) {
  const auto first = value.find('\'');
  const auto second = first == value.npos ? first : value.find('\'', first + 1);
  if (second == value.npos || !iequals(value.substr(0, first), "utf-8")) return std::nullopt;
  auto text = percent_decode(value.substr(second + 1));
  return text && is_field_value(*text) ? text : std::nullopt;
}

}  // namespace

result<part_description> describe_part(const headers& fields) {
  part_description part;
  if (const auto type = fields.get(field::content_type)) part.content_type = *type;
  const auto disposition = fields.get(field::content_disposition);
  if (!disposition) return part;
  const auto end = std::min(disposition->find(';'), disposition->size());
  const auto parameters = parse_parameters(disposition->substr(end), quoting::browsers);
  if (!is_token(trim_ows(disposition->substr(0, end))) || !parameters) {
    return fail(errc::invalid_argument, "malformed Content-Disposition of a part");
  }
  std::optional<std::string> extended;
  for (const auto& [name, value] : *parameters) {
    if (name == "name") part.name = value;
    if (name == "filename") part.filename = without_directories(value);
    if (name == "filename*") extended = decode_extended(value);
  }
  if (extended) part.filename = without_directories(*extended);
  return part;
}

}  // namespace kit::http
