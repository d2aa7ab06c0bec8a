// Baggage: within its limits whatever comes, and what is read comes back when it is written.
#include <kit/http/syntax.hpp>
#include <kit/tracing/baggage.hpp>

#include "fuzz.hpp"
#include "trace_fields.hpp"

namespace tracing = kit::tracing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto h = fields_of(text, {"baggage"});
  const auto read = tracing::baggage::extract(tracing::header_reader(h));
  FUZZ_REQUIRE(read.members().size() <= tracing::baggage::max_members);
  for (const auto& m : read.members()) {
    FUZZ_REQUIRE(kit::http::is_token(m.key));
    FUZZ_REQUIRE(read.get(m.key) == m.value);
  }
  const auto written = read.to_string();
  FUZZ_REQUIRE(written.size() <= tracing::baggage::max_bytes);
  FUZZ_REQUIRE(kit::http::is_field_value(written));
  const auto again = tracing::baggage::parse(written);
  FUZZ_REQUIRE(again.to_string() == written);
  for (const auto& m : again.members())
    FUZZ_REQUIRE(read.get(m.key) == m.value);
  return 0;
}
