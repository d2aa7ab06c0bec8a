#include <kit/testing/recording_log.hpp>

#include <algorithm>
#include <mutex>

namespace kit::testing {
namespace {

void append_value(std::string& line, std::string_view value) {
  if (!value.empty() && value.find_first_of(" =\"\\\n\r\t") == std::string_view::npos) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    if (c == '\n') {
      line += "\\n";
    } else {
      line += c;
    }
  }
  line += '"';
}

std::vector<std::string> lines_of(const std::vector<recording_log::record>& records) {
  std::vector<std::string> lines;
  lines.reserve(records.size());
  for (const auto& r : records)
    lines.push_back(r.line());
  return lines;
}

}  // namespace

struct recording_log::state {
  std::mutex mutex;
  std::vector<record> records;
};

std::string_view recording_log::record::operator[](std::string_view key) const noexcept {
  const auto found = std::ranges::find(fields, key, &field::first);
  return found != fields.end() ? std::string_view(found->second) : std::string_view();
}

std::string recording_log::record::line() const {
  std::string line = event;
  for (const auto& [key, value] : fields) {
    line += ' ';
    line += key;
    line += '=';
    append_value(line, value);
  }
  return line;
}

recording_log::recording_log() : state_(std::make_shared<state>()) {}

void recording_log::add(record r) const {
  std::lock_guard lock(state_->mutex);
  state_->records.push_back(std::move(r));
}

void recording_log::add(std::string event, std::vector<field> fields) const {
  add(record{std::move(event), std::move(fields)});
}

std::vector<recording_log::record> recording_log::records() const {
  std::lock_guard lock(state_->mutex);
  return state_->records;
}

std::vector<std::string> recording_log::lines() const {
  return lines_of(records());
}

std::size_t recording_log::count(std::string_view event) const {
  std::lock_guard lock(state_->mutex);
  return static_cast<std::size_t>(std::ranges::count(state_->records, event, &record::event));
}

std::vector<std::string> recording_log::take() const {
  std::lock_guard lock(state_->mutex);
  return lines_of(std::exchange(state_->records, {}));
}

}  // namespace kit::testing
