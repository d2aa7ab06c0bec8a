#include "http_wire.hpp"

#include <charconv>
#include <stdexcept>

namespace test {
namespace {

[[noreturn]] void malformed(std::string_view what, std::string_view text) {
  throw std::runtime_error("malformed answer: " + std::string(what) + ": " + std::string(text));
}

std::size_t number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (r.ec != std::errc() || r.ptr != text.data() + text.size()) malformed("number", text);
  return value;
}

// The line at `at`, which moves behind it; nothing when it is incomplete.
std::optional<std::string_view> line_at(std::string_view text, std::size_t& at) {
  const auto end = text.find("\r\n", at);
  if (end == text.npos) return std::nullopt;
  const auto line = text.substr(at, end - at);
  if (line.find_first_of("\r\n") != line.npos) malformed("line end", line);
  at = end + 2;
  return line;
}

// Field lines up to the empty one; false when that hasn't come.
bool read_fields(std::string_view text, std::size_t& at, std::map<std::string, std::string>& into) {
  for (;;) {
    const auto line = line_at(text, at);
    if (!line) return false;
    if (line->empty()) return true;
    const auto colon = line->find(": ");
    if (colon == line->npos || colon == 0) malformed("field line", *line);
    std::string name;
    for (char c : line->substr(0, colon))
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    auto& value = into[name];
    value += (value.empty() ? "" : ", ") + std::string(line->substr(colon + 2));
  }
}

// Where a chunked body and its trailers end; nothing when they are incomplete.
std::optional<std::size_t> read_chunks(http_answer& a, std::string_view text, std::size_t at) {
  for (;;) {
    const auto line = line_at(text, at);
    if (!line) return std::nullopt;
    const std::size_t size = number(*line, 16);
    if (size == 0) break;
    if (text.size() < at + size + 2) return std::nullopt;
    a.body += text.substr(at, size);
    if (text.substr(at + size, 2) != "\r\n") malformed("chunk's end", text.substr(at + size, 2));
    at += size + 2;
  }
  if (!read_fields(text, at, a.trailers)) return std::nullopt;
  return at;
}

}  // namespace

std::optional<http_answer> http_wire::next(bool to_head) {
  http_answer a;
  std::size_t at = 0;
  const auto line = line_at(unread_, at);
  if (!line) return std::nullopt;
  if (!line->starts_with("HTTP/1.1 ") || line->size() < 13 || (*line)[12] != ' ') {
    malformed("status line", *line);
  }
  a.status_line = *line;
  a.status = static_cast<int>(number(line->substr(9, 3), 10));
  if (!read_fields(unread_, at, a.headers)) return std::nullopt;
  const auto end = read_body(a, at, to_head);
  if (!end) return std::nullopt;
  unread_.erase(0, *end);
  return a;
}

std::optional<std::size_t> http_wire::read_body(http_answer& a, std::size_t at,
                                                bool to_head) const {
  const bool sized = a.has("content-length");
  const bool chunked = a.has("transfer-encoding");
  if (sized && chunked) malformed("two lengths", a.status_line);
  if (to_head || a.status < 200 || a.status == 204 || a.status == 304) return at;
  if (chunked) {
    if (a.header("transfer-encoding") != "chunked") malformed("coding", a.status_line);
    return read_chunks(a, unread_, at);
  }
  if (sized) {
    const auto size = number(a.header("content-length"), 10);
    if (unread_.size() < at + size) return std::nullopt;
    a.body = unread_.substr(at, size);
    return at + size;
  }
  if (!at_end_) return std::nullopt;
  a.body = unread_.substr(at);
  return unread_.size();
}

}  // namespace test
