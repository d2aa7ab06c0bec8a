#include <kit/http/media_type.hpp>

#include <algorithm>

#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

// Takes a token off the front; empty when there is none.
std::string_view take_token(std::string_view& text) noexcept {
  std::size_t n = 0;
  while (n < text.size() && is_token_char(text[n]))
    ++n;
  const auto token = text.substr(0, n);
  text.remove_prefix(n);
  return token;
}

// Takes a quoted string off the front, which starts with the quote.
bool take_quoted(std::string_view& text, quoting how, std::string& out) {
  std::size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\') {
      const char next = i + 1 < text.size() ? text[i + 1] : '\0';
      if (how == quoting::standard || next == '"' || next == '\\') ++i;
    }
    if (i >= text.size() || !is_value_char(text[i])) return false;
    out += text[i];
  }
  if (i >= text.size()) return false;
  text.remove_prefix(i + 1);
  return true;
}

}  // namespace

std::optional<std::vector<parameter>> parse_parameters(std::string_view text, quoting how) {
  std::vector<parameter> all;
  for (text = trim_ows(text); !text.empty(); text = trim_ows(text)) {
    if (text.front() != ';') return std::nullopt;
    text = trim_ows(text.substr(1));
    if (text.empty() || text.front() == ';') continue;
    parameter p{to_lower(take_token(text)), {}};
    if (p.name.empty() || !text.starts_with('=')) return std::nullopt;
    text.remove_prefix(1);
    if (text.starts_with('"')) {
      if (!take_quoted(text, how, p.value)) return std::nullopt;
    } else {
      p.value = take_token(text);
      if (p.value.empty()) return std::nullopt;
    }
    if (std::any_of(all.begin(), all.end(), [&p](const auto& o) { return o.name == p.name; })) {
      return std::nullopt;
    }
    all.push_back(std::move(p));
  }
  return all;
}

void append_token_or_quoted(std::string& out, std::string_view value) {
  if (is_token(value)) {
    out.append(value);
    return;
  }
  out += '"';
  for (char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void append_parameter(std::string& out, std::string_view name, std::string_view value) {
  out.append("; ").append(name).append("=");
  append_token_or_quoted(out, value);
}

std::optional<media_type> media_type::parse(std::string_view text) {
  text = trim_ows(text);
  media_type out;
  out.type = to_lower(take_token(text));
  if (out.type.empty() || !text.starts_with('/')) return std::nullopt;
  text.remove_prefix(1);
  out.subtype = to_lower(take_token(text));
  auto parameters = parse_parameters(text);
  if (out.subtype.empty() || !parameters) return std::nullopt;
  out.parameters = *std::move(parameters);
  return out;
}

std::string media_type::str() const {
  std::string out = type + '/' + subtype;
  for (const auto& p : parameters)
    append_parameter(out, p.name, p.value);
  return out;
}

bool media_type::is(std::string_view text) const noexcept {
  const auto slash = text.find('/');
  return slash != text.npos && iequals(type, text.substr(0, slash)) &&
         iequals(subtype, text.substr(slash + 1));
}

std::optional<std::string_view> media_type::get(std::string_view name) const noexcept {
  for (const auto& p : parameters) {
    if (p.name == name) return p.value;
  }
  return std::nullopt;
}

}  // namespace kit::http
