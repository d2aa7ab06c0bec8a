#include <kit/http/event_stream.hpp>

#include <string_view>

#include <kit/error.hpp>

namespace kit::http {
namespace {

using namespace std::string_view_literals;

void add_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value) += '\n';
}

void add_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (value.find_first_of("\r\n\0"sv) != value.npos) {
    throw error(errc::invalid_argument,
                "event: " + std::string(name) + " must not contain CR, LF or NUL");
  }
  add_line(out, name, value);
}

}  // namespace

std::string format(const event& e) {
  std::string out;
  out.reserve(e.data.size() + e.event.size() + e.id.size() + 64);
  add_field(out, "event", e.event);
  add_field(out, "id", e.id);
  if (e.retry) {
    if (e.retry->count() < 0) throw error(errc::invalid_argument, "event: negative retry");
    add_line(out, "retry", std::to_string(e.retry->count()));
  }
  const bool only_settings = e.event.empty() && (e.retry || !e.id.empty());
  if (!e.data.empty() || !only_settings) {
    for (std::string_view rest = e.data;;) {
      const auto end = rest.find_first_of("\r\n");
      add_line(out, "data", rest.substr(0, end));
      if (end == rest.npos) break;
      rest.remove_prefix(rest.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
    }
  }
  out += '\n';
  return out;
}

}  // namespace kit::http
