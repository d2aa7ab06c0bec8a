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

/// Settings of `api_key`.
struct api_key_options {
  struct entry {
    std::string key;
    /// Whose it is.
    identity who;
  };
  std::vector<entry> keys = {};
  /// Decides instead of `keys`, for keys that are kept elsewhere: whose it is, or nothing. Called
  /// on the loop's thread, on any of them: it must not wait, such as for a database; look it up in
  /// memory, and have that kept up to date.
  std::function<std::optional<identity>(std::string_view key)> verify = {};
};

/// Lets those in who show a key: from the `credentials` in the context, which transports put there
/// (HTTP's `server_options::api_key_field`). Whose it is goes into the context of what follows, as
/// `identity`.
///
/// All others are refused with `errc::unauthenticated`, `a valid API key is needed`. A key is
/// compared with all there are, in a time that depends only on what was given.
///
/// Use it with TLS: keys travel as they are. An interceptor. Threads: any.
class api_key {
 public:
  static constexpr std::string_view layer_name = "api_key";
  static constexpr bool decides = true;
  static constexpr bool timed = false;
  template <class Outer>
  static consteval void check_inside() {
    check_authentication_order<Outer>();
  }

  /// Errors: throws `errc::invalid_argument` for an empty key.
  explicit api_key(api_key_options options);

  result<void> enter(call& c);

 private:
  std::shared_ptr<const api_key_options> options_;
};

}  // namespace kit::middleware::auth
