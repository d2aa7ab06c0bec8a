#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kit {

/// Key-value pairs that travel with a request beside its body: HTTP headers chosen by the
/// application, gRPC metadata, NATS headers. Ordered; a key may repeat; keys are compared and kept
/// in lower case. Lives in the context: `ctx.with(metadata{{"tenant", "a"}})`, `ctx.metadata()`.
class metadata {
 public:
  using value_type = std::pair<std::string, std::string>;
  using const_iterator = std::vector<value_type>::const_iterator;

  metadata() = default;
  metadata(std::initializer_list<value_type> entries);

  /// Adds a pair behind those there are.
  void add(std::string_view key, std::string value);
  /// Replaces all pairs of that key by one.
  void set(std::string_view key, std::string value);
  /// Removes all pairs of that key; says how many there were.
  std::size_t remove(std::string_view key);

  /// The first value of that key, nothing when there is none.
  std::optional<std::string_view> get(std::string_view key) const noexcept;
  std::vector<std::string_view> get_all(std::string_view key) const;

  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  const_iterator begin() const noexcept { return entries_.begin(); }
  const_iterator end() const noexcept { return entries_.end(); }

  friend bool operator==(const metadata&, const metadata&) = default;

 private:
  std::vector<value_type> entries_;
};

}  // namespace kit
