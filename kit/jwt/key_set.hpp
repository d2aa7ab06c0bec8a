#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kit/jwt/key.hpp>

namespace kit::jwt {

/// Settings of `key_set::parse`. Plain data.
struct key_set_options {
  /// Longest text, in bytes.
  std::size_t max_bytes = 512 * 1024;
  /// Keys at most, those that can't be used included.
  std::size_t max_keys = 100;
  /// What RSA keys are for that don't say it.
  std::optional<jwt::algorithm> rsa_algorithm = {};
  /// As in `key_options`.
  bool allow_weak = false;
  /// Takes neither secrets nor private keys: for what others publish, where such a key is known to
  /// everybody.
  bool only_public = false;
};

/// Keys to verify with. A small handle; copies share. Threads: any.
class key_set {
 public:
  /// Without keys.
  key_set();
  key_set(key k);
  /// Errors: throws `errc::invalid_argument` where two for the same algorithm have the same `kid`.
  explicit key_set(std::vector<key> keys);

  /// A JWK set (RFC 7517 5). Keys in there that can't be used are passed over, as the RFC wants
  /// it: those for encryption, of unknown kinds, too weak ones.
  /// Errors: throws `errc::invalid_argument` for a text that is none, or past a limit; where no key
  ///         is left, or two for the same algorithm have the same `kid`; for secrets beside public
  ///         keys, as those are to be published and these never.
  static key_set parse(std::string_view json, const key_set_options& options = {});
  /// Of a file. Reads it at once: not on a loop that is busy.
  /// Errors: as `parse`; `errc::not_found` where it can't be read.
  static key_set load(const std::string& path, const key_set_options& options = {});

  /// Valid as long as a copy of the set.
  std::span<const key> keys() const noexcept;
  /// Why keys of the text were passed over: `key 2: ...`.
  std::span<const std::string> passed_over() const noexcept;

 private:
  struct content;
  explicit key_set(std::shared_ptr<const content> c) noexcept;
  static std::shared_ptr<const content> checked(content c);

  std::shared_ptr<const content> content_;
};

}  // namespace kit::jwt
