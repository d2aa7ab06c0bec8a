#include <kit/codec/json_writer.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include <kit/codec/detail/json_number.hpp>
#include <kit/codec/detail/json_scan.hpp>
#include <kit/codec/detail/json_word.hpp>

namespace kit::json {
namespace {

/// Marks the bytes of a string that aren't copied as they are.
template <bool Html>
std::uint64_t mark_changed(std::uint64_t word) {
  std::uint64_t marks = detail::mark_special(word);
  if constexpr (Html) {
    for (char c : {'<', '>', '&'})
      marks |= detail::mark_equal(word, c);
  }
  return marks;
}
template <bool Html>
bool is_changed(char c) {
  return detail::is_special(c) || (Html && (c == '<' || c == '>' || c == '&'));
}

/// Copies until a special byte or until either end; moves `out`, returns how far it came.
template <bool Html>
const char* copy_plain(const char* p, const char* last, char*& out, const char* out_end) {
  while (last - p >= 8 && out_end - out >= 8) {
    std::memcpy(out, p, 8);
    if (const std::uint64_t marks = mark_changed<Html>(detail::load_word(p))) {
      const int plain = detail::first_mark(marks);
      out += plain;
      return p + plain;
    }
    p += 8;
    out += 8;
  }
  while (p != last && out != out_end && !is_changed<Html>(*p))
    *out++ = *p++;
  return p;
}

/// Whether the three bytes at `p` are a line or paragraph separator, which end a line of
/// JavaScript.
bool is_line_separator(const char* p) {
  return std::memcmp(p, "\xe2\x80\xa8", 3) == 0 || std::memcmp(p, "\xe2\x80\xa9", 3) == 0;
}

}  // namespace

struct writer::state {
  static constexpr std::size_t room_always = 64;

  std::string& out;
  const std::size_t start;
  const encode_options& options;
  int depth_left;
  bool first = true;      // in the current container
  std::size_t index = 0;  // of the next element in it
  bool failed = false;
  bool done = false;
  detail::problem error;
  char* p;
  // The text is put together here, as a string cannot be written to behind its end.
  char buffer[1024];

  state(std::string& o, const encode_options& opts)
      : out(o),
        start(o.size()),
        options(opts),
        depth_left(detail::clamped_depth(opts.max_depth)),
        p(buffer) {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() {
    if (!done) out.resize(start);
  }

  const char* end() const { return buffer + sizeof buffer; }
  void flush() {
    out.append(buffer, p);
    p = buffer;
  }
  /// Makes sure of `n` bytes, at most `room_always`.
  void room(std::size_t n) {
    if (static_cast<std::size_t>(end() - p) < n) flush();
  }
  void put(char c) {
    room(1);
    *p++ = c;
  }
  void put_short(std::string_view text) {
    room(text.size());
    std::memcpy(p, text.data(), text.size());
    p += text.size();
  }

  bool fail(std::string message) {
    error = {{}, std::move(message), 0};
    failed = true;
    return false;
  }

  void escape(unsigned code_unit) {
    constexpr char digits[] = "0123456789abcdef";
    for (char c : {'\\', 'u', digits[code_unit >> 12], digits[(code_unit >> 8) & 15],
                   digits[(code_unit >> 4) & 15], digits[code_unit & 15]}) {
      *p++ = c;
    }
  }
  void escape_ascii(char c) {
    constexpr std::string_view codes = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
    room(6);
    if (const auto i = codes.find(c); i != codes.npos) {
      *p++ = '\\';
      *p++ = letters[i];
    } else {
      escape(static_cast<unsigned char>(c));
    }
  }

  /// Characters of more than one byte, as many as there are. Null: they aren't UTF-8.
  template <bool Html>
  const char* beyond_ascii(const char* s, const char* last) {
    while (s != last && static_cast<signed char>(*s) < 0) {
      const std::size_t n = detail::utf8_length(s, last);
      if (n == 0) return nullptr;
      room(6);
      if (Html && n == 3 && is_line_separator(s)) {
        escape(0x2000U | (static_cast<unsigned char>(s[2]) & 0x3f));
      } else {
        for (std::size_t i = 0; i < n; ++i)
          *p++ = s[i];
      }
      s += n;
    }
    return s;
  }

  template <bool Html>
  bool text_as(std::string_view v) {
    const char* s = v.data();
    const char* const last = s + v.size();
    put('"');
    for (;;) {
      s = copy_plain<Html>(s, last, p, end());
      if (s == last) break;
      if (p == end()) {
        flush();
      } else if (static_cast<signed char>(*s) >= 0) {
        escape_ascii(*s++);
      } else {
        const char* const next = beyond_ascii<Html>(s, last);
        if (!next) {
          const char* const bad = detail::find_invalid_utf8({s, last});
          return fail("invalid UTF-8 at byte " + std::to_string(bad - v.data()) + " of the string");
        }
        s = next;
      }
    }
    put('"');
    return true;
  }
  bool text(std::string_view v) {
    return options.escape_html ? text_as<true>(v) : text_as<false>(v);
  }

  template <class Float>
  bool number(Float v) {
    if (!std::isfinite(v))
      return fail(std::isnan(v) ? "NaN is no number" : "infinity is no number");
    room(detail::number_room);
    p = detail::format_float(p, v);
    return true;
  }

  bool enter() {
    if (depth_left == 0) {
      return fail("nested deeper than " + std::to_string(detail::clamped_depth(options.max_depth)));
    }
    --depth_left;
    return true;
  }
};

const encode_options& writer::options() const noexcept {
  return s_.options;
}
bool writer::fail(std::string message) {
  return s_.fail(std::move(message));
}

bool writer::write_null() {
  s_.put_short("null");
  return true;
}
bool writer::write_bool(bool v) {
  s_.put_short(v ? "true" : "false");
  return true;
}
bool writer::write_signed(std::int64_t v) {
  s_.room(detail::number_room);
  s_.p = std::to_chars(s_.p, s_.p + detail::number_room, v).ptr;
  return true;
}
bool writer::write_unsigned(std::uint64_t v) {
  s_.room(detail::number_room);
  s_.p = std::to_chars(s_.p, s_.p + detail::number_room, v).ptr;
  return true;
}
bool writer::write(double v) {
  return s_.number(v);
}
bool writer::write(float v) {
  return s_.number(v);
}
bool writer::write(std::string_view v) {
  return s_.text(v);
}

bool writer::write_raw(std::string_view json) {
  const char* s = json.data();
  const char* const last = s + json.size();
  while (s != last) {
    if (detail::is_space(*s)) {
      ++s;
    } else if (*s != '"') {
      s_.put(*s++);
    } else {
      // A string: its escapes stay, and more may be needed.
      s_.put(*s++);
      while (*s != '"') {
        const bool html = s_.options.escape_html;
        if (html && (*s == '<' || *s == '>' || *s == '&')) {
          s_.escape_ascii(*s++);
        } else if (html && last - s >= 3 && is_line_separator(s)) {
          s = s_.beyond_ascii<true>(s, s + 3);
        } else {
          if (*s == '\\') s_.put(*s++);
          s_.put(*s++);
        }
      }
      s_.put(*s++);
    }
  }
  return true;
}

bool writer::write_container(char open, bool (*f)(void*), void* context) {
  if (!s_.enter()) return false;
  const bool first = std::exchange(s_.first, true);
  const std::size_t index = std::exchange(s_.index, 0);
  s_.put(open);
  if (!f(context) || s_.failed) return false;
  s_.put(open == '[' ? ']' : '}');
  s_.first = first;
  s_.index = index;
  ++s_.depth_left;
  return true;
}

void writer::next_element() {
  if (!std::exchange(s_.first, false)) s_.put(',');
  ++s_.index;
}
bool writer::fail_in_element() {
  detail::prepend_index(s_.error.path, s_.index - 1);
  return false;
}

bool writer::next_member(std::string_view name) {
  if (!std::exchange(s_.first, false)) s_.put(',');
  if (!s_.text(name)) {
    s_.error.what = "the name is " + s_.error.what;
    return fail_in_member(name);
  }
  s_.put(':');
  return true;
}
bool writer::fail_in_member(std::string_view name) {
  detail::prepend_name(s_.error.path, name);
  return false;
}

namespace detail {

bool writer_access::write_object(writer& w, const encode_object& type, const void* const* members) {
  writer::state& s = w.s_;
  if (!s.enter()) return false;
  char before = '{';
  for (std::size_t i = 0; i < type.count; ++i) {
    const encode_field& field = type.fields[i];
    if (field.omit && field.omit(members[i])) continue;
    if (field.key.empty()) {
      s.put(before);
      if (!s.text(field.name)) return false;
      s.put(':');
    } else {
      s.room(longest_key);
      for (std::size_t k = 0; k < field.key.size(); k += 16)
        std::memcpy(s.p + k, field.key.data() + k, 16);
      *s.p = before;
      s.p += field.key.size();
    }
    before = ',';
    if (!field.encode(w, members[i]) || s.failed) {
      prepend_name(s.error.path, field.name);
      return false;
    }
  }
  if (before == '{') s.put('{');
  s.put('}');
  ++s.depth_left;
  return true;
}

bool writer_access::write_element(writer& w, encode_function f, const void* element) {
  w.next_element();
  return f(w, element) || w.fail_in_element();
}

result<void> writer_access::run(std::string& out, const encode_options& options, encode_function f,
                                const void* object) {
  writer::state s(out, options);
  writer w(s);
  if (f(w, object) && !s.failed) {
    s.flush();
    s.done = true;
    return {};
  }
  if (!s.failed) s.fail("refused by its codec");
  return kit::fail(errc::internal, '$' + s.error.path + ": " + s.error.what);
}

}  // namespace detail
}  // namespace kit::json
