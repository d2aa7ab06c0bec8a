#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <kit/violations.hpp>

namespace kit {

/// Limits of `kit::check`.
struct check_options {
  /// After that many the check ends. At least 1.
  std::size_t max_violations = 20;
  /// How deep structs may lie in structs; what lies deeper is a violation, as it can't be checked.
  std::size_t max_depth = 200;
};

namespace detail {

/// Where in the value the check is. Steps lie on the stack and know those outside of them, so that
/// a path is only written where something is wrong.
struct check_step {
  enum class kind : unsigned char { member, element, key };

  kind is = kind::member;
  const check_step* outer = nullptr;
  std::string_view name = {};
  std::size_t index = 0;
  const void* key = nullptr;
  std::string (*key_text)(const void* key) = nullptr;
};

/// Collects what is wrong.
class checker {
 public:
  checker(const check_options& options, violations& found) noexcept
      : options_(options), found_(found) {}
  checker(const checker&) = delete;
  checker& operator=(const checker&) = delete;

  /// Whether the check is to end, as there is no room for another violation.
  bool done() const noexcept { return done_; }
  std::size_t count() const noexcept { return found_.list.size(); }

  /// `at` null: the whole value.
  void report(const check_step* at, std::string wanted, std::string got);

  /// Into a struct; false: it lies too deep. Each true one is followed by `leave`.
  bool enter(const check_step* at) {
    if (depth_ < options_.max_depth) return ++depth_, true;
    report_depth(at);
    return false;
  }
  void leave() noexcept { --depth_; }

  /// While this lives, no values are shown.
  class hiding {
   public:
    hiding(checker& c, bool hide) noexcept : flag_(c.hidden_), before_(c.hidden_) { flag_ |= hide; }
    hiding(const hiding&) = delete;
    hiding& operator=(const hiding&) = delete;
    ~hiding() { flag_ = before_; }

   private:
    bool& flag_;
    bool before_;
  };

 private:
  void report_depth(const check_step* at);

  const check_options& options_;
  violations& found_;
  std::size_t depth_ = 0;
  bool done_ = false;
  bool hidden_ = false;
};

}  // namespace detail
}  // namespace kit
