#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <kit/clock.hpp>
#include <middleware/detail/http_sharing.hpp>
#include <middleware/detail/recent_map.hpp>

namespace kit::middleware::detail {

/// Values by their keys, of which the least recently asked for go first. Threads: any.
template <class Value>
class recent_values {
 public:
  explicit recent_values(std::size_t capacity) : capacity_(capacity) {}

  struct found_value {
    Value value;
    time_point stored;
    keeping_time keep;
  };
  /// One that is still good: `may_give(stored, keeping_time)`.
  template <class MayGive>
  std::optional<found_value> find(const std::string& key, MayGive may_give) {
    std::optional<entry> gone;
    const std::lock_guard lock(mutex_);
    const auto* const e = values_.find(key);
    if (!e) return std::nullopt;
    if (!may_give(e->stored, e->keep)) {
      gone = values_.take(key);
      return std::nullopt;
    }
    values_.touch(key);
    return found_value{e->value, e->stored, e->keep};
  }
  void put(const std::string& key, Value value, time_point now, const keeping_time& keep) {
    std::optional<entry> gone;
    const std::lock_guard lock(mutex_);
    if (auto* const e = values_.find(key)) {
      e->value = std::move(value);
      e->stored = now;
      e->keep = keep;
      return;
    }
    if (values_.size() >= capacity_) gone = values_.take_oldest();
    values_.insert(key, {std::move(value), now, keep, nullptr, 0});
  }

  /// The number of a refresh that begins, where nobody is fetching a new value for it; else 0. Then
  /// it owns what stops who does that now.
  std::uint64_t begin_refresh(const std::string& key, std::shared_ptr<void> stop) {
    const std::lock_guard lock(mutex_);
    auto* const e = values_.find(key);
    if (!e || e->refresh != 0) return 0;
    e->refresh = ++refreshes_;
    std::swap(e->stop, stop);  // the last one has ended
    return e->refresh;
  }
  /// While somebody fetches.
  class refreshing {
   public:
    refreshing(std::weak_ptr<recent_values> of, std::string key, std::uint64_t number)
        : of_(std::move(of)), key_(std::move(key)), number_(number) {}
    refreshing(refreshing&&) noexcept = default;
    void put(Value value, time_point now, const keeping_time& keep) {
      if (const auto values = of_.lock()) values->put(key_, std::move(value), now, keep);
    }
    ~refreshing() {
      const auto values = of_.lock();
      if (!values) return;
      const std::lock_guard lock(values->mutex_);
      auto* const e = values->values_.find(key_);
      if (e && e->refresh == number_) e->refresh = 0;
    }

   private:
    std::weak_ptr<recent_values> of_;
    std::string key_;
    std::uint64_t number_;
  };

 private:
  struct entry {
    Value value;
    time_point stored;
    keeping_time keep;
    std::shared_ptr<void> stop;  // maybe whoever waits inside of it: not with the lock
    std::uint64_t refresh = 0;   // that is under way
  };

  const std::size_t capacity_;
  std::mutex mutex_;
  recent_map<entry> values_;
  std::uint64_t refreshes_ = 0;
};

}  // namespace kit::middleware::detail
