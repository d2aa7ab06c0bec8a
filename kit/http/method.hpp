#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kit::http {

/// A request method. The registered ones (IANA's registry, and QUERY) are a number; any other token
/// of up to `max_custom` bytes is kept as text. Methods are case-sensitive: `get` is not `GET`
/// (RFC 9110 9.1). A trivially copyable value.
class method {
 public:
  enum id : std::uint8_t {
    custom = 0,  ///< not registered; `name()` has the text
    get,
    head,
    post,
    put,
    del,
    connect,
    options,
    trace,
    patch,
    acl,
    baseline_control,
    bind,
    checkin,
    checkout,
    copy,
    label,
    link,
    lock,
    merge,
    mkactivity,
    mkcalendar,
    mkcol,
    mkredirectref,
    mkworkspace,
    move,
    orderpatch,
    pri,
    propfind,
    proppatch,
    query,
    rebind,
    report,
    search,
    unbind,
    uncheckout,
    unlink,
    unlock,
    update,
    updateredirectref,
    version_control,
  };
  static constexpr std::size_t max_custom = 22;

  /// `i` must not be `custom`.
  constexpr method(id i = get) noexcept : id_(i) {}
  /// Throws `errc::invalid_argument` when `parse` finds none.
  explicit method(std::string_view token);

  /// Nothing when the text is no token, or a longer unknown one than `max_custom`.
  static std::optional<method> parse(std::string_view token) noexcept;

  /// For `switch`; `custom` for what is not registered.
  constexpr id known() const noexcept { return id_; }
  /// Valid as long as this object.
  std::string_view name() const noexcept;

  /// Only reads (RFC 9110 9.2.1).
  bool is_safe() const noexcept;
  /// Twice does what once does, so a retry is harmless (RFC 9110 9.2.2).
  bool is_idempotent() const noexcept;

  friend bool operator==(const method& a, const method& b) noexcept {
    return a.id_ == b.id_ && (a.id_ != custom || a.name() == b.name());
  }
  friend constexpr bool operator==(const method& a, id b) noexcept {
    return a.id_ == b && b != custom;
  }

 private:
  id id_;
  std::uint8_t size_ = 0;
  std::array<char, max_custom> text_{};
};

}  // namespace kit::http
