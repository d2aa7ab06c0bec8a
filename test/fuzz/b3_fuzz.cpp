// B3, in one field and in several: what is read is sound, and comes back when it is written.
#include "fuzz.hpp"
#include "trace_fields.hpp"

namespace tracing = kit::tracing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto h = fields_of(text, {"b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags",
                                  "x-b3-parentspanid"});
  const auto span = tracing::b3.extract(tracing::header_reader(h));
  if (!span) return 0;
  FUZZ_REQUIRE(span->trace_id.valid() == span->span_id.valid());
  if (!span->valid()) return 0;
  auto expected = *span;
  FUZZ_REQUIRE(written_and_read(tracing::b3multi, expected) == expected);
  // The single field has no place for the parent where there is no decision.
  if (has(span->flags, tracing::trace_flags::deferred)) expected.parent_span_id = {};
  FUZZ_REQUIRE(written_and_read(tracing::b3, expected) == expected);
  return 0;
}
