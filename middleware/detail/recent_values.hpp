#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <kit/classify.hpp>
#include <kit/clock.hpp>
#include <kit/http/response.hpp>

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
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return std::nullopt;
    const auto at = found->second;
    if (at->stored <= oldest) {
      drop(at);
      return std::nullopt;
    }
    recent_.splice(recent_.begin(), recent_, at);
    return found_value{at->value, at->stored};
  }
  void put(const std::string& key, Value value, time_point now) {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      found->second->value = std::move(value);
      found->second->stored = now;
      return;
    }
    if (recent_.size() >= capacity_) drop(std::prev(recent_.end()));
    recent_.push_front({key, std::move(value), now, nullptr, false});
    by_key_.emplace(recent_.front().key, recent_.begin());
  }

  /// Whether nobody is fetching a new value for it; then it owns who does that now.
  bool begin_refresh(const std::string& key, std::shared_ptr<void> by) {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end() || found->second->refreshing) return false;
    found->second->refreshing = true;
    std::swap(found->second->refresh, by);  // the last one has ended
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
      const auto found = values->by_key_.find(key_);
      if (found != values->by_key_.end()) found->second->refreshing = false;
    }

   private:
    std::weak_ptr<recent_values> of_;
    std::string key_;
  };

 private:
  struct entry {
    std::string key;
    Value value;
    time_point stored;
    std::shared_ptr<void> refresh;
    bool refreshing;
  };
  using position = typename std::list<entry>::iterator;

  void drop(position at) {
    by_key_.erase(at->key);
    recent_.erase(at);
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::list<entry> recent_;  // the latest first
  std::unordered_map<std::string_view, position> by_key_;
};

}  // namespace kit::middleware::detail
