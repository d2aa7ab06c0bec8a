#include <kit/credentials.hpp>

#include <kit/http/syntax.hpp>

namespace kit {

credentials credentials_in(const metadata& sent) {
  const auto first = [&](std::string_view key) {
    return std::string(sent.get(key).value_or(std::string_view()));
  };
  return {.authorization = first("authorization"), .api_key = first("x-api-key")};
}

std::optional<std::string_view> scheme_value(std::string_view scheme,
                                             std::string_view authorization) noexcept {
  const auto end = authorization.find(' ');
  if (end == authorization.npos || !http::iequals(authorization.substr(0, end), scheme)) {
    return std::nullopt;
  }
  const auto begin = authorization.find_first_not_of(' ', end);
  if (begin == authorization.npos) return std::nullopt;
  const auto value = authorization.substr(begin);
  if (value.find(' ') != value.npos) return std::nullopt;
  return value;
}

}  // namespace kit
