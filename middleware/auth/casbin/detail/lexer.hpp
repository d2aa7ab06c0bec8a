#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kit::casbin::detail {

enum class token_kind : std::uint8_t { end, name, number, text, mark, invalid };

struct token {
  token_kind kind = token_kind::end;
  std::string_view source = {};  ///< the token as it stands there
  std::size_t at = 0;            ///< its offset, in bytes
  std::string text = {};         ///< what a text says; what is wrong with an invalid token
  double number = 0;
};

/// Takes the token at `at`, white space before it aside, and moves `at` behind it.
token next_token(std::string_view source, std::size_t& at);

}  // namespace kit::casbin::detail
