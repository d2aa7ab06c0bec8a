#pragma once

#include <string>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>

namespace test {

namespace json = kit::json;

// The text of what was decoded, or the message of the error.
template <class T>
std::string there_and_back(const json::input& text, const json::decode_options& options = {}) {
  const auto value = json::decode<T>(text, options);
  if (!value) {
    CHECK(value.error().code() == kit::errc::invalid_argument);
    return value.error().what();
  }
  const auto again = json::encode(*value);
  return again ? *again : again.error().what();
}

template <class T>
std::string refusal(const T& value, const json::encode_options& options = {}) {
  const auto text = json::encode(value, options);
  if (text) return "accepted: " + *text;
  CHECK(text.error().code() == kit::errc::internal);
  return text.error().what();
}

}  // namespace test
