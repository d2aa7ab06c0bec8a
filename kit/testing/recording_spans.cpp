#include <kit/testing/recording_spans.hpp>

#include <kit/error.hpp>

namespace kit::testing {

void recording_spans::on_start(const tracing::span&) noexcept {
  std::lock_guard lock(mutex_);
  ++started_;
}

void recording_spans::on_end(const std::shared_ptr<const tracing::span_data>& ended) noexcept {
  std::lock_guard lock(mutex_);
  ended_.push_back(ended);
}

std::size_t recording_spans::started() const {
  std::lock_guard lock(mutex_);
  return started_;
}

std::vector<tracing::span_data> recording_spans::ended() const {
  std::lock_guard lock(mutex_);
  std::vector<tracing::span_data> all;
  all.reserve(ended_.size());
  for (const auto& s : ended_)
    all.push_back(*s);
  return all;
}

std::vector<std::string> recording_spans::names() const {
  std::vector<std::string> all;
  for (auto& s : ended())
    all.push_back(std::move(s.name));
  return all;
}

tracing::span_data recording_spans::named(std::string_view name) const {
  std::vector<tracing::span_data> found;
  for (auto& s : ended()) {
    if (s.name == name) found.push_back(std::move(s));
  }
  if (found.size() != 1) {
    throw error(errc::not_found, std::to_string(found.size()) + " spans are called '" +
                                     std::string(name) + "', not one");
  }
  return std::move(found.front());
}

void recording_spans::clear() {
  std::lock_guard lock(mutex_);
  started_ = 0;
  ended_.clear();
}

}  // namespace kit::testing
