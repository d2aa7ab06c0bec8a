#include <middleware/auth/casbin/detail/lexer.hpp>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <system_error>
#include <utility>

#include <middleware/auth/casbin/detail/words.hpp>

namespace kit::casbin::detail {
namespace {

// Longer ones first.
constexpr std::string_view marks[] = {
    "&&", "||", "==", "!=", "<=", ">=", "=~", "!~", "<<", ">>", "**", "??", "<", ">", "!", "~",
    "+",  "-",  "*",  "/",  "%",  "&",  "|",  "^",  "?",  ":",  "(",  ")",  "[", "]", ",", "."};

std::size_t end_of(std::string_view source, std::size_t at, bool (*is_part)(char)) noexcept {
  while (at < source.size() && is_part(source[at]))
    ++at;
  return at;
}

token invalid(token t, std::string why) {
  t.kind = token_kind::invalid;
  t.text = std::move(why);
  return t;
}

// As in govaluate: `\` takes the next character as it is.
token quoted_text(std::string_view source, std::size_t& at) {
  token t{.kind = token_kind::text, .at = at};
  const char quote = source[at];
  for (++at; at < source.size() && source[at] != quote; ++at) {
    if (source[at] == '\\' && at + 1 < source.size()) ++at;
    t.text += source[at];
  }
  if (at == source.size()) return invalid(std::move(t), "the closing quote is missing");
  ++at;
  t.source = source.substr(t.at, at - t.at);
  return t;
}

token number(std::string_view source, std::size_t& at) {
  token t{.kind = token_kind::number, .at = at};
  at = end_of(source, at, [](char c) { return is_name_part(c) || c == '.'; });
  t.source = source.substr(t.at, at - t.at);
  const char* const end = t.source.data() + t.source.size();
  std::from_chars_result read{};
  if (t.source.starts_with("0x") || t.source.starts_with("0X")) {
    std::uint64_t whole = 0;
    read = std::from_chars(t.source.data() + 2, end, whole, 16);
    t.number = static_cast<double>(whole);
  } else {
    read = std::from_chars(t.source.data(), end, t.number, std::chars_format::fixed);
  }
  if (read.ec == std::errc() && read.ptr == end) return t;
  auto why = quoted(t.source) + " is no number";
  return invalid(std::move(t), std::move(why));
}

}  // namespace

token next_token(std::string_view source, std::size_t& at) {
  at = end_of(source, at, is_space);
  if (at == source.size()) return {.at = at};
  const char c = source[at];
  if (c == '"' || c == '\'') return quoted_text(source, at);
  if (is_digit(c)) return number(source, at);
  token t{.kind = token_kind::name, .at = at};
  if (is_name_start(c)) {
    at = end_of(source, at, is_name_part);
    t.source = source.substr(t.at, at - t.at);
    return t;
  }
  const auto rest = source.substr(at);
  const auto* mark = std::find_if(std::begin(marks), std::end(marks),
                                  [rest](std::string_view m) { return rest.starts_with(m); });
  if (mark == std::end(marks))
    return invalid(std::move(t), quoted(rest.substr(0, 1)) + " is unknown");
  t.kind = token_kind::mark;
  t.source = rest.substr(0, mark->size());
  at += mark->size();
  return t;
}

}  // namespace kit::casbin::detail
