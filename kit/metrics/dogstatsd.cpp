#include <kit/metrics/dogstatsd.hpp>

#include <chrono>
#include <string_view>

#include <kit/error.hpp>
#include <kit/metrics/detail/lines.hpp>
#include <kit/metrics/detail/statsd_lines.hpp>

namespace kit::metrics {
namespace {

void require(bool right, const char* what) {
  if (!right) throw error(errc::invalid_argument, what);
}

// With line ends as `\n`. A bar is syntax where the length isn't given.
std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      detail::append_without(out, {&c, 1}, {});
    }
  }
  return out;
}

void append_field(std::string& out, std::string_view start, std::string_view text) {
  if (text.empty()) return;
  detail::append_without(out += start, text, "|");
}

void append_time(std::string& out, const std::optional<wall_time>& time) {
  if (!time) return;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time->time_since_epoch());
  out += "|d:" + std::to_string(seconds.count());
}

void append_tags(std::string& out, const std::vector<label>& tags) {
  detail::append_dogstatsd_tags(out, detail::all_labels(tags, {}));
}

std::string_view name_of(dogstatsd_alert a) noexcept {
  switch (a) {
    case dogstatsd_alert::info:
      return {};
    case dogstatsd_alert::success:
      return "success";
    case dogstatsd_alert::warning:
      return "warning";
    case dogstatsd_alert::error:
      return "error";
  }
  return {};
}

}  // namespace

std::string dogstatsd_text(const dogstatsd_event& event) {
  require(!event.title.empty(), "dogstatsd_event::title: is empty");
  detail::check_labels(event.tags, "dogstatsd_event::tags");
  const auto title = one_line(event.title);
  const auto text = one_line(event.text);
  std::string out = "_e{" + std::to_string(title.size()) + ',' + std::to_string(text.size()) +
                    "}:" + title + '|' + text;
  append_time(out, event.time);
  append_field(out, "|h:", event.host);
  append_field(out, "|k:", event.aggregation_key);
  if (event.priority == dogstatsd_priority::low) out += "|p:low";
  append_field(out, "|s:", event.source_type);
  append_field(out, "|t:", name_of(event.alert));
  append_tags(out, event.tags);
  return out + '\n';
}

std::string dogstatsd_text(const dogstatsd_check& check) {
  require(!check.name.empty(), "dogstatsd_check::name: is empty");
  detail::check_labels(check.tags, "dogstatsd_check::tags");
  std::string out = "_sc";
  append_field(out, "|", check.name);
  out += '|' + std::to_string(static_cast<int>(check.status));
  append_time(out, check.time);
  append_field(out, "|h:", check.host);
  append_tags(out, check.tags);
  auto message = one_line(check.message);
  for (auto at = message.find("m:"); at != std::string::npos; at = message.find("m:", at + 3))
    message.insert(at + 1, "\\");
  append_field(out, "|m:", message);
  return out + '\n';
}

}  // namespace kit::metrics
