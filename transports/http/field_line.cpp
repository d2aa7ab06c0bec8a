#include <transports/http/field_line.hpp>

#include <cstdint>

#include <transports/http/detail/scan.hpp>

namespace kit::http {
namespace {

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t';
}

// What is wrong with a line whose name ends at `stop` without a colon, or is empty.
const char* refuse_name(std::string_view line, const char* stop) noexcept {
  const char* const end = line.data() + line.size();
  if (stop == end) return "field line without a colon";
  if (stop == line.data()) {
    if (is_space(*stop)) return "folded field line";
    return *stop == ':' ? "field without a name" : "field name is not a token";
  }
  while (stop != end && is_space(*stop))
    ++stop;
  return stop != end && *stop == ':' ? "white space before the colon of a field"
                                     : "field name is not a token";
}

}  // namespace

line_reader::state line_reader::read(std::string_view in, std::size_t limit) noexcept {
  const char* const end = in.data() + in.size();
  const char* const stop = scan::find_control(in.data() + scanned_, end);
  scanned_ = static_cast<std::size_t>(stop - in.data());
  if (scanned_ > limit) return state::too_long;
  if (stop == end) return state::need_more;
  if (*stop == '\r') {
    if (stop + 1 == end) return state::need_more;
    if (stop[1] == '\n') {
      line_ = in.substr(0, scanned_);
      scanned_ = 0;
      return state::complete;
    }
    error_ = "CR without LF";
  } else {
    error_ = *stop == '\n' ? "LF without CR" : "control character";
  }
  return state::malformed;
}

const char* parse_field_line(std::string_view line, field_line& out) noexcept {
  const char* const begin = line.data();
  const char* end = begin + line.size();
  const char* const colon = scan::find_not_token(begin, end);
  if (colon == begin || colon == end || *colon != ':') return refuse_name(line, colon);
  if (colon - begin > UINT16_MAX) return "field name is too long";
  const char* value = colon + 1;
  while (value != end && is_space(*value))
    ++value;
  while (end != value && is_space(end[-1]))
    --end;
  out.text = {begin, static_cast<std::size_t>(end - begin)};
  out.name_size = static_cast<std::size_t>(colon - begin);
  out.value_pos = static_cast<std::size_t>(value - begin);
  out.field = find_field(out.name());
  return nullptr;
}

}  // namespace kit::http
