#include <kit/tracing/binary.hpp>

#include <cstddef>
#include <span>
#include <vector>

#include <doctest/doctest.h>

using kit::tracing::parse_binary;
using kit::tracing::span_context;
using kit::tracing::to_binary;
using kit::tracing::trace_flags;

namespace {

const span_context example{.trace_id = {0x4041424344454647, 0x48494a4b4c4d4e4f},
                           .span_id = {0x6162636465666768},
                           .flags = trace_flags::sampled};

std::vector<std::byte> bytes_of(const span_context& span) {
  const auto b = to_binary(span);
  return {b.begin(), b.end()};
}

}  // namespace

TEST_CASE("binary: version, ids and options in 29 bytes") {
  // The example of OpenCensus' BinaryEncoding.md.
  const std::vector<unsigned> expected{0,  0,  64,  65,  66,  67,  68,  69, 70, 71,
                                       72, 73, 74,  75,  76,  77,  78,  79, 1,  97,
                                       98, 99, 100, 101, 102, 103, 104, 2,  1};
  std::vector<unsigned> got;
  for (const auto b : to_binary(example))
    got.push_back(std::to_integer<unsigned>(b));
  CHECK(got == expected);
  auto read = parse_binary(bytes_of(example));
  REQUIRE(read);
  CHECK(read->remote);
  read->remote = false;
  CHECK(*read == example);
}

TEST_CASE("binary: options may be missing, and more may follow") {
  auto bytes = bytes_of(example);
  bytes.resize(27);
  auto read = parse_binary(bytes);
  REQUIRE(read);
  CHECK_FALSE(read->sampled());
  bytes = bytes_of(example);
  bytes.push_back(std::byte{3});
  bytes.push_back(std::byte{99});
  read = parse_binary(bytes);
  REQUIRE(read);
  CHECK(read->sampled());
}

TEST_CASE("binary: any shorter text, another version and zero ids are nothing") {
  const auto whole = bytes_of(example);
  for (std::size_t n = 0; n < 27; ++n) {
    CAPTURE(n);
    CHECK_FALSE(parse_binary(std::span(whole).first(n)));
  }
  CHECK_FALSE(parse_binary(std::span(whole).first(28)));
  auto other = whole;
  other[0] = std::byte{1};
  CHECK_FALSE(parse_binary(other));
  CHECK_FALSE(parse_binary(bytes_of(span_context{.span_id = {1}})));
  CHECK_FALSE(parse_binary(bytes_of(span_context{.trace_id = {1, 1}})));
}
