#include <kit/decision.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <new>

#include <kit/decision_log.hpp>
#include <kit/tracing/span.hpp>

namespace kit {
namespace {

// Calls `text(piece)` and `number(name)` by turns, as the words have them.
template <class Text, class Number>
void walk(std::string_view words, Text text, Number number) {
  while (!words.empty()) {
    const auto open = words.find('{');
    const auto close = words.find('}', open == words.npos ? 0 : open);
    if (open == words.npos || close == words.npos) {
      text(words);
      return;
    }
    text(words.substr(0, open));
    number(words.substr(open + 1, close - open - 1));
    words.remove_prefix(close + 1);
  }
}

// With three decimals at most, and none that aren't needed.
void append_number(std::string& out, double value) {
  char text[32];
  const double rounded = std::round(value * 1000) / 1000;
  const auto end =
      std::to_chars(text, text + sizeof(text), std::isfinite(rounded) ? rounded : value);
  out.append(text, end.ptr);
}

tracing::attributes attributes_of(const decision& d) {
  tracing::attributes all;
  if (!d.endpoint.empty()) all.emplace_back("method", d.endpoint);
  if (!d.subject.empty()) all.emplace_back("subject", d.subject);
  for (const auto& [name, value] : d.named_numbers())
    all.emplace_back(name, value);
  all.emplace_back("text", d.text());
  return all;
}

}  // namespace

std::vector<std::pair<std::string_view, double>> decision::named_numbers() const {
  std::vector<std::pair<std::string_view, double>> all;
  walk(
      kind->words, [](std::string_view) {},
      [&](std::string_view name) {
        if (all.size() < numbers.size()) all.emplace_back(name, numbers[all.size()]);
      });
  return all;
}

std::string decision::text() const {
  std::string out(kind->layer);
  out.append(" ").append(kind->verb);
  if (!subject.empty()) out.append(" ").append(subject);
  if (!kind->words.empty()) out += ": ";
  std::size_t next = 0;
  walk(
      kind->words, [&](std::string_view piece) { out += piece; },
      [&](std::string_view) {
        if (next < numbers.size()) append_number(out, numbers[next++]);
      });
  return out;
}

void decide(const context& ctx, std::string_view endpoint, const decision_kind& kind,
            std::initializer_list<decision_number> numbers, std::string_view subject) noexcept {
  try {
    const auto* log = ctx.get<decision_log>();
    const auto* in_trace = tracing::current_span(ctx);
    const auto span = in_trace && in_trace->sampled() ? tracing::span_of(ctx) : tracing::span();
    if (!log && !span.recording()) return;
    decision d{.kind = &kind, .endpoint = std::string(endpoint), .subject = std::string(subject)};
    const auto count = std::min(numbers.size(), decision::max_numbers);
    std::transform(numbers.begin(), numbers.begin() + count, d.numbers.begin(),
                   [](decision_number n) { return n.value(); });
    if (span.recording()) {
      std::string event(kind.layer);
      event.append(" ").append(kind.verb);
      span.add_event(event, attributes_of(d));
    }
    if (!log) return;
    log->recorder().add(d);
    log->add(std::move(d));
  } catch (const std::bad_alloc&) {  // then it isn't recorded
  }
}

}  // namespace kit
