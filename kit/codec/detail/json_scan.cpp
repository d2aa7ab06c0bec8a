#include <kit/codec/detail/json_scan.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

#include <kit/codec/detail/json_word.hpp>

namespace kit::json::detail {
namespace {

unsigned char byte(char c) noexcept {
  return static_cast<unsigned char>(c);
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The code unit of four hex digits, or -1.
int hex4(const char* p, const char* end) noexcept {
  if (end - p < 4) return -1;
  int unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_digit(p[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto push = [&out](std::uint32_t b) { out.push_back(static_cast<char>(b)); };
  if (c < 0x80) {
    push(c);
  } else if (c < 0x800) {
    push(0xc0 | (c >> 6));
    push(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    push(0xe0 | (c >> 12));
    push(0x80 | ((c >> 6) & 0x3f));
    push(0x80 | (c & 0x3f));
  } else {
    push(0xf0 | (c >> 18));
    push(0x80 | ((c >> 12) & 0x3f));
    push(0x80 | ((c >> 6) & 0x3f));
    push(0x80 | (c & 0x3f));
  }
}

/// One escape, `p` at its backslash. Returns what follows it, or null.
const char* read_escape(const char* p, const char* end, std::uint32_t& out) noexcept {
  if (end - p < 2) return nullptr;
  switch (p[1]) {
    case '"':
    case '\\':
    case '/':
      out = byte(p[1]);
      return p + 2;
    case 'b':
      out = '\b';
      return p + 2;
    case 'f':
      out = '\f';
      return p + 2;
    case 'n':
      out = '\n';
      return p + 2;
    case 'r':
      out = '\r';
      return p + 2;
    case 't':
      out = '\t';
      return p + 2;
    case 'u':
      break;
    default:
      return nullptr;
  }
  const int unit = hex4(p + 2, end);
  if (unit < 0) return nullptr;
  out = static_cast<std::uint32_t>(unit);
  p += 6;
  if (unit < 0xd800 || unit > 0xdfff) return p;
  if (unit > 0xdbff || end - p < 6 || p[0] != '\\' || p[1] != 'u') return nullptr;
  const int low = hex4(p + 2, end);
  if (low < 0xdc00 || low > 0xdfff) return nullptr;
  out = 0x10000 + ((out - 0xd800) << 10) + (static_cast<std::uint32_t>(low) - 0xdc00);
  return p + 6;
}

}  // namespace

std::string_view padded_copy::assign(std::string_view text) {
  if (text.size() + padding > size_) {
    const std::size_t wanted = std::bit_ceil(text.size() + padding);
    buffer_.reset(new char[wanted]);
    size_ = wanted;
  }
  std::memcpy(buffer_.get(), text.data(), text.size());
  std::memset(buffer_.get() + text.size(), ' ', padding);
  return {buffer_.get(), text.size()};
}

void padded_copy::shrink(std::size_t most) noexcept {
  if (size_ <= most) return;
  buffer_.reset();
  size_ = 0;
}

const char* string_end(const char* p, bool& escaped) noexcept {
  escaped = false;
  for (;;) {
    const std::uint64_t word = load_word(p);
    const std::uint64_t marks = mark_equal(word, '"') | mark_equal(word, '\\');
    if (marks == 0) {
      p += 8;
      continue;
    }
    p += first_mark(marks);
    if (*p == '"') return p;
    escaped = true;
    p += 2;
  }
}

const char* checked_string_end(const char* p, const char* end, bool& escaped) noexcept {
  escaped = false;
  for (;;) {
    while (end - p >= 8) {
      const std::uint64_t marks = mark_special(load_word(p));
      p += marks ? first_mark(marks) : 8;
      if (marks) break;
    }
    while (p < end && !is_special(*p))
      ++p;
    if (p >= end) return nullptr;
    if (*p == '"') return p;
    if (*p == '\\') {
      escaped = true;
      p += 2;
      continue;
    }
    do {
      const std::size_t n = byte(*p) < 0x20 ? 0 : utf8_length(p, end);
      if (n == 0) return nullptr;
      p += n;
    } while (p != end && byte(*p) >= 0x80);
  }
}

const char* unescape(const char* p, const char* end, std::string& out) {
  while (p != end) {
    const void* found = std::memchr(p, '\\', static_cast<std::size_t>(end - p));
    const char* slash = found ? static_cast<const char*>(found) : end;
    out.append(p, slash);
    p = slash;
    while (p != end && *p == '\\') {
      std::uint32_t c = 0;
      const char* next = read_escape(p, end, c);
      if (!next) return p;
      append_utf8(out, c);
      p = next;
    }
  }
  return nullptr;
}

bool are_escapes_valid(const char* p, const char* end) noexcept {
  std::uint32_t c = 0;
  while (p != end) {
    p = *p == '\\' ? read_escape(p, end, c) : p + 1;
    if (!p) return false;
  }
  return true;
}

const char* number_end(const char* p, const char* end, bool& integer) noexcept {
  const auto digits = [&] {
    const char* start = p;
    while (p != end && is_digit(*p))
      ++p;
    return p != start;
  };
  integer = true;
  if (p != end && *p == '-') ++p;
  if (p == end) return nullptr;
  if (*p == '0') {
    ++p;
  } else if (!digits()) {
    return nullptr;
  }
  if (p != end && *p == '.') {
    integer = false;
    ++p;
    if (!digits()) return nullptr;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    integer = false;
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    if (!digits()) return nullptr;
  }
  if (p == end || is_space(*p) || *p == ',' || *p == ']' || *p == '}') return p;
  return nullptr;
}

std::string quoted(std::string_view name) {
  constexpr std::size_t longest = 64;
  const std::size_t n = kit::detail::utf8_cut(name, longest);
  const bool valid = find_invalid_utf8(name) == nullptr;
  std::string out = "\"";
  for (char c : name.substr(0, n)) {
    if (byte(c) < 0x20 || c == 0x7f || (!valid && byte(c) >= 0x80)) c = '?';
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += n < name.size() ? "...\"" : "\"";
  return out;
}

std::string shortened(std::string_view token) {
  constexpr std::size_t longest = 32;
  std::string text(token.substr(0, longest));
  if (token.size() > longest) text += "...";
  return text;
}

void prepend_name(std::string& path, std::string_view name) {
  bool plain = !name.empty() && name.size() <= 64 && !is_digit(name[0]) && !find_invalid_utf8(name);
  for (char c : name) {
    plain = plain && (is_digit(c) || c == '_' || c == '-' ||
                      (byte(c) | 0x20) - unsigned{'a'} < 26 || byte(c) >= 0x80);
  }
  path.insert(0, plain ? '.' + std::string(name) : '[' + quoted(name) + ']');
}

void prepend_index(std::string& path, std::size_t index) {
  path.insert(0, '[' + std::to_string(index) + ']');
}

namespace {

class checker {
 public:
  checker(std::string_view text, int max_depth)
      : start_(text.data()), p_(start_), end_(start_ + text.size()), depth_left_(max_depth) {}

  std::optional<problem> run() {
    skip_space();
    if (value()) {
      skip_space();
      if (p_ != end_) bad("text after the value");
    }
    return std::move(found_);
  }

 private:
  bool bad(const char* what) { return bad(what, p_); }
  bool bad(const char* what, const char* where) {
    found_ = problem{{}, what, static_cast<std::size_t>(where - start_)};
    return false;
  }
  void skip_space() {
    while (p_ != end_ && is_space(*p_))
      ++p_;
  }
  bool at(char c) const { return p_ != end_ && *p_ == c; }

  bool value() {
    if (p_ == end_) return bad("unexpected end of text");
    switch (*p_) {
      case '{':
        return container<&checker::members>();
      case '[':
        return container<&checker::elements>();
      case '"':
        return string();
      case 't':
        return literal("true");
      case 'f':
        return literal("false");
      case 'n':
        return literal("null");
      default:
        return number();
    }
  }

  bool literal(std::string_view word) {
    if (std::string_view(p_, static_cast<std::size_t>(end_ - p_)).substr(0, word.size()) != word) {
      return bad("invalid literal");
    }
    const char* next = p_ + word.size();
    if (next != end_ && !is_space(*next) && *next != ',' && *next != ']' && *next != '}') {
      return bad("invalid literal");
    }
    p_ = next;
    return true;
  }

  bool number() {
    bool integer = false;
    const char* next = number_end(p_, end_, integer);
    if (!next) return bad(*p_ == '-' || is_digit(*p_) ? "invalid number" : "expected a value");
    p_ = next;
    return true;
  }

  bool string() {
    const char* const quote = p_++;
    while (p_ != end_ && *p_ != '"') {
      if (byte(*p_) < 0x20) return bad("control character in a string");
      if (*p_ == '\\') {
        std::uint32_t c = 0;
        const char* next = read_escape(p_, end_, c);
        if (!next) return bad("invalid escape");
        p_ = next;
        continue;
      }
      const std::size_t n = utf8_length(p_, end_);
      if (n == 0) return bad("invalid UTF-8");
      p_ += n;
    }
    if (p_ == end_) return bad("unclosed string", quote);
    ++p_;
    return true;
  }

  template <bool (checker::*Content)()>
  bool container() {
    if (depth_left_ == 0) return bad("nested too deep");
    --depth_left_;
    ++p_;
    skip_space();
    if (!(this->*Content)()) return false;
    ++depth_left_;
    return true;
  }

  bool elements() {
    if (at(']')) return ++p_, true;
    for (std::size_t i = 0;; ++i) {
      skip_space();
      if (!value()) {
        prepend_index(found_->path, i);
        return false;
      }
      skip_space();
      if (at(']')) return ++p_, true;
      if (!at(',')) return bad(p_ == end_ ? "unclosed array" : "expected ',' or ']'");
      ++p_;
    }
  }

  bool members() {
    if (at('}')) return ++p_, true;
    for (;;) {
      skip_space();
      if (!at('"')) return bad(p_ == end_ ? "unclosed object" : "expected a string as key");
      const char* const key = p_ + 1;
      if (!string()) return false;
      const std::string_view raw(key, static_cast<std::size_t>(p_ - 1 - key));
      skip_space();
      if (!at(':')) return bad("expected ':'");
      ++p_;
      skip_space();
      if (!value()) {
        std::string name;
        unescape(raw.data(), raw.data() + raw.size(), name);
        prepend_name(found_->path, name);
        return false;
      }
      skip_space();
      if (at('}')) return ++p_, true;
      if (!at(',')) return bad(p_ == end_ ? "unclosed object" : "expected ',' or '}'");
      ++p_;
    }
  }

  const char* const start_;
  const char* p_;
  const char* const end_;
  int depth_left_;
  std::optional<problem> found_;
};

}  // namespace

std::optional<problem> find_problem(std::string_view text, int max_depth) {
  return checker(text, std::clamp(max_depth, 0, deepest)).run();
}

}  // namespace kit::json::detail
