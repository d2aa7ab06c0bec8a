#pragma once

#include <cstddef>
#include <string_view>

#include <kit/codec/detail/json_scan.hpp>

namespace kit::json::detail {

/// Walks over a long text by simdjson's On-Demand parser, which indexes it first. It takes only the
/// brackets, names and separators; scalars are read from the text. Lends buffers from a pool that
/// all threads share.
class ondemand_walk {
 public:
  ondemand_walk();
  ondemand_walk(const ondemand_walk&) = delete;
  ondemand_walk& operator=(const ondemand_walk&) = delete;
  ~ondemand_walk();

  /// The text in a buffer of this object's.
  std::string_view copy(std::string_view text);

  enum class status { ok, malformed, no_memory };
  /// Indexes the text, with `padding` bytes behind it, and checks that it's UTF-8, that strings are
  /// closed and hold no control characters.
  status open(std::string_view text);

  /// Takes a string value. Other scalars need not be taken.
  bool take_string();
  /// Call `f` at each element or member of the current value, with its first byte, and that of the
  /// name behind its quote. False: `f` returned it, or the text is malformed, which `broken` tells.
  using element_function = bool (*)(void* context, const char* value);
  bool each_element(element_function f, void* context, bool& broken);
  using member_function = bool (*)(void* context, const char* name, const char* value);
  bool each_member(member_function f, void* context, bool& broken);

  /// The next token's first byte, `end` at the text's end.
  const char* position(const char* end);
  bool at_end();

 private:
  struct workspace;
  struct workspaces;
  workspace* work_;
};

}  // namespace kit::json::detail
