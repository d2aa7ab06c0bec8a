#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

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
  void erase(std::string_view key) {
    if (const auto found = by_key_.find(key); found != by_key_.end()) drop(found->second);
  }
  /// The one that nobody has asked for for the longest time; false where there is none.
  bool erase_oldest() {
    if (recent_.empty()) return false;
    drop(std::prev(recent_.end()));
    return true;
  }

 private:
  using position = typename std::list<std::pair<std::string, Value>>::iterator;

  void drop(position at) {
    by_key_.erase(at->first);  // the view of the key, before the key
    recent_.erase(at);
  }

  std::list<std::pair<std::string, Value>> recent_;  // the latest first
  std::unordered_map<std::string_view, position> by_key_;
};

}  // namespace kit::middleware::detail
