#include <transports/http/chunked.hpp>

#include <algorithm>
#include <charconv>

#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

constexpr std::uint8_t max_digits = 16;  // of a size, leading zeros counted

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t';
}

}  // namespace

bool is_forbidden_trailer(field f) noexcept {
  switch (f) {
    case field::connection:
    case field::content_encoding:
    case field::content_length:
    case field::content_range:
    case field::content_type:
    case field::expect:
    case field::host:
    case field::keep_alive:
    case field::proxy_connection:
    case field::te:
    case field::trailer:
    case field::transfer_encoding:
    case field::upgrade:
      return true;
    default:
      return false;
  }
}

bool chunk_decoder::fail(std::string_view text, http::status status) noexcept {
  stage_ = stage::failed;
  error_ = {status, text};
  return false;
}

chunk_decoder::result chunk_decoder::decode(std::string_view in, std::string& out) {
  std::size_t used = 0;
  while (used < in.size() && stage_ != stage::done && stage_ != stage::failed) {
    switch (stage_) {
      case stage::data: {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - used));
        out.append(in.substr(used, n));
        used += n;
        left_ -= n;
        if (left_ == 0) stage_ = stage::data_cr;
        break;
      }
      case stage::data_cr:
        if (in[used++] != '\r') fail("chunk data is longer than its size");
        if (stage_ == stage::data_cr) stage_ = stage::data_lf;
        break;
      case stage::data_lf:
        if (in[used++] != '\n') fail("CR without LF after chunk data");
        if (stage_ == stage::data_lf) stage_ = stage::size;
        break;
      case stage::trailer: {
        const auto before = used;
        trailer_line(in, used);
        if (used == before && stage_ == stage::trailer) return {state::need_more, used};
        break;
      }
      default:
        size_line(in[used++]);
    }
  }
  if (stage_ == stage::done) return {state::complete, used};
  if (stage_ == stage::failed) return {state::failed, used};
  return {state::need_more, used};
}

// One byte of `chunk-size [ chunk-ext ] CRLF`.
bool chunk_decoder::size_line(char c) {
  if (stage_ == stage::size_lf) {
    if (c != '\n') return fail("CR without LF in a chunk size");
    end_of_size_line();
    return true;
  }
  if (stage_ != stage::size) {
    if (++extension_bytes_ > limits_.max_extension_bytes) return fail("too many chunk extensions");
    return extension(c);
  }
  if (const int digit = hex_value(c); digit >= 0) {
    if (++digits_ > max_digits) return fail("chunk size has too many digits");
    left_ = left_ << 4 | static_cast<unsigned>(digit);
    if (left_ > limits_.max_body_bytes - content_) {
      return fail("body is too large", status::content_too_large);
    }
    return true;
  }
  if (digits_ == 0) return fail("chunk size is not a hexadecimal number");
  if (c == '\r') {
    stage_ = stage::size_lf;
  } else if (c == ';') {
    stage_ = stage::ext_name_space;
  } else if (is_space(c)) {
    stage_ = stage::ext_space;
  } else {
    return fail("chunk size is not a hexadecimal number");
  }
  return true;
}

// *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ), RFC 9112 7.1.1
// NOLINTNEXTLINE(readability-function-size): a state machine, whole
bool chunk_decoder::extension(char c) {
  const auto go = [this](stage next) {
    stage_ = next;
    return true;
  };
  switch (stage_) {
    case stage::ext_space:  // BWS was seen: only an extension may follow
      if (is_space(c)) return true;
      if (c == ';') return go(stage::ext_name_space);
      break;
    case stage::ext_name_space:
      if (is_space(c)) return true;
      if (is_token_char(c)) return go(stage::ext_name);
      break;
    case stage::ext_name:
      if (is_token_char(c)) return true;
      if (c == '\r') return go(stage::size_lf);
      if (c == ';') return go(stage::ext_name_space);
      if (c == '=') return go(stage::ext_value_space);
      if (is_space(c)) return go(stage::ext_name_after);
      break;
    case stage::ext_name_after:
      if (is_space(c)) return true;
      if (c == ';') return go(stage::ext_name_space);
      if (c == '=') return go(stage::ext_value_space);
      break;
    case stage::ext_value_space:
      if (is_space(c)) return true;
      if (c == '"') return go(stage::ext_quoted);
      if (is_token_char(c)) return go(stage::ext_value);
      break;
    case stage::ext_quoted:
      if (c == '"') return go(stage::ext_value_after);
      if (c == '\\') return go(stage::ext_escaped);
      if (is_value_char(c)) return true;
      break;
    case stage::ext_escaped:
      if (is_value_char(c)) return go(stage::ext_quoted);
      break;
    case stage::ext_value:
      if (is_token_char(c)) return true;
      [[fallthrough]];
    case stage::ext_value_after:
      if (c == '\r') return go(stage::size_lf);
      if (c == ';') return go(stage::ext_name_space);
      if (is_space(c)) return go(stage::ext_space);
      break;
    default:
      break;
  }
  return fail("malformed chunk extension");
}

void chunk_decoder::end_of_size_line() noexcept {
  content_ += left_;
  stage_ = left_ == 0 ? stage::trailer : stage::data;
  digits_ = 0;
}

void chunk_decoder::trailer_line(std::string_view in, std::size_t& used) {
  const auto room = limits_.max_trailer_bytes - trailer_bytes_;
  switch (lines_.read(in.substr(used), room)) {
    case line_reader::state::need_more:
      return;
    case line_reader::state::malformed:
      fail(lines_.error());
      return;
    case line_reader::state::too_long:
      fail("trailer section is too large", status::request_header_fields_too_large);
      return;
    case line_reader::state::complete:
      break;
  }
  const auto line = lines_.line();
  used += line.size() + 2;
  trailer_bytes_ += std::min(line.size() + 2, room);
  if (line.empty()) {
    stage_ = stage::done;
    return;
  }
  field_line parsed;
  if (const char* wrong = parse_field_line(line, parsed)) {
    fail(wrong);
  } else if (is_forbidden_trailer(parsed.field)) {
    fail("a field that must not be in a trailer section");
  } else if (trailers_.size() >= limits_.max_trailer_count) {
    fail("too many trailer fields", status::request_header_fields_too_large);
  } else {
    trailers_.append_line(parsed.field, parsed.text, parsed.name_size, parsed.value_pos);
  }
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  char hex[16];
  const auto end = std::to_chars(hex, hex + sizeof hex, data.size(), 16).ptr;
  out.reserve(out.size() + sizeof hex + data.size() + 4);
  out.append(hex, end).append("\r\n").append(data).append("\r\n");
}

void append_last_chunk(std::string& out, const headers& trailers) {
  out.append("0\r\n");
  for (const auto& [name, value, field] : trailers) {
    if (is_forbidden_trailer(field)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  out.append("\r\n");
}

}  // namespace kit::http
