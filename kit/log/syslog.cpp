#include <kit/log/syslog.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>
#include <utility>

#include <unistd.h>

#include <kit/codec/text.hpp>
#include <kit/error.hpp>
#include <kit/log/computed.hpp>
#include <kit/log/detail/escape.hpp>

namespace kit::log {
namespace {

using std::chrono::system_clock;

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "-";
  const std::string text = name.data();
  return text.empty() || !is_visible(text) ? "-" : text;
}

/// `May  1 14:00:00`, in local time and English.
std::string stamp(system_clock::time_point t) {
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(t));
  std::tm parts{};
  if (!localtime_r(&seconds, &parts)) throw error(errc::out_of_range, "no such local time");
  std::array<char, 32> rest{};
  const auto size = std::strftime(rest.data(), rest.size(), " %e %H:%M:%S", &parts);
  return months[static_cast<std::size_t>(parts.tm_mon)] + std::string(rest.data(), size);
}

/// RFC 5424 knows microseconds.
void append_utc(std::string& out, system_clock::time_point t) {
  std::string problem;
  if (!text::append(out, std::chrono::floor<std::chrono::microseconds>(t), problem)) out += '-';
}

/// The name of a parameter: 1 to 32 visible characters of ASCII, but for some.
void append_parameter_name(std::string& out, std::string_view key) {
  constexpr std::size_t longest = 32;
  const auto before = out.size();
  for (const char c : key) {
    if (out.size() - before == longest) break;
    if (c > ' ' && c < '\x7f' && c != '=' && c != ']' && c != '"') out += c;
  }
  if (out.size() == before) out += empty_key;
}

/// In it `"`, `\` and `]` are escaped; control characters are as in JSON, so that it stays a line.
void append_parameter_value(std::string& out, std::string_view text) {
  std::string escaped;
  detail::append_escaped(escaped, text);
  for (const char c : escaped) {
    if (c == ']') out += '\\';
    out += c;
  }
}

void append_structured_data(std::string& out, const event& e, std::string_view id) {
  out += '[';
  out += id;
  for (const auto& f : e.fields) {
    out += ' ';
    append_parameter_name(out, f.key);
    out += "=\"";
    f.value.visit(e, [&out](const value& v) {
      std::string text;
      append(text, v);
      append_parameter_value(out, text);
    });
    out += '"';
  }
  out += ']';
}

void append_header(std::string& out, const event& e, const syslog_options& o) {
  const auto priority = static_cast<int>(o.facility) * 8 + static_cast<int>(o.severity_of(e));
  out += '<' + std::to_string(priority) + '>';
  const auto now = o.clock();
  switch (o.format) {
    case syslog_format::local:
      out += stamp(now) + ' ' + o.tag + '[' + o.process_id + "]: ";
      return;
    case syslog_format::network:
      out += local_text(std::chrono::floor<std::chrono::seconds>(now));
      out += ' ' + o.host + ' ' + o.tag + '[' + o.process_id + "]: ";
      return;
    case syslog_format::rfc5424:
      out += "1 ";
      append_utc(out, now);
      out += ' ' + o.host + ' ' + o.tag + ' ' + o.process_id + " - ";
      if (o.structured_data.empty()) {
        out += '-';
      } else {
        append_structured_data(out, e, o.structured_data);
      }
      out += ' ';
      return;
  }
}

}  // namespace

severity level_severity(const event& e) {
  switch (e.level.value_or(level::info)) {
    case level::debug:
      return severity::debug;
    case level::info:
      return severity::informational;
    case level::warn:
      return severity::warning;
    case level::error:
      return severity::error;
  }
  return severity::informational;
}

void require_valid(const syslog_options& options) {
  const auto require = [](bool fine, const char* what) {
    if (!fine) throw error(errc::invalid_argument, std::string("log::syslog_options::") + what);
  };
  require(!options.tag.empty() && options.tag.size() <= 48 && is_visible(options.tag),
          "tag is not 1 to 48 visible characters");
  require(options.host.size() <= 255 && is_visible(options.host),
          "host is not up to 255 visible characters");
  require(options.process_id.size() <= 128 && is_visible(options.process_id),
          "process_id is not up to 128 visible characters");
  require(options.structured_data.size() <= 32 && is_visible(options.structured_data) &&
              options.structured_data.find_first_of("=]\"") == std::string::npos,
          "structured_data is no name");
  require(static_cast<bool>(options.severity_of), "severity_of is empty");
  require(static_cast<bool>(options.clock), "clock is empty");
}

encoder syslog(encoder body, syslog_options options) {
  require_valid(options);
  if (!body) throw error(errc::invalid_argument, "log::syslog: the encoder is empty");
  if (options.host.empty()) options.host = host_name();
  if (options.process_id.empty()) options.process_id = std::to_string(::getpid());
  return [body = std::move(body), options = std::move(options)](std::string& out, const event& e) {
    append_header(out, e, options);
    body(out, e);
  };
}

}  // namespace kit::log
