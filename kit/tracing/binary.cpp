#include <kit/tracing/binary.hpp>

#include <algorithm>

namespace kit::tracing {
namespace {

constexpr std::size_t trace_size = 16, span_size = 8;
// version, then <field number><value>, three times.
constexpr std::size_t trace_field = 1, span_field = trace_field + 1 + trace_size,
                      options_field = span_field + 1 + span_size;

std::uint64_t number_at(const std::byte* at) noexcept {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < 8; ++i)
    n = n << 8 | std::to_integer<std::uint64_t>(at[i]);
  return n;
}

}  // namespace

std::array<std::byte, 29> to_binary(const span_context& span) noexcept {
  std::array<std::byte, 29> out{};
  std::ranges::copy(to_bytes(span.trace_id), &out[trace_field + 1]);
  out[span_field] = std::byte{1};
  std::ranges::copy(to_bytes(span.span_id), &out[span_field + 1]);
  out[options_field] = std::byte{2};
  out[options_field + 1] = span.sampled() ? std::byte{1} : std::byte{0};
  return out;
}

std::optional<span_context> parse_binary(std::span<const std::byte> bytes) noexcept {
  if (bytes.empty() || bytes[0] != std::byte{0}) return std::nullopt;
  bytes = bytes.subspan(1);
  span_context found{.remote = true};
  while (!bytes.empty()) {
    const auto field = std::to_integer<unsigned>(bytes[0]);
    const auto value = bytes.subspan(1);
    const std::size_t size = field == 0 ? trace_size : field == 1 ? span_size : 1;
    if (field > 2) break;
    if (value.size() < size) return std::nullopt;
    if (field == 0) {
      found.trace_id = {number_at(&value[0]), number_at(&value[8])};
    } else if (field == 1) {
      found.span_id = {number_at(&value[0])};
    } else {
      found.flags =
          (value[0] & std::byte{1}) != std::byte{0} ? trace_flags::sampled : trace_flags::none;
    }
    bytes = value.subspan(size);
  }
  return found.valid() ? std::optional(found) : std::nullopt;
}

}  // namespace kit::tracing
