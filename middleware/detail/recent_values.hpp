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

/// What an answer itself says of how long others may be given it.
struct keeping_time {
  duration ttl = duration::max();
  /// Whether afterwards, too, while a new one is fetched.
  bool stale = true;
};

/// Nothing where others may not. Source: RFC 9111 section 3, for a shared cache.
std::optional<keeping_time> may_keep_http(const http::response& r);

template <class Resp>
std::optional<keeping_time> may_keep(const Resp& r) {
  if constexpr (std::is_same_v<Resp, http::response>) {
    return may_keep_http(r);
  } else {
    return failed(r) ? std::nullopt : std::optional(keeping_time{});
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
    keeping_time keep;
  };
  /// One that is still good: `may_give(stored, keeping_time)`.
  template <class MayGive>
  std::optional<found_value> find(const std::string& key, MayGive may_give) {
    const std::lock_guard lock(mutex_);
    const auto* const e = values_.find(key);
    if (!e) return std::nullopt;
    if (!may_give(e->stored, e->keep)) {
      values_.erase(key);
      return std::nullopt;
    }
    values_.touch(key);
    return found_value{e->value, e->stored, e->keep};
  }
  void put(const std::string& key, Value value, time_point now, const keeping_time& keep) {
    const std::lock_guard lock(mutex_);
    if (auto* const e = values_.find(key)) {
      e->value = std::move(value);
      e->stored = now;
      e->keep = keep;
      return;
    }
    if (values_.size() >= capacity_) values_.erase_oldest();
    values_.insert(key, {std::move(value), now, keep, nullptr, false});
  }

  /// Whether nobody is fetching a new value for it; then it owns what stops who does that now.
  bool begin_refresh(const std::string& key, std::shared_ptr<void> stop) {
    const std::lock_guard lock(mutex_);
    auto* const e = values_.find(key);
    if (!e || e->refreshing) return false;
    e->refreshing = true;
    std::swap(e->stop, stop);  // the last one has ended
    return true;
  }
  /// While somebody fetches.
  class refreshing {
   public:
    refreshing(std::weak_ptr<recent_values> of, std::string key)
        : of_(std::move(of)), key_(std::move(key)) {}
    refreshing(refreshing&&) noexcept = default;
    void put(Value value, time_point now, const keeping_time& keep) {
      if (const auto values = of_.lock()) values->put(key_, std::move(value), now, keep);
    }
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
    keeping_time keep;
    std::shared_ptr<void> stop;
    bool refreshing = false;
  };

  const std::size_t capacity_;
  std::mutex mutex_;
  recent_map<entry> values_;
};

}  // namespace kit::middleware::detail
