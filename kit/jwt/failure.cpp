#include <kit/jwt/failure.hpp>

#include <array>
#include <string>

namespace kit::jwt {
namespace {

constexpr std::array<std::string_view, failure_count> texts{
    "token up for parsing was not passed through the context",
    "JWT is malformed",
    "unexpected signing method",
    "JWT is expired",
    "token is not valid yet",
    "JWT was invalid: it needs an extension that is not understood",
    "JWT was invalid: its key is not known",
    "JWT was invalid: its signature is wrong",
    "JWT was invalid: it was issued in the future",
    "JWT was invalid: it was issued too long ago",
    "JWT was invalid: a claim is missing",
    "JWT was invalid: it is of another type",
    "JWT was invalid: it is from another issuer",
    "JWT was invalid: it is for another audience",
    "the keys that JWTs are verified with are not available"};

}  // namespace

std::string_view text(failure f) noexcept {
  return texts[static_cast<std::size_t>(f)];
}

error make_error(failure f) {
  const auto code = f == failure::keys_unavailable ? errc::unavailable : errc::unauthenticated;
  return error(code, std::string(text(f))).with(f);
}

}  // namespace kit::jwt
