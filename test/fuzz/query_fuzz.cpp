// The query codec: what it takes it writes again, and reads back as the same.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <kit/codec/query.hpp>

#include "test/fuzz/fuzz.hpp"

namespace {

enum class color : std::uint8_t { red, green };

struct all {
  bool b = false;
  std::int8_t i8 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u64 = 0;
  float f = 0;
  double d = 0;
  std::string s;
  color c = color::red;
  std::chrono::milliseconds ms{};
  std::chrono::sys_time<std::chrono::microseconds> t{};
  std::optional<int> o;
  std::vector<std::string> v;
  friend bool operator==(const all&, const all&) = default;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::tight text(fuzz::input(data, size).rest());
  const auto first = kit::query::decode<all>(text.view());
  if (!first) {
    FUZZ_REQUIRE(first.error() == kit::errc::invalid_argument);
    FUZZ_REQUIRE(first.error().message().size() < 400);
    return 0;
  }
  const auto written = kit::query::encode(*first);
  FUZZ_REQUIRE(written.has_value());
  const auto second = kit::query::decode<all>(*written);
  FUZZ_REQUIRE(second.has_value());
  FUZZ_REQUIRE(*first == *second);
  FUZZ_REQUIRE(kit::query::encode(*second) == written);
  return 0;
}
