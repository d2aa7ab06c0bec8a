#include <kit/tracing/propagation.hpp>

#include <algorithm>
#include <utility>

#include <kit/http/syntax.hpp>
#include <kit/tracing/baggage.hpp>

namespace kit::tracing {

std::optional<std::string_view> carrier_reader::only(std::string_view name) const {
  std::string_view value;
  return read(name, &value, 1) == 1 ? std::optional(value) : std::nullopt;
}

std::size_t header_reader::read(std::string_view name, std::string_view* into,
                                std::size_t most) const {
  const auto f = http::find_field(name);
  const std::size_t n = f == http::field::other ? headers_.count(name) : headers_.count(f);
  if (n == 0) return 0;
  std::size_t found = 0;
  for (const auto& item : headers_) {
    if (found == std::min(n, most)) break;
    const bool same = f == http::field::other ? http::iequals(item.name, name) : item.field == f;
    if (same) into[found++] = item.value;
  }
  return n;
}

void header_writer::set(std::string_view name, std::string_view value) {
  headers_.set(name, value);
}

void header_writer::remove(std::string_view name) {
  headers_.remove(name);
}

context extract(const context& ctx, const carrier_reader& from, const propagation& formats) {
  context result = ctx;
  for (const auto& format : formats.extract) {
    if (auto caller = format.extract(from)) {
      caller->remote = true;
      result = with_span_context(result, *std::move(caller));
      break;
    }
  }
  if (formats.baggage) {
    if (auto received = baggage::extract(from); !received.empty()) {
      result = result.with(std::move(received));
    }
  }
  return result;
}

void inject(const context& ctx, carrier_writer& into, const propagation& formats) {
  const auto* span = current_span(ctx);
  for (const auto& format : formats.inject) {
    if (span) {
      format.inject(*span, into);
    } else {
      format.remove(into);
    }
  }
  if (!formats.baggage) return;
  if (const auto* b = ctx.get<baggage>(); b && !b->empty()) {
    into.set("baggage", b->to_string());
  } else {
    into.remove("baggage");
  }
}

}  // namespace kit::tracing
