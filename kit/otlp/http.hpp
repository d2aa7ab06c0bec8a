#pragma once

#include <cstdint>
#include <string>

#include <kit/codec/json.hpp>
#include <kit/codec/protobuf.hpp>
#include <kit/http/response.hpp>
#include <kit/result.hpp>

/// OTLP over HTTP: a message is the content of a POST, in either encoding, and so is the answer.
/// Source: OTLP specification 1.x, OTLP/HTTP.
namespace kit::otlp {

enum class encoding : std::uint8_t { protobuf, json };

/// `application/x-protobuf`, `application/json`.
std::string content_type(encoding as);

template <class Message>
result<std::string> encode(const Message& m, encoding as) {
  return as == encoding::json ? json::encode(m) : protobuf::encode(m);
}

namespace detail {
bool is_json(const http::response& r);
}

/// The message in the answer of a collector that took the request. An empty one where there is none
/// that can be read, as that is no reason to send the request again.
template <class Message>
Message read_answer(const http::response& r) {
  const auto content = r.body.bytes();
  auto m = detail::is_json(r) ? json::decode<Message>(content) : protobuf::decode<Message>(content);
  return m ? *std::move(m) : Message();
}

}  // namespace kit::otlp
