#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Requests for parts of a content, in bytes (RFC 9110 14).
namespace kit::http {

/// The bytes from `first` to `last`, both included, counted from 0.
struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  std::uint64_t size() const noexcept { return last - first + 1; }
  friend bool operator==(const byte_range&, const byte_range&) = default;
};

struct range_options {
  /// Ranges in one field. A field with more is ignored, as many small ones cost a server far more
  /// than they cost the client. 1 to 1000.
  std::size_t max_ranges = 16;
};

/// What a `Range` field asks for.
struct range_set {
  enum class outcome : std::uint8_t {
    whole,          ///< there is nothing to heed: answer as if the field were missing
    unsatisfiable,  ///< answer 416, with `unsatisfied_range(size)` as `Content-Range`
    partial,        ///< answer 206 with `ranges`
  };
  outcome what = outcome::whole;
  /// Within the content, in the order asked for. They neither overlap nor touch: those that do are
  /// made one (RFC 9110 15.3.7.2), so that together they are no longer than the content.
  std::vector<byte_range> ranges = {};
};

/// Reads a `Range` value for a content of `size` bytes. Ignored, as RFC 9110 14.2 allows or asks
/// for, are other units, malformed fields, and any range of an empty content (as by Go). Ranges
/// that start behind the end are left out; when all do, the field is unsatisfiable.
range_set parse_range(std::string_view value, std::uint64_t size,
                      const range_options& options = {});

/// A `Content-Range` value: `bytes 0-99/1000`, `bytes 0-99/*`, `bytes */1000`.
struct content_range {
  std::optional<byte_range> range;    ///< nothing: not satisfied (416)
  std::optional<std::uint64_t> size;  ///< of the whole content; nothing: unknown

  std::string str() const;
  /// Nothing when the unit is not bytes or the text is malformed: neither range nor size is given,
  /// or the range is not within the size.
  static std::optional<content_range> parse(std::string_view text) noexcept;
  friend bool operator==(const content_range&, const content_range&) = default;
};

/// `bytes */1000`, for an answer of 416.
std::string unsatisfied_range(std::uint64_t size);

}  // namespace kit::http
