#include <kit/testing/recording_log.hpp>

#include <algorithm>
#include <mutex>

#include <kit/log/logfmt.hpp>

namespace kit::testing {
namespace {

std::vector<std::string> lines_of(const std::vector<recording_log::record>& records) {
  std::vector<std::string> lines;
  lines.reserve(records.size());
  for (const auto& r : records)
    lines.push_back(r.line());
  return lines;
}

recording_log::record parse(std::string_view line) {
  auto fields = log::parse_logfmt(line);
  if (!fields) return {.event = std::string(line), .fields = {}};
  recording_log::record r{.event = {}, .fields = *std::move(fields)};
  const auto message = std::ranges::find(r.fields, "msg", &recording_log::field::first);
  if (message != r.fields.end()) {
    r.event = std::move(message->second);
    r.fields.erase(message);
  }
  return r;
}

class log_sink final : public log::sink {
 public:
  explicit log_sink(recording_log to) : to_(std::move(to)) {}
  void write(const log::record& r) override { to_.add(parse(r.text())); }

 private:
  const recording_log to_;
};

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
    log::append_logfmt_value(line, value);
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

std::shared_ptr<log::sink> recording_log::sink() const {
  return std::make_shared<log_sink>(*this);
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
