#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/tracing/propagation.hpp>

namespace kit::tracing {

/// What the application hands down a trace, to all services below: a tenant, an experiment. Lives
/// in the context, `ctx.get<tracing::baggage>()`, and travels by `inject` and `extract`. Everybody
/// on the way can read it, and the callee cannot know who wrote it.
///
/// Immutable; copies share. Source: W3C Baggage, whose limits apply: 64 members and 8,192 bytes, of
/// which what doesn't fit is left out, member by member.
class baggage {
 public:
  struct member {
    std::string key;    ///< a token, compared with case
    std::string value;  ///< any bytes, UTF-8 text as a rule
    /// `;key=value` and `;key`, as they are on the wire, without the first semicolon.
    std::string properties = {};
    friend bool operator==(const member&, const member&) = default;
  };
  static constexpr std::size_t max_members = 64;
  static constexpr std::size_t max_bytes = 8192;

  baggage() noexcept = default;

  bool empty() const noexcept { return !members_ || members_->empty(); }
  const std::vector<member>& members() const noexcept;
  /// The value of that key. Valid as long as a copy of this baggage.
  std::optional<std::string_view> get(std::string_view key) const noexcept;

  /// This one and a member, instead of what has its key.
  /// Errors: throws `errc::invalid_argument` for a key that is no token, and properties that aren't
  ///         on the wire as they are given.
  baggage with(std::string_view key, std::string_view value,
               std::string_view properties = {}) const;
  baggage without(std::string_view key) const;

  /// The value of the field `baggage`.
  std::string to_string() const;
  /// Reads it; members that are malformed are left out.
  static baggage parse(std::string_view text);
  /// Of all fields of the name.
  static baggage extract(const carrier_reader& from);

  friend bool operator==(const baggage& a, const baggage& b) noexcept {
    return a.members() == b.members();
  }

 private:
  explicit baggage(std::vector<member> members);
  std::shared_ptr<const std::vector<member>> members_;
};

/// The context with that member in its baggage. Errors: as `baggage::with`.
context with_baggage(const context& ctx, std::string_view key, std::string_view value);

}  // namespace kit::tracing
