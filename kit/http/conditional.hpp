#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kit/http/headers.hpp>
#include <kit/http/method.hpp>

/// Validators and conditional requests (RFC 9110 8.8 and 13).
namespace kit::http {

/// An `ETag` value: `"v7"`, or `W/"v7"` where it is weak.
struct entity_tag {
  std::string tag;  ///< without the quotes: visible characters but `"`
  bool weak = false;

  /// Errors: throws `errc::invalid_argument` when `tag` holds a quote, a space or a control
  ///         character.
  std::string str() const;
  /// Nothing when the text is no entity tag.
  static std::optional<entity_tag> parse(std::string_view text);
  friend bool operator==(const entity_tag&, const entity_tag&) = default;
};

/// Whether the two stand for the same bytes: equal, and neither is weak (RFC 9110 8.8.3.2).
bool strong_equal(const entity_tag& a, const entity_tag& b) noexcept;
/// Whether the two stand for the same meaning.
bool weak_equal(const entity_tag& a, const entity_tag& b) noexcept;

/// What a server knows of the content it would answer with, or that a request would change.
struct validators {
  std::optional<entity_tag> etag = {};
  std::optional<std::chrono::sys_seconds> last_modified = {};
  bool exists = true;  ///< false: there is none yet, as before a PUT that creates it
};

/// Sets `ETag` and `Last-Modified` from those that are there. Errors: as `entity_tag::str`.
void set_validators(headers& fields, const validators& current);

/// What the conditions of a request come to.
struct precondition {
  enum class outcome : std::uint8_t {
    proceed,       ///< serve the request
    not_modified,  ///< answer 304 with the fields of `set_validators`
    failed,        ///< answer 412, and do nothing
  };
  outcome what = outcome::proceed;
  /// Whether `Range` is to be heeded: there is one, the method is GET, and `If-Range` is missing or
  /// true.
  bool range_applies = false;

  friend bool operator==(const precondition&, const precondition&) = default;
};

/// Evaluates `If-Match`, `If-Unmodified-Since`, `If-None-Match`, `If-Modified-Since` and `If-Range`
/// in the order of RFC 9110 13.2.2. To be called when the request would succeed without them.
///
/// Entity tags behind a malformed one in a list match nothing, dates that are malformed or come
/// several times are ignored, all as Go does. An `If-Range` date counts only when the content was
/// not modified within the second before `now`, as it may change again in that second.
precondition evaluate_preconditions(const method& m, const headers& fields,
                                    const validators& current, std::chrono::sys_seconds now);

}  // namespace kit::http
