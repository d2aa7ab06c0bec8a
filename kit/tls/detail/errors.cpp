#include <kit/tls/detail/errors.hpp>

#include <openssl/err.h>

#include <kit/error.hpp>

namespace kit::tls::detail {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "openssl"; }
  std::string message(int value) const override {
    const auto* reason = ERR_reason_error_string(static_cast<unsigned>(value));
    return reason ? reason : "error " + std::to_string(static_cast<unsigned>(value));
  }
};

}  // namespace

const std::error_category& openssl_category() noexcept {
  static const category instance;
  return instance;
}

std::error_code take_error() noexcept {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return std::make_error_code(std::errc::protocol_error);
  if (ERR_SYSTEM_ERROR(code)) return {ERR_GET_REASON(code), std::generic_category()};
  return {static_cast<int>(static_cast<unsigned>(code)), openssl_category()};
}

void throw_error(const std::string& what) {
  const bool known = ERR_peek_error() != 0;
  const auto reason = take_error();
  throw error(errc::invalid_argument, "tls: " + what + (known ? ": " + reason.message() : ""));
}

}  // namespace kit::tls::detail
