// Decodes any bytes as a message with every type, which contains itself. What was decoded must come
// back from its own bytes, and merging must do what a message put behind another one does.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <kit/codec/protobuf.hpp>

#include "../support/protobuf_everything.hpp"
#include "fuzz.hpp"

namespace {

namespace protobuf = kit::protobuf;
using test::everything;

// It may be deeper, by fields that weren't there.
constexpr protobuf::encode_options deep_out{.max_depth = 1000};
constexpr protobuf::decode_options deep_in{.max_depth = 1000};

void check_error(const kit::error& e) {
  FUZZ_REQUIRE(e == kit::errc::invalid_argument);
  FUZZ_REQUIRE(e.message().find(" at byte ") != std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::tight input({reinterpret_cast<const char*>(data), size});
  auto value = protobuf::decode<everything>(input.view());
  if (!value) {
    check_error(value.error());
    const auto strict = protobuf::decode<everything>(input.view(), {.refuse_unknown = true});
    FUZZ_REQUIRE(!strict);
    check_error(strict.error());
    return 0;
  }
  const auto bytes = protobuf::encode(*value, deep_out);
  FUZZ_REQUIRE(bytes.has_value());
  const fuzz::tight encoded(*bytes);
  const auto again = protobuf::decode<everything>(encoded.view(), deep_in);
  FUZZ_REQUIRE(again.has_value());
  FUZZ_REQUIRE(protobuf::encode(*again, deep_out).value() == *bytes);

  // What it is written as has no unknown fields.
  protobuf::decode_options strict = deep_in;
  strict.refuse_unknown = true;
  FUZZ_REQUIRE(protobuf::decode<everything>(encoded.view(), strict).has_value());

  const auto twice = protobuf::decode<everything>(*bytes + *bytes, deep_in);
  FUZZ_REQUIRE(twice.has_value());
  FUZZ_REQUIRE(protobuf::decode_into(*value, encoded.view(), deep_in).has_value());
  FUZZ_REQUIRE(protobuf::encode(*value, deep_out).value() ==
               protobuf::encode(*twice, deep_out).value());
  return 0;
}
