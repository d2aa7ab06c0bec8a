#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <middleware/detail/keyed_hash.hpp>

namespace kit::middleware::detail {

/// Values by their keys, in the order in which they were last asked for.
/// Threads: none of it is synchronized.
template <class Value>
class recent_map {
 public:
  std::size_t size() const noexcept { return recent_.size(); }

  /// Null where there is none. Valid until it's erased.
  Value* find(std::string_view key) {
    const auto found = by_key_.find(key);
    return found != by_key_.end() ? &found->second->second : nullptr;
  }
  /// It was asked for now.
  void touch(std::string_view key) {
    recent_.splice(recent_.begin(), recent_, by_key_.find(key)->second);
  }
  /// Of a key that isn't there.
  Value& insert(std::string key, Value value) {
    recent_.emplace_front(std::move(key), std::move(value));
    by_key_.emplace(recent_.front().first, recent_.begin());
    return recent_.front().second;
  }
  /// Out of it; nothing where there is none.
  std::optional<Value> take(std::string_view key) {
    const auto found = by_key_.find(key);
    return found != by_key_.end() ? take_at(found->second) : std::nullopt;
  }
  /// The one that nobody has asked for for the longest time.
  std::optional<Value> take_oldest() {
    return recent_.empty() ? std::nullopt : take_at(std::prev(recent_.end()));
  }

 private:
  using position = typename std::list<std::pair<std::string, Value>>::iterator;

  std::optional<Value> take_at(position at) {
    std::optional<Value> value(std::move(at->second));
    by_key_.erase(at->first);  // the view of the key, before the key
    recent_.erase(at);
    return value;
  }

  std::list<std::pair<std::string, Value>> recent_;  // the latest first
  std::unordered_map<std::string_view, position, process_hash> by_key_;
};

}  // namespace kit::middleware::detail
