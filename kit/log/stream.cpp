#include <kit/log/stream.hpp>

#include <algorithm>
#include <array>
#include <streambuf>
#include <utility>

#include <kit/error.hpp>
#include <kit/http/syntax.hpp>

namespace kit::log {
namespace {

/// Whether the text starts so, where `0` is any digit.
bool starts_like(std::string_view text, std::string_view pattern) noexcept {
  return text.size() >= pattern.size() &&
         std::ranges::equal(text.substr(0, pattern.size()), pattern,
                            [](char c, char p) { return p == '0' ? http::is_digit(c) : c == p; });
}

std::string_view take(std::string_view& text, std::size_t n) noexcept {
  const auto part = text.substr(0, n);
  text.remove_prefix(n);
  return part;
}

void skip_blank(std::string_view& text) noexcept {
  if (text.starts_with(' ')) text.remove_prefix(1);
}

std::size_t digits_at(std::string_view text, std::size_t from) noexcept {
  return std::min(text.find_first_not_of("0123456789", from), text.size()) - from;
}

/// Where `file:line` ends, 0 where there is none: it has no blank, and ends the text or stands
/// before `: `.
std::size_t file_end(std::string_view text) noexcept {
  const auto word = std::min(text.find_first_of(" \r\n"), text.size());
  const bool colon = word < text.size() && text[word] == ' ';
  if (colon && (word == 0 || text[word - 1] != ':')) return 0;
  const auto end = colon ? word - 1 : word;
  const auto split = text.substr(0, end).rfind(':');
  if (split == text.npos || split == 0 || split + 1 == end) return 0;
  return digits_at(text.substr(0, end), split + 1) == end - split - 1 ? end : 0;
}

std::string_view without_line_ends(std::string_view text) noexcept {
  return text.substr(0, text.find_last_not_of("\r\n") + 1);  // npos + 1 is 0
}

std::string_view without_prefix(std::string_view text, std::string_view prefix) noexcept {
  return text.substr(text.starts_with(prefix) ? prefix.size() : 0);
}

}  // namespace

line_parts parse_line(std::string_view text, bool with_file) noexcept {
  line_parts parts;
  text = without_line_ends(text);
  if (starts_like(text, "0000/00/00")) {
    parts.date = take(text, 10);
    skip_blank(text);
  }
  if (starts_like(text, "00:00:00")) {
    const bool fraction = text.size() > 9 && text[8] == '.' && http::is_digit(text[9]);
    parts.time = take(text, fraction ? 9 + digits_at(text, 9) : 8);
    skip_blank(text);
  }
  if (with_file) parts.file = take(text, file_end(text));
  if (text.starts_with(": ")) text.remove_prefix(2);
  parts.message = text;
  return parts;
}

void log_line(const logger& to, std::string_view text, const stream_options& options) noexcept {
  try {
    const auto line = parse_line(without_prefix(text, options.prefix), options.with_file);
    std::string when(line.date);
    if (!line.date.empty() && !line.time.empty()) when += ' ';
    when += line.time;
    std::string message(without_prefix(line.message, options.prefix));
    if (options.join_prefix) message.insert(0, options.prefix);

    std::array<field, 3> fields;
    std::size_t n = 0;
    if (!when.empty()) fields[n++] = {options.time_key, when};
    if (!line.file.empty()) fields[n++] = {options.file_key, line.file};
    fields[n++] = {options.message_key, message};
    to.at(options.level, "", std::span(fields).first(n));
  } catch (const std::bad_alloc&) {
    to.at(options.level, "log: out of memory for a line", {});
  }
}

class stream::buffer final : public std::streambuf {
 public:
  buffer(logger to, stream_options options) : to_(std::move(to)), options_(std::move(options)) {
    if (options_.max_line == 0) {
      throw error(errc::invalid_argument, "log::stream_options::max_line is 0");
    }
  }
  buffer(const buffer&) = delete;
  buffer& operator=(const buffer&) = delete;
  ~buffer() override {
    if (!line_.empty()) log_line(to_, line_, options_);
  }

 protected:
  int_type overflow(int_type c) override {
    if (!traits_type::eq_int_type(c, traits_type::eof())) {
      const char one = traits_type::to_char_type(c);
      add({&one, 1});
    }
    return traits_type::not_eof(c);
  }
  std::streamsize xsputn(const char* text, std::streamsize n) override {
    add({text, static_cast<std::size_t>(n)});
    return n;
  }

 private:
  void add(std::string_view text) {
    while (!text.empty()) {
      const auto end = text.find('\n');
      const auto room = options_.max_line - line_.size();
      const auto n = std::min({end, text.size(), room});
      line_ += text.substr(0, n);
      text.remove_prefix(n);
      const bool complete = n == end;
      if (complete) text.remove_prefix(1);
      if (!complete && line_.size() < options_.max_line) return;
      // The end of a line that was cut just before it is no line of its own.
      if (!complete || !line_.empty() || !cut_) log_line(to_, line_, options_);
      line_.clear();
      cut_ = !complete;
    }
  }

  const logger to_;
  const stream_options options_;
  std::string line_;
  bool cut_ = false;  // what was logged last had no end yet
};

stream::stream(logger to, stream_options options)
    : std::ostream(nullptr), buffer_(std::make_unique<buffer>(std::move(to), std::move(options))) {
  rdbuf(buffer_.get());
}

stream::~stream() {
  rdbuf(nullptr);
}

}  // namespace kit::log
