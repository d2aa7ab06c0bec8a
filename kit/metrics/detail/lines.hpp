#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/metrics/snapshot.hpp>

namespace kit::metrics::detail {

/// Lines that go together or not at all: one value.
struct line_group {
  static constexpr auto none = std::numeric_limits<std::uint32_t>::max();
  enum class fate : std::uint8_t { waiting, sent, lost };

  /// Where it ends in the text.
  std::size_t end = 0;
  /// The place in the snapshot of the series that it is about, which can say it again; `none`: it
  /// is an observation, which cannot.
  std::uint32_t family = none;
  std::uint32_t point = 0;
  fate state = fate::waiting;

  bool repeatable() const noexcept { return family != none; }
};

/// What is sent in one flush.
struct line_batch {
  std::string text = {};
  std::vector<line_group> groups = {};
  /// Observations that there was no room for.
  std::uint64_t dropped = 0;

  /// All text that was appended since the last one.
  void end_group(std::size_t family = line_group::none, std::size_t point = 0) {
    groups.push_back({.end = text.size(),
                      .family = static_cast<std::uint32_t>(family),
                      .point = static_cast<std::uint32_t>(point)});
  }
};

/// What a byte of a name becomes that could be taken for something else.
inline constexpr char substitute = '_';

/// Letters, digits, `_` and `-` stay, dots if wanted.
enum class dots : std::uint8_t { stay, replaced };
void append_plain(std::string& out, std::string_view text, dots d);
/// All stays but control characters and those in `special`.
void append_without(std::string& out, std::string_view text, std::string_view special);

/// Six digits after the point; no minus before a zero.
void append_value(std::string& out, double v);

/// Names and values, the given ones first, without those that the series has itself; then those of
/// the series. Without empty values. Valid as long as the arguments.
using label_views = std::vector<std::pair<std::string_view, std::string_view>>;
label_views all_labels(const std::vector<label>& given, const family& f, const point& p);
label_views all_labels(const std::vector<label>& given, const std::vector<label>& own);

/// `.name.value` for each.
void append_path(std::string& out, const label_views& labels);

/// Throw `errc::invalid_argument` that begins with `what`: when a prefix has other characters than
/// letters, digits, dots, `_` and `-`; when a label has no name or no value.
void check_prefix(std::string_view prefix, const char* what);
void check_labels(const std::vector<label>& labels, const char* what);

}  // namespace kit::metrics::detail
