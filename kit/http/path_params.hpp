#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kit::http {

/// The parameters that a router took out of a path: `/users/{id}` gives one called `id`. Values are
/// percent-decoded. All lie in one string; a few short ones need no heap.
class path_params {
 public:
  bool empty() const noexcept { return packed_.empty(); }
  std::size_t size() const noexcept;
  /// The value of the last one added with that name. Valid until this object is changed or moved.
  std::optional<std::string_view> get(std::string_view name) const noexcept;

  /// Room for that many further ones with `text_bytes` of names and values together.
  void reserve(std::size_t params, std::size_t text_bytes);
  void add(std::string_view name, std::string_view value);
  void clear() noexcept { packed_.clear(); }

  /// Calls `visit(name, value)` for each, in the order of the path.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    for (std::string_view rest = packed_; !rest.empty();) {
      const auto name = take(rest);
      visit(name, take(rest));
    }
  }

  friend bool operator==(const path_params&, const path_params&) noexcept = default;

 private:
  static std::string_view take(std::string_view& rest) noexcept;
  void put(std::string_view text);

  std::string packed_;  // name, value, name ...: each a length of 7 bits a byte, and its text
};

}  // namespace kit::http
