// The parsers of log lines: logfmt, and lines such as other loggers write.

#include <cstdint>
#include <string>

#include <kit/log/logfmt.hpp>
#include <kit/log/stream.hpp>

#include "test/fuzz/fuzz.hpp"

namespace {

void parse_pairs(std::string_view text) {
  const auto pairs = kit::log::parse_logfmt(text, 64);
  if (!pairs) {
    FUZZ_REQUIRE(pairs.error() == kit::errc::invalid_argument);
    FUZZ_REQUIRE(pairs.error().message().size() < 200);
    return;
  }
  FUZZ_REQUIRE(pairs->size() <= 64);
  for (const auto& [key, value] : *pairs)
    FUZZ_REQUIRE(!key.empty());
}

void parse_line(std::string_view text) {
  const auto inside = [&](std::string_view part) {
    return part.empty() ||
           (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
  };
  const auto parts = kit::log::parse_line(text);
  for (const auto part : {parts.date, parts.time, parts.file, parts.message})
    FUZZ_REQUIRE(inside(part));
  FUZZ_REQUIRE(parts.date.empty() || parts.date.size() == 10);
  FUZZ_REQUIRE(parts.time.empty() || parts.time.size() >= 8);
  FUZZ_REQUIRE(parts.file.find(' ') == std::string_view::npos);
  FUZZ_REQUIRE(!parts.message.ends_with('\n'));
  // The message is the end of the text.
  FUZZ_REQUIRE(text.substr(0, text.find_last_not_of("\r\n") + 1).ends_with(parts.message));
  FUZZ_REQUIRE(kit::log::parse_line(text, false).file.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::tight text(fuzz::input(data, size).rest());
  parse_pairs(text.view());
  parse_line(text.view());
  return 0;
}
