// traceparent and tracestate: what is read is sound, and comes back when it is written.
#include <kit/tracing/trace_state.hpp>

#include "fuzz.hpp"
#include "trace_fields.hpp"

#include <algorithm>

namespace tracing = kit::tracing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto h = fields_of(text, {"traceparent", "tracestate"});
  const auto span = tracing::w3c.extract(tracing::header_reader(h));
  if (!span) return 0;
  FUZZ_REQUIRE(span->valid() && span->remote);
  FUZZ_REQUIRE(h.count("traceparent") == 1);
  const auto again = written_and_read(tracing::w3c, *span);
  FUZZ_REQUIRE(again && *again == *span);
  if (!span->state) return 0;
  FUZZ_REQUIRE(!span->state->empty());
  const auto members = std::ranges::count(*span->state, ',') + 1;
  FUZZ_REQUIRE(members <= static_cast<long>(tracing::trace_state::max_members));
  const auto more = tracing::trace_state::with(*span->state, "fuzz", "1");
  FUZZ_REQUIRE(tracing::trace_state::get(*more, "fuzz") == "1");
  const std::string_view field = *more;
  FUZZ_REQUIRE(*tracing::trace_state::parse({&field, 1}) == *more);
  return 0;
}
