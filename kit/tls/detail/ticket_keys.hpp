#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>

struct evp_cipher_st;
struct ssl_ctx_st;

namespace kit::tls::detail {

/// The key of session tickets: AES-256-CBC and HMAC-SHA-256 (RFC 5077 4).
struct ticket_key {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> cipher{}, mac{};
};

/// Keys of session tickets that change: each one seals tickets for a period, and opens them for
/// another one.
/// Threads: any, at the same time.
class ticket_keys {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Errors: throws `kit::error` where the system has no randomness.
  explicit ticket_keys(std::chrono::seconds period);
  ~ticket_keys();

  /// To seal with.
  ticket_key current(time_point now);
  struct found {
    ticket_key key;
    bool old = false;  // the client should get another ticket
  };
  /// To open with.
  std::optional<found> find(const unsigned char* name, time_point now);

  /// Has a context use them. It must not outlive them, and its app data is theirs.
  void install(ssl_ctx_st* context);

 private:
  struct callbacks;
  void rotate(time_point now);

  const std::chrono::seconds period_;
  struct cipher_free {
    void operator()(evp_cipher_st* c) const noexcept;
  };
  const std::unique_ptr<evp_cipher_st, cipher_free> cipher_;
  std::mutex mutex_;
  ticket_key current_;
  std::optional<ticket_key> previous_;
  time_point since_;
};

}  // namespace kit::tls::detail
