// B3 (https://github.com/openzipkin/b3-propagation): Zipkin's fields.
#include <string>
#include <utility>

#include <kit/http/syntax.hpp>
#include <kit/tracing/propagation.hpp>

namespace kit::tracing {
namespace {

constexpr std::size_t short_trace_size = 16;  // of 64-bit trace ids

// `1`, `0`, `d`, and the old spellings `true` and `false`.
std::optional<trace_flags> parse_decision(std::string_view text, bool old_spellings) noexcept {
  if (text == "1" || (old_spellings && text == "true")) return trace_flags::sampled;
  if (text == "0" || (old_spellings && text == "false")) return trace_flags::none;
  if (text == "d") return trace_flags::sampled | trace_flags::debug;
  return std::nullopt;
}

std::optional<trace_id> parse_trace(std::string_view text) {
  if (text.size() == short_trace_size) {
    return parse_trace_id(std::string(short_trace_size, '0') + std::string(text));
  }
  return parse_trace_id(text);
}

// Takes what stands before the next hyphen off the front; nothing when the text is used up.
std::optional<std::string_view> next_part(std::optional<std::string_view>& rest) noexcept {
  if (!rest) return std::nullopt;
  const auto hyphen = rest->find('-');
  const auto part = rest->substr(0, hyphen);
  if (hyphen == std::string_view::npos) {
    rest.reset();
  } else {
    rest->remove_prefix(hyphen + 1);
  }
  return part;
}

// <trace>-<span>[-<decision>[-<parent>]], or the decision alone.
std::optional<span_context> parse_single(std::string_view text) {
  text = http::trim_ows(text);
  if (const auto alone = parse_decision(text, false)) return span_context{.flags = *alone};
  std::optional<std::string_view> rest = text;
  const auto trace = next_part(rest), span = next_part(rest), decision = next_part(rest),
             parent = next_part(rest);
  if (!trace || !span || rest) return std::nullopt;
  const auto trace_id = parse_trace(*trace);
  const auto span_id = parse_span_id(*span);
  if (!trace_id || !span_id) return std::nullopt;
  span_context found{.trace_id = *trace_id, .span_id = *span_id, .flags = trace_flags::deferred};
  if (decision) {
    const auto flags = parse_decision(*decision, false);
    if (!flags) return std::nullopt;
    found.flags = *flags;
  }
  if (parent) {
    const auto id = parse_span_id(*parent);
    if (!id) return std::nullopt;
    found.parent_span_id = *id;
  }
  return found;
}

std::optional<trace_flags> read_decision(const carrier_reader& from) {
  if (from.only("x-b3-flags") == "1") return trace_flags::sampled | trace_flags::debug;
  const auto sampled = from.only("x-b3-sampled");
  return sampled ? parse_decision(http::trim_ows(*sampled), true) : std::nullopt;
}

std::optional<span_context> extract_multi(const carrier_reader& from) {
  const auto decision = read_decision(from);
  const auto trace = from.only("x-b3-traceid"), span = from.only("x-b3-spanid");
  if (!trace && !span) {
    return decision ? std::optional(span_context{.flags = *decision}) : std::nullopt;
  }
  if (!trace || !span) return std::nullopt;
  const auto trace_id = parse_trace(http::trim_ows(*trace));
  const auto span_id = parse_span_id(http::trim_ows(*span));
  if (!trace_id || !span_id) return std::nullopt;
  span_context found{.trace_id = *trace_id,
                     .span_id = *span_id,
                     .flags = decision.value_or(trace_flags::deferred)};
  if (const auto parent = from.only("x-b3-parentspanid")) {
    found.parent_span_id = parse_span_id(http::trim_ows(*parent)).value_or(tracing::span_id{});
  }
  return found;
}

std::optional<span_context> extract_b3(const carrier_reader& from) {
  if (const auto single = from.only("b3")) {
    if (auto found = parse_single(*single)) return found;
  }
  return extract_multi(from);
}

void inject_single(const span_context& span, carrier_writer& into) {
  std::string text = to_string(span.trace_id) + '-' + to_string(span.span_id);
  if (has(span.flags, trace_flags::debug)) {
    text += "-d";
  } else if (!has(span.flags, trace_flags::deferred)) {
    text += span.sampled() ? "-1" : "-0";
  }
  if (span.parent_span_id.valid() && !has(span.flags, trace_flags::deferred)) {
    text += '-';
    append(text, span.parent_span_id);
  }
  into.set("b3", text);
}

void inject_multi(const span_context& span, carrier_writer& into) {
  into.set("x-b3-traceid", to_string(span.trace_id));
  into.set("x-b3-spanid", to_string(span.span_id));
  if (span.parent_span_id.valid()) {
    into.set("x-b3-parentspanid", to_string(span.parent_span_id));
  } else {
    into.remove("x-b3-parentspanid");
  }
  into.remove("x-b3-sampled");
  into.remove("x-b3-flags");
  if (has(span.flags, trace_flags::debug)) {
    into.set("x-b3-flags", "1");
  } else if (!has(span.flags, trace_flags::deferred)) {
    into.set("x-b3-sampled", span.sampled() ? "1" : "0");
  }
}

void remove_single(carrier_writer& from) {
  from.remove("b3");
}

void remove_multi(carrier_writer& from) {
  for (const char* name :
       {"x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags"}) {
    from.remove(name);
  }
}

}  // namespace

const propagator b3{"b3", extract_b3, inject_single, remove_single};
const propagator b3multi{"b3multi", extract_b3, inject_multi, remove_multi};

}  // namespace kit::tracing
