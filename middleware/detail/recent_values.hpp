#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <kit/classify.hpp>
#include <kit/clock.hpp>
#include <kit/http/response.hpp>
#include <middleware/detail/recent_map.hpp>

namespace kit::middleware::detail {

/// Whether others may be given the same HTTP answer.
bool may_keep_http(const http::response& r);

/// Whether others may be given the same answer.
template <class Resp>
bool may_keep(const Resp& r) {
  if constexpr (std::is_same_v<Resp, http::response>) {
    return may_keep_http(r);
  } else {
    return !failed(r);
  }
}

/// Values by their keys, of which the least recently asked for go first. Threads: any.
template <class Value>
class recent_values {
 public:
  explicit recent_values(std::size_t capacity) : capacity_(capacity) {}

  struct found_value {
    Value value;
    time_point stored;
  };
  /// One that was stored after `oldest`.
  std::optional<found_value> find(const std::string& key, time_point oldest) {
    const std::lock_guard lock(mutex_);
    const auto* const e = values_.find(key);
    if (!e) return std::nullopt;
    if (e->stored <= oldest) {
      values_.erase(key);
      return std::nullopt;
    }
    values_.touch(key);
    return found_value{e->value, e->stored};
  }
  void put(const std::string& key, Value value, time_point now) {
    const std::lock_guard lock(mutex_);
    if (auto* const e = values_.find(key)) {
      e->value = std::move(value);
      e->stored = now;
      return;
    }
    if (values_.size() >= capacity_) values_.erase_oldest([](const entry&) { return true; });
    values_.insert(key, {std::move(value), now, nullptr, false});
  }

  /// Whether nobody is fetching a new value for it; then it owns who does that now.
  bool begin_refresh(const std::string& key, std::shared_ptr<void> by) {
    const std::lock_guard lock(mutex_);
    auto* const e = values_.find(key);
    if (!e || e->refreshing) return false;
    e->refreshing = true;
    std::swap(e->refresh, by);  // the last one has ended
    return true;
  }
  /// While somebody fetches.
  class refreshing {
   public:
    refreshing(std::weak_ptr<recent_values> of, std::string key)
        : of_(std::move(of)), key_(std::move(key)) {}
    refreshing(const refreshing&) = delete;
    ~refreshing() {
      const auto values = of_.lock();
      if (!values) return;
      const std::lock_guard lock(values->mutex_);
      if (auto* const e = values->values_.find(key_)) e->refreshing = false;
    }

   private:
    std::weak_ptr<recent_values> of_;
    std::string key_;
  };

 private:
  struct entry {
    Value value;
    time_point stored;
    std::shared_ptr<void> refresh;
    bool refreshing = false;
  };

  const std::size_t capacity_;
  std::mutex mutex_;
  recent_map<entry> values_;
};

}  // namespace kit::middleware::detail
