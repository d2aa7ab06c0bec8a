#include <kit/http/event_stream.hpp>

#include <algorithm>
#include <utility>

#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

// Takes a line off the front, whatever ends it; the last one has no end.
std::string_view take_line(std::string_view& text) noexcept {
  const auto end = std::min(text.find_first_of("\r\n"), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(end);
  if (text.starts_with("\r\n")) text.remove_prefix(1);
  return line;
}

// Appends `prefix` and each line of the text, an empty one too.
void append_lines(std::string& out, std::string_view prefix, std::string_view text) {
  for (;;) {
    out.append(prefix).append(take_line(text)).append("\n");
    if (text.empty()) return;
    text.remove_prefix(1);
  }
}

bool is_single_line(std::string_view text) noexcept {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

// Digits only; what does not fit is the longest.
std::optional<std::chrono::milliseconds> parse_retry(std::string_view text) noexcept {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  constexpr std::int64_t most = INT64_MAX / 10 - 1;
  std::int64_t n = 0;
  for (char c : text)
    n = n > most ? n : n * 10 + (c - '0');
  return std::chrono::milliseconds(n);
}

}  // namespace

void append_event(std::string& out, const server_sent_event& e) {
  if (!is_single_line(e.event) || (e.id && !is_single_line(*e.id))) {
    throw error(errc::invalid_argument, "an event's type or id holds a line end or NUL");
  }
  if (e.retry && e.retry->count() < 0) {
    throw error(errc::invalid_argument, "an event's retry is negative");
  }
  if (!e.event.empty()) out.append("event: ").append(e.event).append("\n");
  if (e.id) out.append("id: ").append(*e.id).append("\n");
  if (e.retry) out.append("retry: ").append(std::to_string(e.retry->count())).append("\n");
  append_lines(out, "data: ", e.data);
  out += '\n';
}

void append_event_comment(std::string& out, std::string_view text) {
  append_lines(out, text.empty() ? ":" : ": ", text);
  out += '\n';
}

event_stream_parser::result event_stream_parser::parse(std::string_view in) {
  for (std::size_t used = 0;;) {
    if (failed_) return {state::failed, used};
    if (after_cr_ && used < in.size()) {
      after_cr_ = false;
      if (in[used] == '\n') ++used;
    }
    const auto rest = in.substr(used);
    const auto end = std::min(rest.find_first_of("\r\n"), rest.size());
    bytes_ += end;
    if (bytes_ > options_.max_event_bytes) {
      failed_ = true;
      return {state::failed, used};
    }
    line_.append(rest.substr(0, end));
    used += end;
    if (end == rest.size()) return {state::need_more, used};
    after_cr_ = in[used++] == '\r';
    if (end_of_line()) return {state::event, used};
  }
}

// Whether the line, which ended, ended an event.
bool event_stream_parser::end_of_line() {
  std::string_view line = line_;
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (std::exchange(first_line_, false) && line.starts_with(byte_order_mark)) {
    line.remove_prefix(byte_order_mark.size());
  }
  bool ended = false;
  if (line.empty()) {
    ended = dispatch();
  } else if (line.front() == ':') {
    bytes_ -= std::min(bytes_, line_.size());  // so that comments alone never are too much
  } else {
    const auto colon = std::min(line.find(':'), line.size());
    auto value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    take_field(line.substr(0, colon), value);
  }
  line_.clear();
  return ended;
}

void event_stream_parser::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (has_data_) next_.data += '\n';
    next_.data += value;
    has_data_ = true;
    ++bytes_;  // the line end counts, too, or empty lines would never be too much
  } else if (name == "event") {
    next_.event = value;
  } else if (name == "id") {
    if (value.find('\0') == value.npos) next_.id = value;
  } else if (name == "retry") {
    if (const auto wait = parse_retry(value)) retry_ = next_.retry = wait;
  }
}

bool event_stream_parser::dispatch() {
  bytes_ = 0;
  if (next_.id) last_id_ = *next_.id;
  ready_ = std::exchange(next_, {});
  return std::exchange(has_data_, false);
}

}  // namespace kit::http
