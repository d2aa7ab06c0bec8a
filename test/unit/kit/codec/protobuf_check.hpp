#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <kit/codec/protobuf.hpp>

namespace test {

namespace protobuf = kit::protobuf;

// `08 96 01`
inline std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!out.empty()) out += ' ';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

// The bytes of such a text; what is between apostrophes stands for itself.
inline std::string bytes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    if (text[i] == '\'') {
      while (text[++i] != '\'')
        out += text[i];
      continue;
    }
    out += static_cast<char>(std::stoi(std::string(text.substr(i++, 2)), nullptr, 16));
  }
  return out;
}

// The bytes of a value, or the message of the error.
template <class T>
std::string encoded(const T& value, const protobuf::encode_options& options = {}) {
  const auto out = protobuf::encode(value, options);
  if (out) return hex(*out);
  CHECK(out.error().code() == kit::errc::internal);
  return out.error().what();
}

template <class T>
T decoded(std::string_view text) {
  auto value = protobuf::decode<T>(bytes(text));
  if (!value) throw value.error();
  return *std::move(value);
}

// What was decoded, encoded again, or the message of the error.
template <class T>
std::string there_and_back(std::string_view text, const protobuf::decode_options& options = {}) {
  const auto value = protobuf::decode<T>(bytes(text), options);
  if (value) return encoded(*value);
  CHECK(value.error().code() == kit::errc::invalid_argument);
  return value.error().what();
}

}  // namespace test
