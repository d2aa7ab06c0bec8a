#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/identity.hpp>
#include <kit/interceptor.hpp>
#include <kit/result.hpp>
#include <middleware/auth/order.hpp>

namespace kit::middleware::auth {

/// Settings of `basic`.
struct basic_options {
  struct user {
    std::string name;
    std::string password;
  };
  /// What is protected: callers see it.
  std::string realm = {};
  /// Who may come in.
  std::vector<user> users = {};
  /// Decides instead of `users`: who that is, or nothing. Called on the loop's thread, on any of
  /// them: it must not wait, nor compute for long as hashes of passwords do. Compare secrets in a
  /// time that doesn't depend on them.
  std::function<std::optional<identity>(std::string_view user, std::string_view password)> verify =
      {};
};

/// Lets those in who know a user's password, by HTTP's Basic scheme: from the `credentials` in the
/// context, which transports put there. Their `identity` goes into the context of what follows.
///
/// All others are refused with `errc::unauthenticated`, `Unauthorized`, and a `challenge` that
/// names the realm. Names and passwords are compared with all users', in a time that depends only
/// on what was given.
///
/// Use it with TLS: passwords travel as they are. An interceptor. Threads: any.
/// Source: RFC 7617; Go kit's package auth/basic.
class basic {
 public:
  static constexpr std::string_view layer_name = "basic";
  static constexpr bool decides = true;
  static constexpr bool timed = false;
  template <class Outer>
  static consteval void check_inside() {
    check_authentication_order<Outer>();
  }

  /// Errors: throws `errc::invalid_argument` for a user's name with a colon, or a realm that no
  /// field can hold.
  explicit basic(basic_options options);

  result<void> enter(call& c);

 private:
  struct shared;
  std::shared_ptr<const shared> shared_;
};

}  // namespace kit::middleware::auth
