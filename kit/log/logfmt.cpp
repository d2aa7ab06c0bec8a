#include <kit/log/logfmt.hpp>

#include <algorithm>

#include <kit/codec/json.hpp>
#include <kit/log/detail/escape.hpp>

namespace kit::log {
namespace {

void append_key(std::string& out, std::string_view key) {
  const auto before = out.size();
  detail::append_bare(out, key);
  if (out.size() == before) out += empty_key;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  detail::append_escaped(out, text);
  out += '"';
}

void append_text(std::string& out, std::string_view text) {
  if (text == "null") {
    append_quoted(out, text);
  } else {
    append_logfmt_value(out, text);
  }
}

void append_json(std::string& out, std::string_view json) {
  if (!json.starts_with('"')) return append_logfmt_value(out, json);
  // A type whose codec writes a string: that text.
  if (const auto text = json::decode<std::string>(json)) {
    append_text(out, *text);
  } else {
    append_quoted(out, json);
  }
}

void append_value(std::string& out, const value& v) {
  switch (v.type()) {
    case value::kind::text:
      return append_text(out, v.text());
    case value::kind::json:
      return append_json(out, v.text());
    default:
      return append(out, v);
  }
}

/// Reads a line from front to back.
class parser {
 public:
  explicit parser(std::string_view line) : line_(line) {}

  bool skip_blanks() {
    at_ = std::min(line_.find_first_not_of(" \t\r\n", at_), line_.size());
    return at_ != line_.size();
  }
  std::string_view word(std::string_view ends) {
    const auto end = std::min(line_.find_first_of(ends, at_), line_.size());
    const auto text = line_.substr(at_, end - at_);
    at_ = end;
    return text;
  }
  bool skip(char c) {
    if (at_ == line_.size() || line_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool at(char c) const { return at_ != line_.size() && line_[at_] == c; }

  /// The text in quotes that starts here.
  result<std::string> quoted() {
    const auto start = at_++;
    while (at_ < line_.size() && line_[at_] != '"')
      at_ += line_[at_] == '\\' ? 2U : 1U;
    if (at_ >= line_.size()) return problem("quotes are not closed", start);
    ++at_;
    auto text = json::decode<std::string>(line_.substr(start, at_ - start));
    if (!text) return problem("no such text in quotes", start);
    return *std::move(text);
  }
  expected_ns::unexpected<error> problem(std::string_view what) const { return problem(what, at_); }

 private:
  static expected_ns::unexpected<error> problem(std::string_view what, std::size_t offset) {
    return fail(errc::invalid_argument,
                "logfmt: " + std::string(what) + " at byte " + std::to_string(offset));
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

}  // namespace

void logfmt(std::string& out, const event& e) {
  bool first = true;
  for (const auto& f : e.fields) {
    if (!first) out += ' ';
    first = false;
    append_key(out, f.key);
    out += '=';
    f.value.visit(e, [&out](const value& v) { append_value(out, v); });
  }
  out += '\n';
}

void append_logfmt_value(std::string& out, std::string_view text) {
  if (detail::is_bare(text)) {
    out += text;
  } else {
    append_quoted(out, text);
  }
}

result<std::vector<std::pair<std::string, std::string>>> parse_logfmt(std::string_view line,
                                                                      std::size_t max_pairs) {
  std::vector<std::pair<std::string, std::string>> pairs;
  parser p(line);
  while (p.skip_blanks()) {
    if (pairs.size() == max_pairs) return p.problem("more pairs than allowed");
    const auto key = p.word(" \t\r\n=\"");
    if (key.empty()) return p.problem("a pair without a key");
    pairs.emplace_back(key, std::string());
    if (!p.skip('=')) continue;
    if (!p.at('"')) {
      pairs.back().second = p.word(" \t\r\n");
      continue;
    }
    auto text = p.quoted();
    if (!text) return fail(std::move(text).error());
    pairs.back().second = *std::move(text);
  }
  return pairs;
}

}  // namespace kit::log
