// W3C Trace Context, level 2 (https://www.w3.org/TR/trace-context-2/).
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <kit/http/syntax.hpp>
#include <kit/tracing/propagation.hpp>
#include <kit/tracing/trace_state.hpp>

namespace kit::tracing {
namespace {

// 00-<32 digits>-<16 digits>-<2 digits>
constexpr std::size_t trace_pos = 3, span_pos = 36, flags_pos = 53, traceparent_size = 55;

bool is_lower_hex(std::string_view text) noexcept {
  return std::ranges::all_of(text,
                             [](char c) { return http::is_digit(c) || (c >= 'a' && c <= 'f'); });
}

std::optional<span_context> parse_traceparent(std::string_view text) {
  text = http::trim_ows(text);
  if (text.size() < traceparent_size) return std::nullopt;
  const auto version = text.substr(0, 2);
  const auto trace = text.substr(trace_pos, span_pos - 1 - trace_pos);
  const auto span = text.substr(span_pos, flags_pos - 1 - span_pos);
  const auto flags = text.substr(flags_pos, 2);
  if (text[2] != '-' || text[span_pos - 1] != '-' || text[flags_pos - 1] != '-') {
    return std::nullopt;
  }
  if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(span) ||
      !is_lower_hex(flags) || version == "ff") {
    return std::nullopt;
  }
  // Later versions may add fields behind these.
  if (text.size() > traceparent_size && (version == "00" || text[traceparent_size] != '-')) {
    return std::nullopt;
  }
  const auto trace_id = parse_trace_id(trace);
  const auto span_id = parse_span_id(span);
  if (!trace_id || !span_id) return std::nullopt;
  const auto known = static_cast<unsigned>(http::hex_value(flags[1])) & 3U;
  return span_context{.trace_id = *trace_id,
                      .span_id = *span_id,
                      .flags = static_cast<trace_flags>(known),
                      .remote = true};
}

std::optional<span_context> extract_w3c(const carrier_reader& from) {
  const auto parent = from.only("traceparent");
  if (!parent) return std::nullopt;
  auto span = parse_traceparent(*parent);
  if (!span) return std::nullopt;
  std::array<std::string_view, trace_state::max_members> lines;
  const auto n = from.read("tracestate", lines.data(), lines.size());
  if (n > 0 && n <= lines.size()) span->state = trace_state::parse({lines.data(), n});
  return span;
}

void inject_w3c(const span_context& span, carrier_writer& into) {
  std::string text;
  text.reserve(traceparent_size);
  text += "00-";
  append(text, span.trace_id);
  text += '-';
  append(text, span.span_id);
  const auto known = static_cast<unsigned>(span.flags) & 3U;
  text += "-0";
  text += "0123"[known];
  into.set("traceparent", text);
  if (span.state && !span.state->empty()) {
    into.set("tracestate", *span.state);
  } else {
    into.remove("tracestate");
  }
}

void remove_w3c(carrier_writer& from) {
  from.remove("traceparent");
  from.remove("tracestate");
}

}  // namespace

const propagator w3c{"w3c", extract_w3c, inject_w3c, remove_w3c};

}  // namespace kit::tracing
