// OpenCensus' binary format: what is read is sound, and comes back when it is written.
#include <kit/tracing/binary.hpp>

#include "fuzz.hpp"

#include <span>

namespace tracing = kit::tracing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  const auto read = tracing::parse_binary(bytes);
  if (!read) return 0;
  FUZZ_REQUIRE(read->valid() && read->remote);
  FUZZ_REQUIRE(tracing::parse_binary(tracing::to_binary(*read)) == read);
  return 0;
}
