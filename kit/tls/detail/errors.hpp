#pragma once

#include <string>
#include <system_error>

namespace kit::tls::detail {

/// OpenSSL's error codes.
const std::error_category& openssl_category() noexcept;

/// What the calling thread's last OpenSSL call failed with: the first of its errors, as the later
/// ones only say what that led to. Forgets them all.
std::error_code take_error() noexcept;

/// Throws `errc::invalid_argument`: what is wrong, and OpenSSL's reason where it has one.
[[noreturn]] void throw_error(const std::string& what);

}  // namespace kit::tls::detail
