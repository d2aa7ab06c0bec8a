#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <kit/codec/json_reader.hpp>

namespace kit::jwt::detail {

/// Names of an object's members. None may stand there twice (RFC 7515 4, RFC 7519 4): parsers
/// differ in which one they take.
class names {
 public:
  names() { all_.reserve(8); }

  void add(std::string_view name) { all_.emplace_back(name); }

  /// Fails at the object otherwise.
  bool distinct(json::reader& at) {
    std::ranges::sort(all_);
    return std::ranges::adjacent_find(all_) == all_.end() || at.fail("a name stands there twice");
  }

 private:
  std::vector<std::string> all_;
};

}  // namespace kit::jwt::detail
