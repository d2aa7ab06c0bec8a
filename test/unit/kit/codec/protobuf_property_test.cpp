// Random messages with every type: they come back, and what is broken never does harm.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <kit/codec/protobuf.hpp>

#include "../../../support/protobuf_random.hpp"

namespace protobuf = kit::protobuf;
using test::everything;
using test::random_message;
using test::same;

namespace {

// A copy in memory of just its size, so that the address sanitizer sees a read past its end.
kit::result<everything> decode_tightly(std::string_view bytes) {
  const auto copy = std::make_unique<char[]>(bytes.size());
  bytes.copy(copy.get(), bytes.size());
  return protobuf::decode<everything>(std::string_view(copy.get(), bytes.size()));
}

}  // namespace

TEST_CASE("protobuf: random messages come back") {
  std::size_t total = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const auto value = random_message(seed);
    const auto out = protobuf::encode(value);
    REQUIRE(out.has_value());
    total += out->size();
    const auto again = decode_tightly(*out);
    REQUIRE(again.has_value());
    REQUIRE(same(value, *again));
    REQUIRE(protobuf::encode(*again).value() == *out);
    // What is there twice: scalars alike, lists twice as long.
    const auto twice = decode_tightly(*out + *out);
    REQUIRE(twice.has_value());
    REQUIRE(twice->texts.size() == 2 * value.texts.size());
    REQUIRE(twice->unique == value.unique);
    REQUIRE(twice->i64 == value.i64);
  }
  CHECK(total > 300'000);
}

TEST_CASE("protobuf: each part of a message from its start fails or is a smaller message") {
  std::size_t smaller = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const auto out = protobuf::encode(random_message(seed)).value();
    const std::size_t step = out.size() / 500 + 1;
    for (std::size_t n = 0; n < out.size(); n += step) {
      const auto part = decode_tightly(std::string_view(out).substr(0, n));
      if (part) {
        ++smaller;
        REQUIRE(protobuf::encode(*part).value() == out.substr(0, n));
      } else {
        REQUIRE(part.error() == kit::errc::invalid_argument);
        REQUIRE(part.error().message().find(" at byte ") != std::string_view::npos);
      }
    }
  }
  CHECK(smaller > 20);
}

TEST_CASE("protobuf: a changed byte is an error or another message") {
  std::mt19937 engine(7);
  std::size_t failed = 0, decoded = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const auto out = protobuf::encode(random_message(seed)).value();
    for (int i = 0; i < 200; ++i) {
      std::string changed = out;
      changed[engine() % changed.size()] ^= static_cast<char>(1 + engine() % 255);
      const auto other = decode_tightly(changed);
      if (!other) {
        ++failed;
        REQUIRE(other.error() == kit::errc::invalid_argument);
        continue;
      }
      ++decoded;
      const auto again = protobuf::encode(*other);
      REQUIRE(again.has_value());
      REQUIRE(protobuf::encode(decode_tightly(*again).value()).value() == *again);
    }
  }
  CHECK(failed > 100);
  CHECK(decoded > 100);
}
